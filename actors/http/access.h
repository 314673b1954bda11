/* Who may: the policy that asks for a key, and what the session of a browser is.
 *
 *   a key holds              each route asks for one with its scope (routes.h)
 *   there never was a key    who reaches a listener of the loopback is let in, others not
 *   the table was not read   503, but who reaches a listener of the loopback through no
 *                            proxy may look at what is not in the database
 *   SASREC_OPEN              everybody is let in
 *
 * A listener for probes asks for nothing. SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_ACTORS_HTTP_ACCESS_H
#define SASREC_ACTORS_HTTP_ACCESS_H

#include "actors/http/context.h"

#define ACCESS_COOKIE "sasrec_session"

/* A policy_t. This and the next fill key_name, key_prefix and session_end_s of the exchange. */
bool access_policy (
    http_context_t *context, exchange_t *exchange, const router_match_t *match);

/* For POST /session, which needs the key itself: who is named by "Authorization". False: the
 * 401 has been replied, or 503. */
bool access_by_key (
    http_context_t *context, exchange_t *exchange, keyring_caller_t *caller);

/* Replies that nobody knows yet which keys hold. */
void access_refuse_unproven (exchange_t *exchange);

#endif

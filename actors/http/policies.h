/* What every request must pass before a handler sees it: a list of policies, in this order.
 * Each knows one thing and nothing of the others. SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_ACTORS_HTTP_POLICIES_H
#define SASREC_ACTORS_HTTP_POLICIES_H

#include "actors/http/context.h"

/* True: it passes; else the reply is in the exchange. */
typedef bool (policy_t) (
    http_context_t *context, exchange_t *exchange, const router_match_t *match);

/* Ends with NULL:
 *
 *   head       it is HTTP (framing.h)
 *   host       it means us (hosts.h)
 *   client     who asks has not too many in work, nor asks too often (address_rates.h)
 *   route      path and method are a route
 *   size       the body is not too large
 *   encoding   nor compressed
 *   origin     a page that writes is ours
 *   access     a key opens the route (access.h), and has not asked too often
 *   once       the same is not in work already (once.h)
 */
extern policy_t *const policies[];

#endif

/* Asking the actors for recommendations: reading the body, sending the request, waiting.
 * What /predict, /recommend and /users/{user_id}/recommendations have in common.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_ACTORS_HTTP_ASK_H
#define SASREC_ACTORS_HTTP_ASK_H

#include "actors/http/context.h"

/* A request with the exchange's id; read: from the body, NULL when the problem has been
 * replied. Fresh. */
request_t *ask_new (const exchange_t *exchange);
request_t *ask_read (exchange_t *exchange);

/* False: there is no model, the 503 has been replied. */
bool ask_has_model (http_context_t *context, exchange_t *exchange);

/* Puts a reference of the ticket into the request and sends it. The request is taken in
 * any case. TICKET_DONE: sent; TICKET_FULL: it could not be. */
ticket_status_t ask_send (outlet_t *outlet, request_t **request_p, ticket_t *ticket);

/* Sends the request to be answered at once, and replies with its answer. Taken. */
void ask_once (http_context_t *context, exchange_t *exchange, request_t **request_p);

#endif

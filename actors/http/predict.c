/* POST /predict: accepts a job. 202 comes after its row is committed.
 * SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "actors/http/ask.h"
#include "actors/http/routes.h"
#include "base/clock.h"

#define ACCEPT_WAIT_MS  5000
#define ACCEPT_GRACE_MS 2000 /* for a COMMIT that is under way */

static bool
s_backlog_full (const http_context_t *context)
{
    int64_t limit = config_integer (context->args->config, CONFIG_BACKLOG_LIMIT);
    return atomic_load (context->args->backlog) > (size_t)limit;
}

static void
s_reply_accepted (exchange_t *exchange, const char *request_id)
{
    char location[PROTO_ID_SIZE + 16];
    snprintf (location, sizeof location, "/result/%s", request_id);
    exchange_set_header (exchange, "Location", location);
    strbuf_t body = STRBUF_EMPTY;
    strbuf_addf (&body, "{\"request_id\":\"%s\",\"status\":\"PENDING\"", request_id);
    exchange_add_warnings (exchange, &body);
    strbuf_add (&body, "}");
    exchange_reply_json (exchange, 202, &body);
}

/* Its row is found by what the client calls it. */
static void
s_make_once (exchange_t *exchange, request_t *request)
{
    const once_t *once = &exchange->once;
    snprintf (request->request_id, sizeof request->request_id, "%s", once->id);
    snprintf (exchange->asked, sizeof exchange->asked, "%s", once->id);
    memcpy (request->fingerprint, once->fingerprint, sizeof request->fingerprint);
}

void
predict_post (http_context_t *context, exchange_t *exchange)
{
    if (s_backlog_full (context)) {
        exchange_problem (
            exchange, PROBLEM_OVERLOADED, "Too many accepted requests are unfinished.");
        return;
    }
    request_t *request = ask_read (context, exchange);
    if (!request)
        return;
    if (!ask_has_model (context, exchange)) {
        request_destroy (&request);
        return;
    }
    if (*exchange->once.id)
        s_make_once (exchange, request);
    char request_id[PROTO_ID_SIZE];
    snprintf (request_id, sizeof request_id, "%s", request->request_id);
    request->job = true;
    int64_t started_us = clock_monotonic_us ();
    ticket_t *ticket = ticket_new ();
    ticket_status_t status = ask_send (context->accept, &request, ticket);
    if (status == TICKET_DONE)
        status = ticket_wait (
            ticket, clock_monotonic_ms () + ACCEPT_WAIT_MS, ACCEPT_GRACE_MS);
    exchange->stages.commit_us = clock_monotonic_us () - started_us;
    if (status == TICKET_DONE)
        s_reply_accepted (exchange, request_id);
    else
        exchange_problem_ticket (exchange, status, ticket_reason (ticket));
    ticket_release (&ticket);
}

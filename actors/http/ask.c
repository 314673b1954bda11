/* SPDX-License-Identifier: Apache-2.0 */
#include "actors/http/ask.h"

#include <assert.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/uuid.h"
#include "proto/result.h"

#define ONCE_WAIT_MS  5000
#define ONCE_GRACE_MS 1000 /* for a batch that is under way */

request_t *
ask_new (const exchange_t *exchange)
{
    request_t *self = request_new ();
    self->accepted_us = clock_monotonic_us ();
    if (exchange->own_id)
        snprintf (self->request_id, sizeof self->request_id, "%s", exchange->id);
    else
        uuid_make (self->request_id);
    return self;
}

request_t *
ask_read (exchange_t *exchange)
{
    json_t *object = exchange_read_json (exchange);
    if (!object)
        return NULL;
    request_t *self = ask_new (exchange);
    json_fault_t fault;
    if (request_read_body (self, object, &fault)) {
        exchange_problem_json (exchange, PROBLEM_INVALID_FIELD, &fault);
        request_destroy (&self);
    }
    json_decref (object);
    return self;
}

bool
ask_has_model (http_context_t *context, exchange_t *exchange)
{
    model_ref_t *model = http_context_model (context);
    if (model || !context->args->slot) {
        model_ref_release (&model);
        return true;
    }
    exchange_problem (
        exchange, PROBLEM_UNAVAILABLE, "There is no model yet: run sasrec train.");
    return false;
}

ticket_status_t
ask_send (outlet_t *outlet, request_t **request_p, ticket_t *ticket)
{
    (*request_p)->ticket = ticket_retain (ticket);
    if (outlet_send_request (outlet, request_p) == 0)
        return TICKET_DONE;
    request_destroy (request_p);
    return TICKET_FULL;
}

/* The provenance stands beside the result, where it is easy to find, and inside it, as in
 * /result. */
static void
s_reply_result (exchange_t *exchange, const result_t *result)
{
    strbuf_t body = STRBUF_EMPTY;
    strbuf_add (&body, "{\"request_id\":");
    strbuf_add_json_string (&body, result->request_id);
    strbuf_add (&body, ",\"user_id\":");
    strbuf_add_json_string (&body, result->user_id);
    strbuf_add (&body, ",\"model_version\":");
    strbuf_add_json_string (&body, result->model_version);
    strbuf_addf (&body,
        ",\"source\":\"%s\",\"history_used\":%zu,\"unknown_dropped\":%zu",
        result_source_word (result->source), result->history_used,
        result->unknown_dropped);
    strbuf_add (&body, ",\"result\":");
    result_payload_to_json (result, &body);
    strbuf_add (&body, "}");
    exchange_reply_json (exchange, 200, &body);
}

void
ask_once (http_context_t *context, exchange_t *exchange, request_t **request_p)
{
    (*request_p)->deadline_ms = clock_unix_ms () + ONCE_WAIT_MS;
    ticket_t *ticket = ticket_new ();
    ticket_status_t status = ask_send (context->once, request_p, ticket);
    if (status == TICKET_DONE)
        status =
            ticket_wait (ticket, clock_monotonic_ms () + ONCE_WAIT_MS, ONCE_GRACE_MS);
    result_t *result = ticket_take (ticket);
    if (status != TICKET_DONE)
        exchange_problem_ticket (exchange, status, ticket_reason (ticket));
    else if (!result || result->status != RESULT_COMPLETED)
        exchange_problem_ticket (
            exchange, TICKET_FAILED, result ? result->error : ticket_reason (ticket));
    else
        s_reply_result (exchange, result);
    result_destroy (&result);
    ticket_release (&ticket);
}

/* GET /models and POST /models/reload. SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "actors/http/context.h"
#include "actors/http/routes.h"
#include "base/clock.h"
#include "model/checkpoint/checkpoint.h"

#define RELOAD_WAIT_MS 20000 /* loading, checking and the canary */

/* The model in use may be another than the folder's current: see /readyz for why. */
void
models_get (http_context_t *context, exchange_t *exchange)
{
    json_t *list =
        checkpoint_list (config_text (context->args->config, CONFIG_CHECKPOINTS));
    char *text = json_dumps (list, JSON_COMPACT | JSON_REAL_PRECISION (9));
    model_ref_t *model = http_context_model (context);
    strbuf_t body = STRBUF_EMPTY;
    strbuf_add (&body, "{\"current\":");
    http_context_add_version (model, &body);
    if (model)
        strbuf_addf (&body, ",\"item_count\":%zu,\"window\":%zu",
            model_item_count (model_ref_model (model)),
            model_window (model_ref_model (model)));
    strbuf_addf (&body, ",\"models\":%s}", text);
    exchange_reply_json (exchange, 200, &body);
    model_ref_release (&model);
    free (text);
    json_decref (list);
}

static void
s_reply_version (exchange_t *exchange, const char *version)
{
    strbuf_t body = STRBUF_EMPTY;
    strbuf_add (&body, "{\"version\":");
    strbuf_add_json_string (&body, version);
    strbuf_add (&body, "}");
    exchange_reply_json (exchange, 200, &body);
}

void
models_reload_post (http_context_t *context, exchange_t *exchange)
{
    ticket_t *ticket = ticket_new ();
    reload_t *reload = reload_new ();
    reload->ticket = ticket_retain (ticket);
    ticket_status_t status = TICKET_FULL;
    if (outlet_send_reload (context->reload, &reload) == 0)
        status = ticket_wait (
            ticket, clock_monotonic_ms () + RELOAD_WAIT_MS, RELOAD_WAIT_MS / 2);
    reload_destroy (&reload);
    if (status == TICKET_DONE)
        s_reply_version (exchange, ticket_reason (ticket));
    else if (status == TICKET_FAILED)
        exchange_problem (exchange, PROBLEM_RELOAD_REFUSED, ticket_reason (ticket));
    else
        exchange_problem_ticket (exchange, status, ticket_reason (ticket));
    ticket_release (&ticket);
}

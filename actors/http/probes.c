/* GET /livez, /readyz, /metrics and /version. SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "actors/http/context.h"
#include "actors/http/routes.h"
#include "base/health.h"
#include "base/metrics.h"

/* That this thread runs is the answer: nothing that may be away is asked. */
void
livez_get (http_context_t *context, exchange_t *exchange)
{
    (void)context;
    exchange_reply_text (exchange, 200, "ok\n");
}

void
readyz_get (http_context_t *context, exchange_t *exchange)
{
    (void)context;
    bool verbose = false;
    if (!exchange_read_flag (exchange, "verbose", &verbose))
        return;
    char reason[160];
    bool ready = health_ready (reason, sizeof reason);
    if (verbose) {
        char *lines = health_render ();
        exchange_reply_text (exchange, ready ? 200 : 503, lines);
        free (lines);
    } else if (ready)
        exchange_reply_text (exchange, 200, "ok\n");
    else
        exchange_problem (exchange, PROBLEM_UNAVAILABLE, reason);
}

void
metrics_get (http_context_t *context, exchange_t *exchange)
{
    (void)context;
    size_t length;
    char *text = metrics_render (&length);
    exchange_reply_bytes (
        exchange, 200, "text/plain; version=0.0.4; charset=utf-8", text, length);
    free (text);
}

void
version_get (http_context_t *context, exchange_t *exchange)
{
    strbuf_t body = STRBUF_EMPTY;
    model_ref_t *model = http_context_model (context);
    strbuf_add (&body, "{\"name\":\"sasrec\",\"version\":\"" SASREC_VERSION "\","
                       "\"model_version\":");
    http_context_add_version (model, &body);
    strbuf_add (&body, "}");
    model_ref_release (&model);
    exchange_reply_json (exchange, 200, &body);
}

/* GET /status: how the process is, for whoever looks after it (sasrec status). It shows
 * lines of the log, so only the listener for probes has it.
 * SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <unistd.h>

#include "actors/http/context.h"
#include "actors/http/routes.h"
#include "base/health.h"
#include "base/log_recent.h"

void
status_get (http_context_t *context, exchange_t *exchange)
{
    strbuf_t body = STRBUF_EMPTY;
    model_ref_t *model = http_context_model (context);
    strbuf_add (&body, "{\"name\":\"sasrec\",\"version\":\"" SASREC_VERSION "\","
                       "\"role\":");
    strbuf_add_json_string (&body, context->args->role);
    strbuf_addf (&body,
        ",\"pid\":%d,\"started_ms\":%" PRId64 ",\"model_version\":", (int)getpid (),
        context->started_ms);
    http_context_add_version (model, &body);
    model_ref_release (&model);
    strbuf_add (&body, ",\"health\":");
    health_to_json (&body);
    strbuf_add (&body, ",\"errors\":");
    log_recent_to_json (&body);
    strbuf_add (&body, "}");
    exchange_reply_json (exchange, 200, &body);
}

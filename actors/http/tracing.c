/* SPDX-License-Identifier: Apache-2.0 */
#include "actors/http/tracing.h"

#include <stdio.h>
#include <string.h>

#include "actors/http/routes.h"
#include "base/clock.h"

static bool
s_is_probe (const route_t *route)
{
    return route &&
           (route_kind (route) == ROUTE_PROBE || route_kind (route) == ROUTE_KEEPER);
}

void
tracing_begin (
    const http_context_t *context, exchange_t *exchange, const route_t *route)
{
    if (context->args->spans && !s_is_probe (route))
        spans_begin (context->args->spans, &exchange->trace, exchange->parent_id);
}

void
tracing_end (const http_context_t *context, const exchange_t *exchange,
    const route_t *route, int64_t started_us)
{
    if (!spans_want (context->args->spans, &exchange->trace) || s_is_probe (route))
        return;
    bool own = route && strcmp (exchange->method, route->method) == 0;
    span_t span = {.trace = exchange->trace,
        .verb = own ? route->method : "other", /* strangers' are no names */
        .name = route ? route->path : "other",
        .kind = SPAN_SERVER,
        .failed = exchange->status >= 500,
        .start_us = clock_unix_us_of (started_us),
        .end_us = clock_unix_us (),
        .attributes = {{"http.request.method", own ? route->method : "_OTHER", 0},
            {"http.route", route ? route->path : "", 0},
            {"http.response.status_code", NULL, exchange->status}}};
    memcpy (span.parent_id, exchange->parent_id, sizeof span.parent_id);
    snprintf (span.request_id, sizeof span.request_id, "%s",
        *exchange->asked ? exchange->asked : exchange->id);
    spans_push (context->args->spans, &span);
}

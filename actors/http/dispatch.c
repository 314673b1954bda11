/* SPDX-License-Identifier: Apache-2.0 */
#include "actors/http/dispatch.h"

#include <assert.h>
#include <string.h>

#include "actors/http/audit.h"
#include "actors/http/policies.h"
#include "actors/http/routes.h"
#include "actors/http/tracing.h"
#include "base/clock.h"

static void
s_answer (http_context_t *context, exchange_t *exchange, const router_match_t *match)
{
    for (size_t i = 0; policies[i]; i++)
        if (!policies[i](context, exchange, match))
            return;
    routes[match->index].handler (context, exchange);
}

/* A listener for probes has only what says how the process is, and alone has what is
 * nobody's business but its keeper's. */
static bool
s_offered (const exchange_t *exchange, const route_t *route)
{
    route_kind_t kind = route_kind (route);
    return kind == ROUTE_PROBE || (kind == ROUTE_KEEPER) == exchange->probes_only;
}

void
dispatch (http_context_t *context, exchange_t *exchange)
{
    int64_t started_us = clock_monotonic_us ();
    traffic_begin (context->traffic);
    router_match_t match;
    router_match (routes, route_count, exchange->method, exchange->path, &match);
    if (match.status != ROUTER_NOT_FOUND && !s_offered (exchange, &routes[match.index]))
        match.status = ROUTER_NOT_FOUND;
    exchange->parameter = match.parameter;
    bool routed = match.status != ROUTER_NOT_FOUND;
    const route_t *route = routed ? &routes[match.index] : NULL;
    tracing_begin (context, exchange, route);
    s_answer (context, exchange, &match);
    once_end_exchange (context, exchange);
    exchange_forget_secrets (exchange);
    assert (exchange->status >= 200);
    int64_t duration_us = clock_monotonic_us () - started_us;
    traffic_end (context->traffic, routed ? match.index : TRAFFIC_NO_ROUTE,
        exchange->method, exchange->status, duration_us);
    if (exchange->problem >= 0)
        traffic_problem (context->traffic, (problem_type_t)exchange->problem);
    tracing_end (context, exchange, route, started_us);
    audit (context, exchange, route, duration_us);
    exchange->parameter = "";
}

/* What happens to every request. SPDX-License-Identifier: Apache-2.0 */
#include "actors/http/dispatch.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "actors/http/routes.h"
#include "base/clock.h"
#include "base/log.h"

static bool
s_reads_only (const char *method)
{
    return !strcmp (method, "GET") || !strcmp (method, "HEAD") ||
           !strcmp (method, "OPTIONS");
}

/* "localhost:8501" -> length of "localhost". IPv6 hosts are in brackets. */
static size_t
s_host_length (const char *authority)
{
    size_t bracket = *authority == '[' ? strcspn (authority, "]") : 0;
    return bracket + strcspn (authority + bracket, ":");
}

static bool
s_is_port (const http_context_t *context, const char *authority, size_t host_length)
{
    const config_t *config = context->args->config;
    int64_t port = atoll (authority + host_length + (authority[host_length] == ':'));
    return port > 0 && (port == config_integer (config, CONFIG_HTTP_PORT) ||
                           port == config_integer (config, CONFIG_UI_PORT));
}

/* A browser tells where a page that writes comes from. It may be ours: the same host and
 * port that were asked, or the other listener's port on that host. No Origin: no browser. */
static bool
s_origin_allowed (const http_context_t *context, const exchange_t *exchange)
{
    const char *origin = exchange_request_header (exchange, "Origin");
    const char *host = exchange_request_header (exchange, "Host");
    if (!origin)
        return true;
    const char *authority = strstr (origin, "://");
    if (!authority || !host)
        return false;
    authority += 3;
    if (!strcasecmp (authority, host))
        return true;
    size_t length = s_host_length (authority);
    return length == s_host_length (host) && !strncasecmp (authority, host, length) &&
           s_is_port (context, authority, length) && s_is_port (context, host, length);
}

static void
s_answer_unrouted (exchange_t *exchange, const router_match_t *match)
{
    char detail[160];
    if (match->status == ROUTER_NOT_FOUND) {
        exchange_problem (exchange, PROBLEM_NOT_FOUND,
            "Nothing is at this path; what there is stands in /docs.");
        return;
    }
    exchange_set_header (exchange, "Allow", match->allow);
    if (match->status == ROUTER_OPTIONS) {
        exchange_reply_empty (exchange, 204);
        return;
    }
    snprintf (detail, sizeof detail, "Allowed here: %s.", match->allow);
    exchange_problem (exchange, PROBLEM_METHOD_NOT_ALLOWED, detail);
}

static void
s_answer (http_context_t *context, exchange_t *exchange, const router_match_t *match)
{
    if (match->status != ROUTER_FOUND)
        s_answer_unrouted (exchange, match);
    else if (exchange->body_length > DISPATCH_BODY_LIMIT)
        exchange_problem (
            exchange, PROBLEM_BODY_TOO_LARGE, "A body may have at most 262144 bytes.");
    else if (!s_reads_only (exchange->method) && !s_origin_allowed (context, exchange))
        exchange_problem (exchange, PROBLEM_FOREIGN_ORIGIN,
            "The Origin of this request is not this server.");
    else
        routes[match->index].handler (context, exchange);
}

/* Where nobody can be answered there is only what says how the process is. */
static bool
s_offered (const http_context_t *context, const route_t *route)
{
    static const char *const probes[] = {"/livez", "/readyz", "/metrics", "/version"};
    for (size_t i = 0; i < sizeof probes / sizeof probes[0]; i++)
        if (!strcmp (route->path, probes[i]))
            return true;
    return !context->args->probes_only;
}

void
dispatch (http_context_t *context, exchange_t *exchange)
{
    int64_t started_us = clock_monotonic_us ();
    traffic_begin (context->traffic);
    router_match_t match;
    router_match (routes, route_count, exchange->method, exchange->path, &match);
    if (match.status != ROUTER_NOT_FOUND && !s_offered (context, &routes[match.index]))
        match.status = ROUTER_NOT_FOUND;
    exchange->parameter = match.parameter;
    s_answer (context, exchange, &match);
    exchange->parameter = "";
    assert (exchange->status >= 200);
    int64_t duration_us = clock_monotonic_us () - started_us;
    bool routed = match.status != ROUTER_NOT_FOUND;
    traffic_end (context->traffic, routed ? match.index : TRAFFIC_NO_ROUTE,
        exchange->method, exchange->status, duration_us);
    log_debug ("http.request", log_str ("method", exchange->method),
        log_str ("route", routed ? routes[match.index].path : "other"),
        log_int ("status", exchange->status), log_int ("us", duration_us),
        log_str ("request_id", exchange->id));
}

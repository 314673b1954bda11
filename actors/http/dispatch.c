/* SPDX-License-Identifier: Apache-2.0 */
#include "actors/http/dispatch.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "actors/http/hosts.h"
#include "actors/http/routes.h"
#include "actors/http/tracing.h"
#include "base/clock.h"
#include "base/log.h"

static bool
s_reads_only (const char *method)
{
    return !strcmp (method, "GET") || !strcmp (method, "HEAD") ||
           !strcmp (method, "OPTIONS");
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
    const char *host = exchange->host;
    if (!origin)
        return true;
    const char *authority = strstr (origin, "://");
    if (!authority)
        return false;
    authority += 3;
    if (!strcasecmp (authority, host))
        return true;
    size_t length = hosts_name_length (authority);
    return length == hosts_name_length (host) &&
           !strncasecmp (authority, host, length) &&
           s_is_port (context, authority, length) && s_is_port (context, host, length);
}

/* What every request must pass, in this order. Each check replies, and is false, when a
 * handler should not see the request. */
typedef bool (check_t) (
    const http_context_t *context, exchange_t *exchange, const router_match_t *match);

static bool
s_check_head (
    const http_context_t *context, exchange_t *exchange, const router_match_t *match)
{
    (void)context, (void)match;
    if (exchange->fault)
        exchange_problem (exchange, PROBLEM_MALFORMED, exchange->fault);
    return !exchange->fault;
}

/* Only HTTP/1.0 has no Host, and no browser speaks it. */
static bool
s_check_host (
    const http_context_t *context, exchange_t *exchange, const router_match_t *match)
{
    (void)match;
    const config_t *config = context->args->config;
    bool absent = !*exchange->host && !exchange_request_header (exchange, "Host");
    if (absent || hosts_allow (exchange->host, config_text (config, CONFIG_BIND),
                      &exchange->local, config_text (config, CONFIG_HOSTS)))
        return true;
    char detail[160];
    snprintf (detail, sizeof detail,
        "Nobody has called this server \"%.60s\"; its operator can: SASREC_HOSTS.",
        exchange->host);
    exchange_problem (exchange, PROBLEM_UNKNOWN_HOST, detail);
    return false;
}

static bool
s_check_client (
    const http_context_t *context, exchange_t *exchange, const router_match_t *match)
{
    (void)context, (void)match;
    if (exchange->crowded)
        exchange_problem (exchange, PROBLEM_TOO_MANY_REQUESTS,
            "So many requests of this client are in work that this one has to wait.");
    return !exchange->crowded;
}

static bool
s_check_route (
    const http_context_t *context, exchange_t *exchange, const router_match_t *match)
{
    (void)context;
    char detail[160];
    if (match->status == ROUTER_FOUND)
        return true;
    if (match->status != ROUTER_NOT_FOUND)
        exchange_set_header (exchange, "Allow", match->allow);
    snprintf (detail, sizeof detail, "Allowed here: %s.", match->allow);
    if (match->status == ROUTER_NOT_FOUND)
        exchange_problem (exchange, PROBLEM_NOT_FOUND,
            "Nothing is at this path; what there is stands in /docs.");
    else if (match->status == ROUTER_OPTIONS)
        exchange_reply_empty (exchange, 204);
    else
        exchange_problem (exchange, PROBLEM_METHOD_NOT_ALLOWED, detail);
    return false;
}

static bool
s_check_size (
    const http_context_t *context, exchange_t *exchange, const router_match_t *match)
{
    (void)context, (void)match;
    if (exchange->body_length <= DISPATCH_BODY_LIMIT)
        return true;
    exchange_problem (
        exchange, PROBLEM_BODY_TOO_LARGE, "A body may have at most 262144 bytes.");
    return false;
}

static bool
s_check_encoding (
    const http_context_t *context, exchange_t *exchange, const router_match_t *match)
{
    (void)context, (void)match;
    const char *encoding = exchange_request_header (exchange, "Content-Encoding");
    if (!encoding || !strcasecmp (encoding, "identity"))
        return true;
    exchange_set_header (exchange, "Accept-Encoding", "identity");
    exchange_problem (
        exchange, PROBLEM_UNKNOWN_ENCODING, "Send the body as it is, not compressed.");
    return false;
}

static bool
s_check_origin (
    const http_context_t *context, exchange_t *exchange, const router_match_t *match)
{
    (void)match;
    if (s_reads_only (exchange->method) || s_origin_allowed (context, exchange))
        return true;
    exchange_problem (exchange, PROBLEM_FOREIGN_ORIGIN,
        "The Origin of this request is not this server.");
    return false;
}

static check_t *const s_checks[] = {s_check_head, s_check_host, s_check_client,
    s_check_route, s_check_size, s_check_encoding, s_check_origin};

static void
s_answer (http_context_t *context, exchange_t *exchange, const router_match_t *match)
{
    for (size_t i = 0; i < sizeof s_checks / sizeof s_checks[0]; i++)
        if (!s_checks[i](context, exchange, match))
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

static void
s_log (const exchange_t *exchange, const route_t *route, int64_t duration_us)
{
    char client[ADDRESS_TEXT_SIZE];
    log_debug ("http.request", log_str ("method", exchange->method),
        log_str ("route", route ? route->path : "other"),
        log_int ("status", exchange->status), log_int ("us", duration_us),
        log_str ("client", address_print (&exchange->client, client)),
        log_str ("request_id", *exchange->asked ? exchange->asked : exchange->id),
        log_optional ("x_request_id", exchange->own_id ? NULL : exchange->id),
        log_trace (&exchange->trace));
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
    exchange->parameter = "";
    assert (exchange->status >= 200);
    int64_t duration_us = clock_monotonic_us () - started_us;
    traffic_end (context->traffic, routed ? match.index : TRAFFIC_NO_ROUTE,
        exchange->method, exchange->status, duration_us);
    tracing_end (context, exchange, route, started_us);
    s_log (exchange, route, duration_us);
}

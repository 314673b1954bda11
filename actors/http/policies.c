/* SPDX-License-Identifier: Apache-2.0 */
#include "actors/http/policies.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "actors/http/access.h"
#include "actors/http/dispatch.h"
#include "actors/http/hosts.h"
#include "actors/http/routes.h"
#include "base/clock.h"

static bool
s_head (http_context_t *context, exchange_t *exchange, const router_match_t *match)
{
    (void)context, (void)match;
    if (exchange->fault)
        exchange_problem (exchange, PROBLEM_MALFORMED, exchange->fault);
    return !exchange->fault;
}

/* Only HTTP/1.0 has no Host, and no browser speaks it. */
static bool
s_host (http_context_t *context, exchange_t *exchange, const router_match_t *match)
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

/* Probes are not counted: what watches us asks from one address. */
static bool
s_client (http_context_t *context, exchange_t *exchange, const router_match_t *match)
{
    (void)match;
    if (exchange->crowded) {
        exchange_problem (exchange, PROBLEM_TOO_MANY_REQUESTS,
            "So many requests of this client are in work that this one has to wait.");
        return false;
    }
    if (!context->address_rates || exchange->probes_only)
        return true;
    int64_t wait_us = address_rates_take (
        context->address_rates, &exchange->client, clock_monotonic_us ());
    if (wait_us > 0)
        exchange_problem_later (
            exchange, wait_us, "This client asks more often than it may.");
    return wait_us == 0;
}

static bool
s_route (http_context_t *context, exchange_t *exchange, const router_match_t *match)
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
s_size (http_context_t *context, exchange_t *exchange, const router_match_t *match)
{
    (void)context, (void)match;
    if (exchange->body_length <= DISPATCH_BODY_LIMIT)
        return true;
    exchange_problem (
        exchange, PROBLEM_BODY_TOO_LARGE, "A body may have at most 262144 bytes.");
    return false;
}

static bool
s_encoding (http_context_t *context, exchange_t *exchange, const router_match_t *match)
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

static bool
s_origin (http_context_t *context, exchange_t *exchange, const router_match_t *match)
{
    (void)match;
    if (exchange_only_reads (exchange) || s_origin_allowed (context, exchange))
        return true;
    exchange_problem (exchange, PROBLEM_FOREIGN_ORIGIN,
        "The Origin of this request is not this server.");
    return false;
}

static bool
s_once (http_context_t *context, exchange_t *exchange, const router_match_t *match)
{
    return !route_is_once (&routes[match->index]) ||
           once_begin_exchange (context, exchange);
}

policy_t *const policies[] = {s_head, s_host, s_client, s_route, s_size, s_encoding,
    s_origin, access_policy, s_once, NULL};

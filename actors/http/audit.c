/* SPDX-License-Identifier: Apache-2.0 */
#include "actors/http/audit.h"

#include <string.h>

#include "base/api_key.h"
#include "base/log.h"

/* By what the route may do, too: predictions are asked for by POST. */
static bool
s_changes (const exchange_t *exchange, const route_t *route)
{
    return route && strcmp (route->method, "GET") != 0 &&
           strcmp (exchange->method, route->method) == 0 &&
           (route->scopes == 0 || route->scopes & (SCOPE_WRITE | SCOPE_ADMIN));
}

static bool
s_is_told (
    const http_context_t *context, const exchange_t *exchange, const route_t *route)
{
    const char *wish = config_text (context->args->config, CONFIG_AUDIT);
    if (!*exchange->key_name || strcmp (wish, "none") == 0)
        return false;
    bool refused = exchange->status == 401 || exchange->status == 403;
    return refused || s_changes (exchange, route) || strcmp (wish, "all") == 0;
}

void
audit (const http_context_t *context, const exchange_t *exchange, const route_t *route,
    int64_t duration_us)
{
    bool told = s_is_told (context, exchange, route);
    log_level_t level = told ? LOG_LEVEL_INFO : LOG_LEVEL_DEBUG;
    if (!log_enabled (level))
        return;
    char client[ADDRESS_TEXT_SIZE];
    const log_field_t fields[] = {log_str ("method", exchange->method),
        log_str ("route", route ? route->path : "other"),
        log_int ("status", exchange->status), log_int ("us", duration_us),
        log_str ("client", address_print (&exchange->client, client)),
        log_optional ("key", exchange->key_name),
        log_optional ("target", told ? exchange->parameter : NULL),
        log_str ("request_id", *exchange->asked ? exchange->asked : exchange->id),
        log_optional ("x_request_id", exchange->own_id ? NULL : exchange->id),
        log_trace (&exchange->trace), {.key = 0}};
    log_write (level, told ? "http.audit" : "http.request", fields);
}

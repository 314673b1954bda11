/* SPDX-License-Identifier: Apache-2.0 */
#include "actors/http/routes.h"

#include <string.h>

#define ROUTES_ROW(method, path, handler, scopes) {method, path, handler, scopes},

const route_t routes[] = {ROUTES (ROUTES_ROW)};
const size_t route_count = sizeof routes / sizeof routes[0];

route_kind_t
route_kind (const route_t *route)
{
    static const struct {
        const char *path;
        route_kind_t kind;
    } others[] = {{"/livez", ROUTE_PROBE}, {"/readyz", ROUTE_PROBE},
        {"/metrics", ROUTE_PROBE}, {"/version", ROUTE_PROBE}, {"/status", ROUTE_KEEPER},
        {"/docs", ROUTE_PAGE}, {"/openapi.json", ROUTE_PAGE},
        {"/assets/{name}", ROUTE_PAGE}, {"/", ROUTE_PAGE}};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        if (strcmp (route->path, others[i].path) == 0)
            return others[i].kind;
    return ROUTE_WORK;
}

bool
route_is_once (const route_t *route)
{
    return strcmp (route->method, "POST") == 0 &&
           (strcmp (route->path, "/predict") == 0 ||
               strcmp (route->path, "/interactions") == 0);
}

/* Every resource there is, in one table. A new one is a file with its handler and a line
 * here; the description in openapi.json is checked against it.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_ACTORS_HTTP_ROUTES_H
#define SASREC_ACTORS_HTTP_ROUTES_H

#include "actors/http/router.h"

/* clang-format off */
#define ROUTES(ROUTE)                                                                    \
    ROUTE ("POST", "/predict",                         predict_post)                     \
    ROUTE ("GET",  "/result/{request_id}",             result_get)                       \
    ROUTE ("POST", "/recommend",                       recommend_post)                   \
    ROUTE ("POST", "/recommend/batch",                 recommend_batch_post)             \
    ROUTE ("POST", "/interactions",                    interactions_post)                \
    ROUTE ("GET",  "/users",                           users_get)                        \
    ROUTE ("DELETE", "/users/{user_id}",               user_delete)                      \
    ROUTE ("GET",  "/users/{user_id}/history",         user_history_get)                 \
    ROUTE ("GET",  "/users/{user_id}/recommendations", user_recommendations_get)         \
    ROUTE ("GET",  "/items",                           items_get)                        \
    ROUTE ("GET",  "/items/{item_id}/similar",         similar_get)                      \
    ROUTE ("GET",  "/popular",                         popular_get)                      \
    ROUTE ("GET",  "/models",                          models_get)                       \
    ROUTE ("POST", "/models/reload",                   models_reload_post)               \
    ROUTE ("GET",  "/events",                          events_get)                       \
    ROUTE ("GET",  "/livez",                           livez_get)                        \
    ROUTE ("GET",  "/readyz",                          readyz_get)                       \
    ROUTE ("GET",  "/metrics",                         metrics_get)                      \
    ROUTE ("GET",  "/version",                         version_get)                      \
    ROUTE ("GET",  "/status",                          status_get)                       \
    ROUTE ("GET",  "/openapi.json",                    openapi_get)                      \
    ROUTE ("GET",  "/docs",                            docs_get)                         \
    ROUTE ("GET",  "/assets/{name}",                   asset_get)                        \
    ROUTE ("GET",  "/",                                page_get)
/* clang-format on */

#define ROUTES_DECLARE(method, path, handler)                                          \
    void handler (http_context_t *context, exchange_t *exchange);
ROUTES (ROUTES_DECLARE)
#undef ROUTES_DECLARE

extern const route_t routes[];
extern const size_t route_count;

typedef enum {
    ROUTE_WORK,   /* what clients are served with */
    ROUTE_PROBE,  /* how the process is: all that a listener for probes offers */
    ROUTE_KEEPER, /* the business of whoever looks after it: the same listener alone */
    ROUTE_PAGE    /* the page and the documentation */
} route_kind_t;

route_kind_t route_kind (const route_t *route);

#endif

/* Every resource there is, in one table: method, path, handler, and the scopes of which a
 * key must have one (0: open to all). A new one is a file with its handler and a line here;
 * the description in openapi.json is checked against it.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_ACTORS_HTTP_ROUTES_H
#define SASREC_ACTORS_HTTP_ROUTES_H

#include <stdbool.h>

#include "actors/http/router.h"
#include "base/api_key.h"

/* clang-format off */
#define ROUTES(ROUTE)                                                                                            \
    ROUTE ("POST",   "/predict",                         predict_post,             SCOPE_PREDICT)                \
    ROUTE ("GET",    "/result/{request_id}",             result_get,               SCOPE_PREDICT)                \
    ROUTE ("POST",   "/recommend",                       recommend_post,           SCOPE_PREDICT)                \
    ROUTE ("POST",   "/recommend/batch",                 recommend_batch_post,     SCOPE_PREDICT)                \
    ROUTE ("POST",   "/score",                           score_post,               SCOPE_PREDICT)                \
    ROUTE ("POST",   "/explain",                         explain_post,             SCOPE_PREDICT)                \
    ROUTE ("POST",   "/interactions",                    interactions_post,        SCOPE_WRITE)                  \
    ROUTE ("GET",    "/users",                           users_get,                SCOPE_READ)                   \
    ROUTE ("DELETE", "/users/{user_id}",                 user_delete,              SCOPE_WRITE)                  \
    ROUTE ("GET",    "/users/{user_id}/history",         user_history_get,         SCOPE_READ)                   \
    ROUTE ("GET",    "/users/{user_id}/recommendations", user_recommendations_get, SCOPE_PREDICT)                \
    ROUTE ("GET",    "/items",                           items_get,                SCOPE_READ)                   \
    ROUTE ("POST",   "/items",                           items_post,               SCOPE_WRITE)                  \
    ROUTE ("GET",    "/items/{item_id}",                 item_get,                 SCOPE_READ)                   \
    ROUTE ("PUT",    "/items/{item_id}",                 item_put,                 SCOPE_WRITE)                  \
    ROUTE ("PATCH",  "/items/{item_id}",                 item_patch,               SCOPE_WRITE)                  \
    ROUTE ("DELETE", "/items/{item_id}",                 item_delete,              SCOPE_WRITE)                  \
    ROUTE ("GET",    "/items/{item_id}/similar",         similar_get,              SCOPE_PREDICT)                \
    ROUTE ("GET",    "/popular",                         popular_get,              SCOPE_PREDICT)                \
    ROUTE ("GET",    "/rules",                           rule_sets_get,            SCOPE_READ)                   \
    ROUTE ("GET",    "/rules/{name}",                    rule_set_get,             SCOPE_READ)                   \
    ROUTE ("PUT",    "/rules/{name}",                    rule_set_put,             SCOPE_WRITE)                  \
    ROUTE ("DELETE", "/rules/{name}",                    rule_set_delete,          SCOPE_WRITE)                  \
    ROUTE ("GET",    "/models",                          models_get,               SCOPE_READ)                   \
    ROUTE ("POST",   "/models/reload",                   models_reload_post,       SCOPE_ADMIN)                  \
    ROUTE ("GET",    "/events",                          events_get,               SCOPE_PREDICT | SCOPE_READ)   \
    ROUTE ("POST",   "/session",                         session_post,             0)                            \
    ROUTE ("DELETE", "/session",                         session_delete,           0)                            \
    ROUTE ("GET",    "/livez",                           livez_get,                0)                            \
    ROUTE ("GET",    "/readyz",                          readyz_get,               0)                            \
    ROUTE ("GET",    "/metrics",                         metrics_get,              SCOPE_ADMIN)                  \
    ROUTE ("GET",    "/version",                         version_get,              0)                            \
    ROUTE ("GET",    "/status",                          status_get,               SCOPE_ADMIN)                  \
    ROUTE ("GET",    "/openapi.json",                    openapi_get,              0)                            \
    ROUTE ("GET",    "/docs",                            docs_get,                 0)                            \
    ROUTE ("GET",    "/assets/{name}",                   asset_get,                0)                            \
    ROUTE ("GET",    "/",                                page_get,                 0)
/* clang-format on */

#define ROUTES_DECLARE(method, path, handler, scopes)                                  \
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

/* Whether it looks at the Idempotency-Key of a request (once.h). */
bool route_is_once (const route_t *route);

#endif

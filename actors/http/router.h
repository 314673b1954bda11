/* The router: which row of a route table a method and a path mean. HEAD goes where GET
 * goes, OPTIONS and a wrong method are answered with what is allowed. Pure.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_ACTORS_HTTP_ROUTER_H
#define SASREC_ACTORS_HTTP_ROUTER_H

#include <stddef.h>

typedef struct http_context http_context_t; /* what all handlers share */
typedef struct exchange exchange_t;         /* one request and its answer */
typedef void (*route_handler_t) (http_context_t *context, exchange_t *exchange);

typedef struct {
    const char *method;
    const char *path;        /* "/users/{user_id}/history": at most one {parameter} */
    route_handler_t handler; /* answers the exchange, whatever happens */
    unsigned
        scopes; /* a key needs one of these (base/api_key.h); 0: no key is asked for */
} route_t;

typedef enum {
    ROUTER_FOUND,
    ROUTER_NOT_FOUND, /* no such path, or its parameter is not percent-encoded text */
    ROUTER_NOT_ALLOWED,
    ROUTER_OPTIONS
} router_status_t;

#define ROUTER_PARAMETER_SIZE 513

typedef struct {
    router_status_t status;
    size_t index; /* FOUND: of the route; NOT_ALLOWED and OPTIONS: of one of the path */
    char allow[64]; /* "GET, HEAD, OPTIONS"; NOT_ALLOWED and OPTIONS only */
    char parameter[ROUTER_PARAMETER_SIZE]; /* decoded; "" when the route has none */
} router_match_t;

/* path: as it came, without the query, still percent-encoded. */
router_status_t router_match (const route_t *routes, size_t route_count,
    const char *method, const char *path, router_match_t *match);

#endif

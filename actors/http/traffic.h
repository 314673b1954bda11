/* The HTTP metrics people's dashboards know: http_requests_total{handler,method,status},
 * http_request_duration_seconds{handler}, http_requests_in_flight. The handler is the
 * route's template, the status its class, so the series are bounded and exist from the
 * start. SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_ACTORS_HTTP_TRAFFIC_H
#define SASREC_ACTORS_HTTP_TRAFFIC_H

#include <stdint.h>

#include "actors/http/router.h"

#define TRAFFIC_NO_ROUTE SIZE_MAX

typedef struct traffic traffic_t;

traffic_t *traffic_new (const route_t *routes, size_t route_count); /* borrowed */
void traffic_destroy (traffic_t **self_p);

void traffic_begin (traffic_t *self);

/* index: of the route or TRAFFIC_NO_ROUTE; method: as it came. */
void traffic_end (
    traffic_t *self, size_t index, const char *method, int status, int64_t duration_us);

#endif

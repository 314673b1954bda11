/* The HTTP metrics people's dashboards know: http_requests_total{handler,method,status},
 * http_request_duration_seconds{handler}; and sasrec_http_requests_in_flight, and why
 * requests were refused or failed, sasrec_http_problems_total{problem}. The handler is
 * the route's template, the status its class, so the series are bounded. Those that rates
 * and alerts are made of are there from the start, at 0: 2xx and 5xx of each route that
 * clients of this process are served with, and the scrape itself; any other appears with
 * its first request, so that a graph of all has no lines of what never happens.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_ACTORS_HTTP_TRAFFIC_H
#define SASREC_ACTORS_HTTP_TRAFFIC_H

#include <stdbool.h>
#include <stdint.h>

#include "actors/http/problem.h"
#include "actors/http/routes.h"

#define TRAFFIC_NO_ROUTE SIZE_MAX

typedef struct traffic traffic_t;

/* probes_only: no other route is served here. */
traffic_t *traffic_new (bool probes_only);
void traffic_destroy (traffic_t **self_p);

void traffic_begin (traffic_t *self);

/* index: of the route or TRAFFIC_NO_ROUTE; method: as it came. */
void traffic_end (
    traffic_t *self, size_t index, const char *method, int status, int64_t duration_us);

/* What a reply to a client was instead; of probes it says nothing. */
void traffic_problem (traffic_t *self, problem_type_t type);

#endif

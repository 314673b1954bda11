/* SPDX-License-Identifier: Apache-2.0 */
#include "actors/http/traffic.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/metrics.h"

enum { CLASS_2XX, CLASS_3XX, CLASS_4XX, CLASS_5XX, CLASS_COUNT };

/* NULL until the first request. */
typedef struct {
    metric_t *_Atomic requests[CLASS_COUNT]; /* of the route's own method */
    metric_t *_Atomic duration;              /* of its path */
} row_t;

struct traffic {
    row_t *rows; /* one per route, and one for paths that are none */
    metric_t *problems[PROBLEM_COUNT]; /* NULL: probes only */
    metric_t *in_flight;
};

static const char *const s_classes[CLASS_COUNT] = {"2xx", "3xx", "4xx", "5xx"};

static metric_t *
s_counter (const char *handler, const char *method, size_t class)
{
    char labels[160];
    snprintf (labels, sizeof labels, "handler=\"%s\",method=\"%s\",status=\"%s\"",
        handler, method, s_classes[class]);
    return metrics_counter ("http_requests_total",
        "HTTP requests by route, method and status class", labels);
}

static const route_t s_no_route = {.method = "other", .path = "other"};

static const route_t *
s_route (size_t index)
{
    return index < route_count ? &routes[index] : &s_no_route;
}

static metric_t *
s_requests (traffic_t *self, size_t index, size_t class)
{
    metric_t *_Atomic *place = &self->rows[index].requests[class];
    metric_t *metric = atomic_load_explicit (place, memory_order_acquire);
    if (metric)
        return metric;
    const route_t *route = s_route (index);
    metric = s_counter (route->path, route->method, class);
    atomic_store_explicit (place, metric, memory_order_release);
    return metric;
}

static metric_t *
s_duration (traffic_t *self, size_t index)
{
    metric_t *_Atomic *place = &self->rows[index].duration;
    metric_t *metric = atomic_load_explicit (place, memory_order_acquire);
    if (metric)
        return metric;
    char labels[96];
    snprintf (labels, sizeof labels, "handler=\"%s\"", s_route (index)->path);
    metric = metrics_histogram ("http_request_duration_seconds",
        "Time from the whole request to its answer", labels, metrics_latency_bounds,
        metrics_latency_bound_count);
    atomic_store_explicit (place, metric, memory_order_release);
    return metric;
}

static void
s_begin_at_zero (traffic_t *self, size_t index, bool probes_only)
{
    const route_t *route = &routes[index];
    bool scrape = strcmp (route->path, "/metrics") == 0;
    bool work = route_kind (route) == ROUTE_WORK && !probes_only;
    if (work || scrape) {
        s_requests (self, index, CLASS_2XX);
        s_duration (self, index);
    }
    if (work)
        s_requests (self, index, CLASS_5XX);
}

static metric_t *
s_problems (problem_type_t type)
{
    char labels[64];
    snprintf (labels, sizeof labels, "problem=\"%s\"", problem_word (type));
    return metrics_counter ("sasrec_http_problems_total",
        "Requests of clients that were refused or failed, by the problem told", labels);
}

traffic_t *
traffic_new (bool probes_only)
{
    traffic_t *self = calloc (1, sizeof *self);
    assert (self);
    self->rows = calloc (route_count + 1, sizeof *self->rows);
    assert (self->rows);
    for (size_t i = 0; i < route_count; i++)
        s_begin_at_zero (self, i, probes_only);
    for (problem_type_t type = 0; type < PROBLEM_COUNT && !probes_only; type++)
        self->problems[type] = s_problems (type);
    self->in_flight = metrics_gauge (
        "sasrec_http_requests_in_flight", "HTTP requests that are being answered", "");
    return self;
}

void
traffic_destroy (traffic_t **self_p)
{
    traffic_t *self = *self_p;
    if (!self)
        return;
    free (self->rows);
    free (self);
    *self_p = NULL;
}

void
traffic_begin (traffic_t *self)
{
    metric_change (self->in_flight, 1);
}

/* Methods that are not the route's own: a closed list, or strangers would make series. */
static const char *
s_method_label (const char *method)
{
    static const char *const known[] = {
        "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (!strcmp (method, known[i]))
            return known[i];
    return "other";
}

void
traffic_end (
    traffic_t *self, size_t index, const char *method, int status, int64_t duration_us)
{
    size_t class = (size_t)status / 100 - 2;
    assert (class < CLASS_COUNT);
    size_t row = index != TRAFFIC_NO_ROUTE ? index : route_count;
    const route_t *route = s_route (row);
    bool own = route == &s_no_route || strcmp (route->method, method) == 0;
    metric_add (own ? s_requests (self, row, class)
                    : s_counter (route->path, s_method_label (method), class),
        1);
    metric_observe (s_duration (self, row), (double)duration_us / 1e6);
    metric_change (self->in_flight, -1);
}

void
traffic_problem (traffic_t *self, problem_type_t type)
{
    assert (type < PROBLEM_COUNT);
    if (self->problems[type])
        metric_add (self->problems[type], 1);
}

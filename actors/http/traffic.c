/* SPDX-License-Identifier: Apache-2.0 */
#include "actors/http/traffic.h"

#include <assert.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/metrics.h"

#define CLASS_COUNT 4 /* 2xx, 3xx, 4xx, 5xx */

typedef struct {
    metric_t *requests[CLASS_COUNT]; /* of the route's own method */
    metric_t *duration;              /* of its path */
} row_t;

struct traffic {
    const route_t *routes;
    size_t route_count;
    row_t *rows; /* one per route, and one for paths that are none */
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

static void
s_fill (row_t *row, const char *handler, const char *method)
{
    for (size_t i = 0; i < CLASS_COUNT; i++)
        row->requests[i] = s_counter (handler, method, i);
    char labels[96];
    snprintf (labels, sizeof labels, "handler=\"%s\"", handler);
    row->duration = metrics_histogram ("http_request_duration_seconds",
        "Time from the whole request to its answer", labels, metrics_latency_bounds,
        metrics_latency_bound_count);
}

traffic_t *
traffic_new (const route_t *routes, size_t route_count)
{
    traffic_t *self = calloc (1, sizeof *self);
    assert (self);
    self->routes = routes;
    self->route_count = route_count;
    self->rows = calloc (route_count + 1, sizeof *self->rows);
    assert (self->rows);
    for (size_t i = 0; i < route_count; i++)
        s_fill (&self->rows[i], routes[i].path, routes[i].method);
    s_fill (&self->rows[route_count], "other", "other");
    self->in_flight = metrics_gauge (
        "http_requests_in_flight", "HTTP requests that are being answered", "");
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
    bool routed = index != TRAFFIC_NO_ROUTE;
    row_t *row = &self->rows[routed ? index : self->route_count];
    metric_t *counter = row->requests[class];
    if (routed && strcmp (self->routes[index].method, method) != 0)
        counter = s_counter (self->routes[index].path, s_method_label (method), class);
    metric_add (counter, 1);
    metric_observe (row->duration, (double)duration_us / 1e6);
    metric_change (self->in_flight, -1);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "actors/http/statistics.h"

#include <stdbool.h>
#include <stdio.h>

#define LEAST_MS 1000

void
statistics_init (statistics_t *self, live_t *live, atomic_size_t *backlog)
{
    *self = (statistics_t){.live = live, .backlog = backlog};
    self->processed = metrics_find ("worker_processed_total", "");
    self->errors = metrics_find ("worker_errors_total", "");
}

static double
s_value (const metric_t *metric)
{
    return metric ? metric_value (metric) : 0;
}

void
statistics_publish (statistics_t *self, int64_t now_ms)
{
    double processed = s_value (self->processed);
    size_t pending = self->backlog ? atomic_load (self->backlog) : 0;
    bool changed = processed != self->last_processed || pending != self->last_pending;
    if (!changed || (self->last_ms && now_ms - self->last_ms < LEAST_MS))
        return;
    double seconds = self->last_ms ? (double)(now_ms - self->last_ms) / 1000 : 1;
    char json[256];
    snprintf (json, sizeof json,
        "{\"processed_total\":%.0f,\"errors_total\":%.0f,"
        "\"processed_per_second\":%.1f,\"pending\":%zu}",
        processed, s_value (self->errors), (processed - self->last_processed) / seconds,
        pending);
    live_publish (self->live, "stats", json);
    self->last_processed = processed;
    self->last_pending = pending;
    self->last_ms = now_ms;
}

/* The live event "stats": what the process has done and has to do, for pages that show it
 * as it happens. SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_ACTORS_HTTP_STATISTICS_H
#define SASREC_ACTORS_HTTP_STATISTICS_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "actors/live.h"
#include "base/metrics.h"

typedef struct {
    live_t *live;              /* borrowed */
    atomic_size_t *backlog;    /* borrowed; NULL: not known here */
    const metric_t *processed; /* NULL, like the next: no worker runs here */
    const metric_t *errors;
    double last_processed; /* when last published */
    size_t last_pending;
    int64_t last_ms; /* 0: never */
} statistics_t;

void statistics_init (statistics_t *self, live_t *live, atomic_size_t *backlog);

/* Publishes {"processed_total","errors_total","processed_per_second","pending"} when
 * something changed since the last time, at most once a second. now_ms: monotonic. */
void statistics_publish (statistics_t *self, int64_t now_ms);

#endif

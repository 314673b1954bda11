/* Metrics in the Prometheus text format 0.0.4. A series is registered once, with all
 * its labels, and counts from 0 from then on (so rate() sees the first step); updates
 * are atomic and lock-free. Registering an existing series returns it again. Names:
 * sasrec_ (but for those that dashboards knew before us), snake case, base units, counters
 * end in _total; label values are bounded words, never ids. docs/metrics.md lists all.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_BASE_METRICS_H
#define SASREC_BASE_METRICS_H

#include <stddef.h>
#include <stdint.h>

typedef struct metric metric_t; /* one series; lives until metric_destroy */

/* labels: "" or the text between the braces: "topic=\"a\",outcome=\"ok\"".
 * A family keeps the help (and buckets) it was registered with first. */
metric_t *metrics_counter (const char *family, const char *help, const char *labels);
metric_t *metrics_gauge (const char *family, const char *help, const char *labels);
metric_t *metrics_histogram (const char *family, const char *help, const char *labels,
    const double *bounds, size_t bound_count); /* ascending, without +Inf */

/* The series if it is registered: what another part of the process counts, or NULL where
 * that part does not run. */
metric_t *metrics_find (const char *family, const char *labels);

/* Takes the series out: of something that is gone, or a number that nobody knows now. By
 * the only one who holds it. */
void metric_destroy (metric_t **self_p);

void metric_add (metric_t *self, uint64_t amount);      /* counter */
void metric_set (metric_t *self, double value);         /* gauge */
void metric_change (metric_t *self, double difference); /* gauge */
void metric_observe (metric_t *self, double value);     /* histogram */
void metric_observe_times (metric_t *self, double value, uint64_t times);
double metric_value (const metric_t *self); /* counter, gauge; histogram: its count */

/* All families with HELP and TYPE, plus the health checks (base/health.h) and the
 * process_* families people expect.
 * Returns a fresh string (free it) and its length. */
char *metrics_render (size_t *length);

/* Latencies from 0.5 ms to 2.5 s, for *_seconds histograms. */
extern const double metrics_latency_bounds[];
extern const size_t metrics_latency_bound_count;

#endif

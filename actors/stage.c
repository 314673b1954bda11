/* SPDX-License-Identifier: Apache-2.0 */
#include "actors/stage.h"

#include <stdio.h>

metric_t *
stage_seconds (const char *stage)
{
    char labels[40];
    snprintf (labels, sizeof labels, "stage=\"%s\"", stage);
    return metrics_histogram ("sasrec_stage_seconds",
        "Time that a request spent in a stage.", labels, metrics_latency_bounds,
        metrics_latency_bound_count);
}

metric_t *
stage_queue (const char *queue)
{
    char labels[40];
    snprintf (labels, sizeof labels, "queue=\"%s\"", queue);
    return metrics_gauge ("sasrec_queue_depth", "What waits in a queue.", labels);
}

metric_t *
stage_answer_seconds (void)
{
    return metrics_histogram ("sasrec_router_answer_seconds",
        "Time from acceptance in this process to the result.", "",
        metrics_latency_bounds, metrics_latency_bound_count);
}

void
stage_observe (metric_t *seconds, int64_t from_us, int64_t until_us)
{
    if (from_us)
        metric_observe (seconds, (double)(until_us - from_us) * 1e-6);
}

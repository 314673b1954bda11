/* The inference_worker actor: one thread, one model scratch. A batch comes in, every
 * request of it ends as a result with its provenance, in the ticket of who waits at once or
 * on the results pipe; the emptied batch goes back and says "free". One model reference per batch, so that all of it was made by one version.
 *
 * commands      START (sends the first, empty batch); $TERM
 * messages in   batch_t from batch-N
 * messages out  result_t to results; batch_t (empty) to free
 *
 * A full results pipe is waited for without blocking commands; the next batch only comes
 * when all results are out. What requests were like is tallied by batch, and published
 * every few seconds (actors/drift_watch.h). The buckets of worker_prediction_score are
 * those of the first model of the process: Prometheus adds up what has the same bounds. SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_ACTORS_INFERENCE_WORKER_H
#define SASREC_ACTORS_INFERENCE_WORKER_H

#include <czmq.h>

#include "actors/drift_watch.h"
#include "actors/model_slot.h"
#include "actors/spans.h"

typedef struct {
    size_t index;               /* N of the batch endpoint */
    const char *batch_endpoint; /* "-N" is appended */
    const char *free_endpoint;
    const char *results_endpoint;
    size_t batch_limit;
    model_slot_t *slot;
    drift_watch_t *drift;
    spans_t *spans; /* NULL: no tracing */
} inference_worker_args_t;

/* For tests alone: an environment variable that holds an item id. A history that contains
 * it kills the process (SIGKILL) when it is computed. */
#define INFERENCE_WORKER_CRASH_ITEM "SASREC_TEST_CRASH_ITEM"

/* args: inference_worker_args_t, borrowed until the actor ends. */
void inference_worker_actor (zsock_t *pipe, void *args);

#endif

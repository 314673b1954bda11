/* The inference_pool actor: two bounded queues (jobs, and requests that a client waits
 * for at once) and the workers that are free. A free worker gets its share of what waits
 * now, up to the batch limit; no timer ever fills a batch. At-once requests go first, but
 * every fourth place is a job's while jobs wait.
 *
 * commands      START; QUIESCE (at-once requests are refused, jobs are let go: their rows
 *               stay PENDING; no batch leaves any more), before the workers are stopped;
 *               $TERM, after them
 * messages in   request_t from jobs and once; batch_t from free (a worker is free)
 * messages out  batch_t to batch-N; settlements of what is let go for good to settle
 *
 * A full job queue is not read from, so that the sender's pipe fills and it notices; a
 * full at-once queue answers TICKET_FULL. Without a model at-once requests are answered
 * TICKET_UNAVAILABLE and jobs wait. Jobs past their deadline are counted and let go:
 * their owner writes EXPIRED. SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_ACTORS_INFERENCE_POOL_H
#define SASREC_ACTORS_INFERENCE_POOL_H

#include <czmq.h>
#include <stdatomic.h>

#include "actors/model_slot.h"

typedef struct {
    const char *jobs_endpoint;
    const char *once_endpoint;
    const char *free_endpoint;
    const char *batch_endpoint; /* "-N" is appended for worker N */
    size_t worker_count;
    size_t job_limit;            /* jobs waiting */
    size_t once_limit;           /* at-once requests waiting */
    model_slot_t *slot;          /* only asked whether there is a model */
    atomic_size_t *waiting;      /* out: jobs waiting now */
    const char *settle_endpoint; /* NULL without Kafka */
} inference_pool_args_t;

/* args: inference_pool_args_t, borrowed until the actor ends. */
void inference_pool_actor (zsock_t *pipe, void *args);

#endif

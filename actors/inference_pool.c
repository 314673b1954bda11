/* SPDX-License-Identifier: Apache-2.0 */
#include "actors/inference_pool.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "actors/batch.h"
#include "actors/endpoints.h"
#include "actors/stage.h"
#include "base/clock.h"
#include "base/metrics.h"
#include "base/ring.h"
#include "base/actor/control.h"
#include "base/actor/wire.h"

#define JOB_TURN       4 /* every fourth place of a batch is a job's while jobs wait */
#define SKEW_MS        5000 /* between the clocks of two machines */
#define MODEL_CHECK_MS 100 /* a model appears without a message; only while jobs wait */

typedef struct {
    const inference_pool_args_t *args; /* borrowed */
    zsock_t *jobs;
    zsock_t *once;
    zsock_t *free;
    zsock_t *settle;      /* NULL: no message holds a receipt */
    zsock_t **workers;    /* a PUSH socket to each */
    ring_t *job_ring;     /* request_t */
    ring_t *once_ring;    /* request_t */
    ring_t *free_ring;    /* batch_t: the workers that are free */
    size_t turn;          /* places filled so far */
    bool quiesced;        /* no batch leaves any more */
    metric_t *full;       /* at-once requests refused: the queue is full */
    metric_t *no_model;   /* ... there is no model yet */
    metric_t *late;       /* past their deadline when their turn came */
    metric_t *abandoned;  /* their client had given up */
    metric_t *batch_size; /* requests per batch */
    metric_t *queued;     /* how long they waited */
    metric_t *job_depth;
    metric_t *once_depth;
} self_t;

static const double s_size_bounds[] = {1, 2, 4, 8, 16, 32, 64, 128, 256};

static void
s_register_metrics (self_t *self)
{
    const char *refused = "sasrec_inference_refused_total";
    const char *skipped = "sasrec_inference_skipped_total";
    const char *why_refused = "At-once requests refused by the inference pool.";
    const char *why_skipped = "Requests not worth computing when their turn came.";
    self->full = metrics_counter (refused, why_refused, "reason=\"full\"");
    self->no_model = metrics_counter (refused, why_refused, "reason=\"no_model\"");
    self->late = metrics_counter (skipped, why_skipped, "reason=\"deadline\"");
    self->abandoned = metrics_counter (skipped, why_skipped, "reason=\"abandoned\"");
    self->queued = stage_seconds ("queued");
    self->job_depth = stage_queue ("jobs");
    self->once_depth = stage_queue ("at_once");
    self->batch_size =
        metrics_histogram ("sasrec_inference_batch_size", "Requests per batch.", "",
            s_size_bounds, sizeof s_size_bounds / sizeof s_size_bounds[0]);
}

static self_t *
s_new (const inference_pool_args_t *args)
{
    self_t *self = calloc (1, sizeof *self);
    assert (self);
    self->args = args;
    self->job_ring = ring_new (args->job_limit);
    self->once_ring = ring_new (args->once_limit);
    self->free_ring = ring_new (args->worker_count);
    self->workers = calloc (args->worker_count, sizeof *self->workers);
    assert (self->workers);
    s_register_metrics (self);
    return self;
}

/* Lets go of all that waits: jobs keep their row, at-once clients are told. */
static void
s_give_back (self_t *self)
{
    request_t *request;
    while ((request = ring_pop (self->job_ring)))
        request_destroy (&request);
    while ((request = ring_pop (self->once_ring)))
        request_refuse (&request, TICKET_UNAVAILABLE, "the server is stopping");
}

static void
s_drain (self_t *self)
{
    request_t *request;
    batch_t *batch;
    while (self->jobs && (request = request_recv (self->jobs)))
        request_destroy (&request);
    while (self->once && (request = request_recv (self->once)))
        request_refuse (&request, TICKET_UNAVAILABLE, "the server is stopping");
    while (self->free && (batch = batch_recv (self->free)))
        batch_destroy (&batch);
    while ((batch = ring_pop (self->free_ring)))
        batch_destroy (&batch);
    s_give_back (self);
}

static void
s_destroy (self_t **self_p)
{
    self_t *self = *self_p;
    s_drain (self);
    for (size_t i = 0; i < self->args->worker_count; i++)
        wire_destroy (&self->workers[i]);
    free (self->workers);
    wire_destroy (&self->jobs);
    wire_destroy (&self->once);
    wire_destroy (&self->free);
    wire_destroy (&self->settle);
    ring_destroy (&self->job_ring);
    ring_destroy (&self->once_ring);
    ring_destroy (&self->free_ring);
    free (self);
    *self_p = NULL;
}

static const char *
inference_pool_start (void *context)
{
    self_t *self = context;
    const inference_pool_args_t *args = self->args;
    char endpoint[160];
    self->jobs = wire_pull_new (args->jobs_endpoint, ENDPOINT_JOBS_LIMIT);
    if (args->settle_endpoint)
        self->settle = wire_push_new (args->settle_endpoint, ENDPOINT_SETTLE_LIMIT);
    self->once = wire_pull_new (args->once_endpoint, ENDPOINT_ONCE_LIMIT);
    self->free = wire_pull_new (args->free_endpoint, ENDPOINT_FREE_LIMIT);
    for (size_t i = 0; i < args->worker_count; i++) {
        snprintf (endpoint, sizeof endpoint, "%s-%zu", args->batch_endpoint, i);
        self->workers[i] = wire_push_new (endpoint, ENDPOINT_BATCH_LIMIT);
    }
    return self->jobs && self->once && self->free
               ? NULL
               : "inference_pool: an endpoint of its name is taken";
}

static void
inference_pool_quiesce (void *context)
{
    self_t *self = context;
    self->quiesced = true;
    s_give_back (self);
    atomic_store (self->args->waiting, 0);
}

static void
s_handle_free (self_t *self)
{
    batch_t *batch;
    while ((batch = batch_recv (self->free))) {
        assert (batch->count == 0);
        int rc = ring_push (self->free_ring, batch);
        assert (rc == 0);
    }
}

/* Why nothing can be computed. */
static const char *
s_no_model (const self_t *self)
{
    model_ref_t *any = model_slot_acquire_any (self->args->slot);
    bool waits = any != NULL;
    model_ref_release (&any);
    return waits ? "it is not known yet which items are on offer"
                 : "no model yet: run 'sasrec train'";
}

static void
s_handle_once (self_t *self)
{
    request_t *request;
    bool has_model = model_slot_has (self->args->slot);
    int64_t now_us = clock_monotonic_us ();
    while ((request = request_recv (self->once))) {
        request->queued_us = now_us;
        if (!has_model) {
            metric_add (self->no_model, 1);
            request_refuse (&request, TICKET_UNAVAILABLE, s_no_model (self));
        } else if (self->quiesced) {
            request_refuse (&request, TICKET_UNAVAILABLE, "the server is stopping");
        } else if (ring_push (self->once_ring, request)) {
            metric_add (self->full, 1);
            request_refuse (
                &request, TICKET_FULL, "too many requests wait for a worker");
        }
    }
}

static void
s_handle_jobs (self_t *self)
{
    request_t *request;
    int64_t now_us = clock_monotonic_us ();
    while (!ring_full (self->job_ring) && (request = request_recv (self->jobs))) {
        request->queued_us = now_us;
        int rc = ring_push (self->job_ring, request);
        assert (rc == 0);
    }
}

/* The next in turn, or NULL when nothing waits. */
static request_t *
s_next (self_t *self)
{
    bool job_turn = self->turn++ % JOB_TURN == JOB_TURN - 1;
    ring_t *first = job_turn ? self->job_ring : self->once_ring;
    ring_t *second = job_turn ? self->once_ring : self->job_ring;
    request_t *request = ring_pop (first);
    return request ? request : ring_pop (second);
}

/* False: nobody wants the answer any more. */
static bool
s_worth_it (self_t *self, request_t *request)
{
    /* The clock of another machine may be ahead. */
    int64_t skew_ms = request->receipt.held ? SKEW_MS : 0;
    if (request->deadline_ms && clock_unix_ms () > request->deadline_ms + skew_ms) {
        metric_add (self->late, 1);
        return false;
    }
    if (request->ticket && !ticket_claim (request->ticket)) {
        metric_add (self->abandoned, 1);
        return false;
    }
    return true;
}

/* For good: its message in Kafka is done with. */
static void
s_let_go (self_t *self, request_t *request)
{
    if (self->settle)
        settlement_send (&request->receipt, RECEIPT_DONE, self->settle);
    request_refuse (&request, TICKET_TIMEOUT, "its deadline passed");
}

static void
s_fill (self_t *self, batch_t *batch, size_t share)
{
    request_t *request;
    int64_t now_us = clock_monotonic_us ();
    while (batch->count < share && (request = s_next (self))) {
        if (!s_worth_it (self, request)) {
            s_let_go (self, request);
            continue;
        }
        stage_observe (self->queued, request->queued_us, now_us);
        batch->requests[batch->count++] = request;
    }
}

static size_t
s_waiting (const self_t *self)
{
    return ring_count (self->job_ring) + ring_count (self->once_ring);
}

/* One free worker gets ceil (waiting / free workers). */
static void
s_dispatch_one (self_t *self)
{
    size_t free_count = ring_count (self->free_ring);
    size_t share = (s_waiting (self) + free_count - 1) / free_count;
    batch_t *batch = ring_pop (self->free_ring);
    s_fill (self, batch, share < batch->limit ? share : batch->limit);
    if (batch->count == 0) {
        ring_push (self->free_ring, batch);
        return;
    }
    metric_observe (self->batch_size, (double)batch->count);
    int rc = batch_send (&batch, self->workers[batch->worker]);
    assert (rc == 0); /* a free worker's pipe is empty */
}

static void
s_dispatch (self_t *self)
{
    bool able =
        !self->quiesced && s_waiting (self) > 0 && model_slot_has (self->args->slot);
    while (able && s_waiting (self) > 0 && ring_count (self->free_ring) > 0)
        s_dispatch_one (self);
    atomic_store (self->args->waiting, ring_count (self->job_ring));
    metric_set (self->job_depth, (double)ring_count (self->job_ring));
    metric_set (self->once_depth, (double)ring_count (self->once_ring));
}

static bool
inference_pool_serve (void *context, zsock_t *pipe)
{
    self_t *self = context;
    /* What waits while a worker is free waits for a model. */
    bool stuck = s_waiting (self) > 0 && ring_count (self->free_ring) > 0;
    zmq_pollitem_t items[] = {
        {zsock_resolve (pipe), 0, ZMQ_POLLIN, 0},
        {zsock_resolve (self->free), 0, ZMQ_POLLIN, 0},
        {zsock_resolve (self->once), 0, ZMQ_POLLIN, 0},
        {zsock_resolve (self->jobs), 0, ZMQ_POLLIN, 0},
    };
    int count = ring_full (self->job_ring) || self->quiesced ? 3 : 4;
    zmq_poll (items, count, stuck ? MODEL_CHECK_MS : -1);
    if (items[1].revents)
        s_handle_free (self);
    if (items[2].revents)
        s_handle_once (self);
    if (count == 4 && items[3].revents)
        s_handle_jobs (self);
    s_dispatch (self);
    return items[0].revents != 0;
}

void
inference_pool_actor (zsock_t *pipe, void *args)
{
    const control_life_t life = {
        inference_pool_start, inference_pool_serve, inference_pool_quiesce};
    self_t *self = s_new (args);
    control_run (pipe, self, &life);
    s_destroy (&self);
}

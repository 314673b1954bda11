/* SPDX-License-Identifier: Apache-2.0 */
#include "actors/inference_worker.h"

#include <assert.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "actors/batch.h"
#include "actors/endpoints.h"
#include "actors/query_rules.h"
#include "actors/stage.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/ring.h"
#include "model/checkpoint/checkpoint.h"
#include "model/kernel/denormals.h"
#include "base/actor/control.h"
#include "proto/result.h"
#include "base/actor/wire.h"

#define SCORES_OBSERVED 10

typedef struct {
    const inference_worker_args_t *args; /* borrowed */
    zsock_t *batches;
    zsock_t *free;
    zsock_t *results;
    batch_t *batch;         /* in work, or emptied and not yet sent back; owned */
    model_query_t *queries; /* batch_limit of each */
    model_answer_t *answers;
    model_scratch_t
        *scratch;       /* of the last model's shape; NULL before the first batch */
    ring_t *unsent;     /* result_t that did not fit into the results pipe */
    int64_t crash_item; /* tests: the item that kills the process; -1 = none */
    metric_t *processed;
    metric_t *errors;
    metric_t *latency;
    metric_t *computed; /* the same, as a stage */
    metric_t *answered; /* until who waits at once has it; NULL until somebody does */
    metric_t *history_length;
    metric_t *score; /* NULL before the first model */
    tally_t tally;   /* of the batch */
    int64_t publish_ms;
} self_t;

static void
s_register_metrics (self_t *self)
{
    self->processed =
        metrics_counter ("worker_processed_total", "Requests computed.", "");
    self->errors = metrics_counter (
        "worker_errors_total", "Requests that could not be computed.", "");
    self->latency = metrics_histogram ("worker_inference_latency_seconds",
        "Time of the batch that a request was computed in.", "", metrics_latency_bounds,
        metrics_latency_bound_count);
    self->computed = stage_seconds ("computed");
    self->history_length = metrics_histogram ("worker_history_length",
        "Items of a history, as it was sent.", "", checkpoint_history_bounds,
        checkpoint_history_bound_count);
}

/* Its buckets are the model's, so it has to wait for one. */
static void
s_register_scores (self_t *self, const model_t *model)
{
    const histogram_t *scores = &model_baseline (model)->scores;
    if (!self->score)
        self->score = metrics_histogram ("worker_prediction_score",
            "Scores of the best ten items, where the model made them.", "",
            scores->bounds, scores->bound_count);
}

static self_t *
s_new (const inference_worker_args_t *args)
{
    self_t *self = calloc (1, sizeof *self);
    assert (self);
    self->args = args;
    self->queries = calloc (args->batch_limit, sizeof *self->queries);
    self->answers = calloc (args->batch_limit, sizeof *self->answers);
    assert (self->queries && self->answers);
    self->unsent = ring_new (args->batch_limit);
    const char *crash_item = getenv (INFERENCE_WORKER_CRASH_ITEM);
    self->crash_item = crash_item && *crash_item ? atoll (crash_item) : -1;
    s_register_metrics (self);
    return self;
}

/* What waits is let go: a job keeps its row, an at-once client hears that we stop. */
static void
s_drain (self_t *self)
{
    const char *reason = "the server is stopping";
    while (
        !self->batch && self->batches && (self->batch = batch_recv (self->batches))) {
        for (size_t i = 0; i < self->batch->count; i++)
            request_refuse (&self->batch->requests[i], TICKET_UNAVAILABLE, reason);
        batch_destroy (&self->batch);
    }
    batch_destroy (&self->batch);
    result_t *result;
    while ((result = ring_pop (self->unsent)))
        result_destroy (&result);
}

static void
s_destroy (self_t **self_p)
{
    self_t *self = *self_p;
    s_drain (self);
    wire_destroy (&self->batches);
    wire_destroy (&self->free);
    wire_destroy (&self->results);
    ring_destroy (&self->unsent);
    model_scratch_destroy (&self->scratch);
    free (self->queries);
    free (self->answers);
    free (self);
    *self_p = NULL;
}

static const char *
s_start (void *context)
{
    self_t *self = context;
    const inference_worker_args_t *args = self->args;
    char endpoint[160];
    snprintf (endpoint, sizeof endpoint, "%s-%zu", args->batch_endpoint, args->index);
    self->batches = wire_pull_new (endpoint, ENDPOINT_BATCH_LIMIT);
    self->free = wire_push_new (args->free_endpoint, ENDPOINT_FREE_LIMIT);
    self->results = wire_push_new (args->results_endpoint, ENDPOINT_RESULTS_LIMIT);
    self->batch = batch_new (args->index, args->batch_limit);
    return self->batches && batch_send (&self->batch, self->free) == 0
               ? NULL
               : "inference_worker: an endpoint of its name is taken";
}

/* The result that will answer the request, with room for k items. */
static result_t *
s_result_for (const request_t *request, const model_t *model)
{
    result_t *result = result_new ();
    memcpy (result->request_id, request->request_id, sizeof result->request_id);
    memcpy (result->user_id, request->user_id, sizeof result->user_id);
    snprintf (result->model_version, sizeof result->model_version, "%s",
        model_version (model));
    result->job = request->job;
    result->accepted_us = request->accepted_us;
    result->trace = request->trace;
    result->receipt = request->receipt;
    result->item_ids = calloc (request->k, sizeof *result->item_ids);
    result->scores = calloc (request->k, sizeof *result->scores);
    assert (result->item_ids && result->scores);
    return result;
}

/* As a computation does that brings the process down: at once, and nothing is said. */
static void
s_crash_if_told (const self_t *self, const request_t *request)
{
    for (size_t i = 0; self->crash_item >= 0 && i < request->history_count; i++)
        if (request->history[i] == self->crash_item)
            kill (getpid (), SIGKILL);
}

static void
s_compute (self_t *self, const model_ref_t *ref, result_t **results)
{
    const model_t *model = model_ref_model (ref);
    batch_t *batch = self->batch;
    for (size_t i = 0; i < batch->count; i++) {
        const request_t *request = batch->requests[i];
        s_crash_if_told (self, request);
        self->queries[i] = (model_query_t){.history = request->history,
            .history_count = request->history_count,
            .k = request->k,
            .offer = model_ref_offer (ref),
            .candidates = request->candidates,
            .candidate_count = request->candidate_count,
            .keys = request->keys.data,
            .similar = request->similar};
        query_rules_set (&self->queries[i], &request->rules);
        self->answers[i] = (model_answer_t){
            .item_ids = results[i]->item_ids, .scores = results[i]->scores};
    }
    if (self->scratch && !model_scratch_fits (self->scratch, model))
        model_scratch_destroy (&self->scratch);
    if (!self->scratch)
        self->scratch = model_scratch_new (model, self->args->batch_limit);
    model_recommend (model, self->scratch, self->queries, batch->count, self->answers);
}

static bool
s_all_finite (const result_t *result)
{
    for (size_t i = 0; i < result->count; i++)
        if (!isfinite (result->scores[i]))
            return false;
    return true;
}

/* What is scored or like an item is no recommendation, and says nothing of the requests
 * that a model gets. */
static bool
s_recommends (const model_query_t *query)
{
    return !query->similar && query->candidate_count == 0;
}

static void
s_tally (self_t *self, const model_t *model)
{
    const baseline_t *baseline = model_baseline (model);
    self->tally = (tally_t){0};
    for (size_t i = 0; i < self->batch->count; i++) {
        if (!s_recommends (&self->queries[i]))
            continue;
        feature_source_t source = model_features (&self->queries[i], &self->answers[i]);
        baseline_tally (baseline, &source, &self->tally);
    }
    drift_watch_add (self->args->drift, model, &self->tally, clock_monotonic_ms ());
}

static void
s_count_removed (result_t *result, const model_answer_t *answer)
{
    static const rule_t by[REMOVED_BY_COUNT] = {
        [REMOVED_BY_SEEN] = RULE_SEEN,
        [REMOVED_BY_EXCLUDE] = RULE_EXCLUDE,
        [REMOVED_BY_ALLOW] = RULE_ALLOW,
        [REMOVED_BY_CATEGORIES] = RULE_CATEGORIES,
        [REMOVED_BY_HIDDEN] = RULE_HIDDEN,
        [REMOVED_BY_MIN_SCORE] = RULE_MIN_SCORE,
    };
    result->counts_removed = true;
    for (size_t i = 0; i < REMOVED_BY_COUNT; i++)
        result->removed[i] = answer->removed[by[i]];
}

/* The best ten, as in the checkpoint's reference histogram. */
static void
s_observe_scores (self_t *self, const result_t *result, const model_query_t *query)
{
    bool model = result->source == RESULT_FROM_MODEL && s_recommends (query) &&
                 !(query->popularity > 0 || query->diversity > 0);
    for (size_t i = 0; model && i < result->count && i < SCORES_OBSERVED; i++)
        metric_observe (self->score, (double)result->scores[i]);
}

/* Beside the ids, where the model's items have keys. */
static void
s_name_items (const model_t *model, result_t *result)
{
    strbuf_t texts = STRBUF_EMPTY;
    if (!model_has_keys (model))
        return;
    for (size_t i = 0; i < result->count; i++) {
        int32_t item = model_item_index (model, result->item_ids[i]);
        const char *key = model_item_key (model, (size_t)item);
        strbuf_add_bytes (&texts, key ? key : "", key ? strlen (key) + 1 : 1);
    }
    result->item_keys = strbuf_take (&texts);
}

static void
s_finish (self_t *self, result_t *result, const model_query_t *query,
    const model_answer_t *answer)
{
    result->count = answer->count;
    result->source = answer->popular ? RESULT_FROM_POPULAR : RESULT_FROM_MODEL;
    result->history_used = answer->history_used;
    result->unknown_dropped = answer->unknown_dropped;
    s_count_removed (result, answer);
    if (s_all_finite (result)) {
        metric_add (self->processed, 1);
        s_observe_scores (self, result, query);
    } else {
        metric_add (self->errors, 1);
        result->status = RESULT_FAILED;
        result->count = 0;
        snprintf (result->error, sizeof result->error,
            "the model gave a score that is not finite");
    }
}

static void
s_push_spans (
    self_t *self, const request_t *request, const result_t *result, int64_t start_us)
{
    int64_t computed_us = clock_unix_us_of (start_us);
    int64_t queued_us = request->sent_ms ? request->sent_ms * 1000
                                         : clock_unix_us_of (request->accepted_us);
    span_t queue =
        span_of (&request->trace, "queue", SPAN_INTERNAL, queued_us, computed_us);
    span_t compute = span_of (
        &request->trace, "compute", SPAN_INTERNAL, computed_us, clock_unix_us ());
    memcpy (queue.request_id, result->request_id, sizeof queue.request_id);
    memcpy (compute.request_id, result->request_id, sizeof compute.request_id);
    memcpy (compute.model_version, result->model_version, sizeof compute.model_version);
    queue.attributes[0] = (span_attribute_t){"sasrec.attempt", NULL, request->attempt};
    compute.attributes[0] =
        (span_attribute_t){"sasrec.batch_size", NULL, (int64_t)self->batch->count};
    compute.attributes[1] =
        (span_attribute_t){"sasrec.history_used", NULL, (int64_t)result->history_used};
    compute.failed = result->status == RESULT_FAILED;
    spans_push (self->args->spans, &queue);
    spans_push (self->args->spans, &compute);
}

/* Computing began at start_us (monotonic), for the batch as a whole. */
static void
s_trace (
    self_t *self, const request_t *request, const result_t *result, int64_t start_us)
{
    log_debug ("inference_worker.computed", log_str ("request_id", result->request_id),
        log_str ("model_version", result->model_version),
        log_int ("items", (int64_t)result->count), log_trace (&result->trace));
    if (spans_want (self->args->spans, &request->trace))
        s_push_spans (self, request, result, start_us);
}

/* Results first, the batch last: "free" means that all is out. */
static void
s_send_out (self_t *self)
{
    result_t *result;
    while ((result = ring_peek (self->unsent))) {
        if (result_send (&result, self->results))
            return;
        ring_pop (self->unsent);
    }
    int rc = batch_send (&self->batch, self->free);
    assert (rc == 0); /* it holds at most the one batch that stands for this worker */
}

/* Who waits for it at once has it now; all else goes through the router. */
static void
s_let_go (self_t *self, request_t *request, result_t **result_p)
{
    if (!request->ticket) {
        ring_push (self->unsent, *result_p);
        return;
    }
    if (!self->answered)
        self->answered = stage_answer_seconds ();
    stage_observe (self->answered, request->accepted_us, clock_monotonic_us ());
    if ((*result_p)->status == RESULT_FAILED)
        ticket_answer (request->ticket, TICKET_FAILED, (*result_p)->error);
    else
        result_answer (result_p, request->ticket);
    result_destroy (result_p);
}

/* From the pool's queue; what came by no pool waited nowhere. */
static int64_t
s_queue_us (const request_t *request, int64_t start_us)
{
    return request->queued_us ? start_us - request->queued_us : 0;
}

static void
s_handle_batch (self_t *self)
{
    self->batch = batch_recv (self->batches);
    batch_t *batch = self->batch;
    assert (batch && batch->count <= self->args->batch_limit);
    model_ref_t *ref = model_slot_acquire (self->args->slot);
    assert (ref); /* the pool sends nothing before there is a model; it never goes */
    result_t **results = calloc (batch->count + 1, sizeof *results);
    assert (results);
    const model_t *model = model_ref_model (ref);
    s_register_scores (self, model);
    int64_t start_us = clock_monotonic_us ();
    for (size_t i = 0; i < batch->count; i++)
        results[i] = s_result_for (batch->requests[i], model);
    s_compute (self, ref, results);
    int64_t compute_us = clock_monotonic_us () - start_us;
    double seconds = (double)compute_us * 1e-6;
    metric_observe_times (self->latency, seconds, batch->count);
    metric_observe_times (self->computed, seconds, batch->count);
    s_tally (self, model);
    for (size_t i = 0; i < batch->count; i++) {
        const model_query_t *query = &self->queries[i];
        results[i]->queue_us = s_queue_us (batch->requests[i], start_us);
        results[i]->compute_us = compute_us;
        s_finish (self, results[i], query, &self->answers[i]);
        s_name_items (model, results[i]);
        if (s_recommends (query))
            metric_observe (self->history_length, (double)query->history_count);
        s_trace (self, batch->requests[i], results[i], start_us);
        s_let_go (self, batch->requests[i], &results[i]);
        request_destroy (&batch->requests[i]);
    }
    batch->count = 0;
    free (results);
    model_ref_release (&ref);
    s_send_out (self);
}

/* The model in use is looked at when nothing is asked, too: what is old goes out of the
 * window, a new model comes in with its names. */
static void
s_publish_drift (self_t *self, int64_t now_ms)
{
    model_ref_t *ref = model_slot_acquire (self->args->slot);
    self->publish_ms = now_ms + DRIFT_WATCH_MS;
    if (!ref)
        return;
    s_register_scores (self, model_ref_model (ref));
    drift_watch_publish (self->args->drift, model_ref_model (ref), now_ms);
    model_ref_release (&ref);
}

static bool
s_serve (void *context, zsock_t *pipe)
{
    self_t *self = context;
    zmq_pollitem_t items[] = {
        {zsock_resolve (pipe), 0, ZMQ_POLLIN, 0},
        {zsock_resolve (self->batches), 0, ZMQ_POLLIN, 0},
        {zsock_resolve (self->results), 0, ZMQ_POLLOUT, 0},
    };
    int64_t wait_ms = self->publish_ms - clock_monotonic_ms ();
    zmq_poll (items, self->batch ? 3 : 2, wait_ms > 0 ? (long)wait_ms : 0);
    if (self->batch && items[2].revents)
        s_send_out (self);
    if (items[1].revents)
        s_handle_batch (self);
    int64_t now_ms = clock_monotonic_ms ();
    if (now_ms >= self->publish_ms)
        s_publish_drift (self, now_ms);
    return items[0].revents != 0;
}

void
inference_worker_actor (zsock_t *pipe, void *args)
{
    const control_life_t life = {s_start, s_serve, NULL};
    denormals_off ();
    self_t *self = s_new (args);
    control_run (pipe, self, &life);
    s_destroy (&self);
}

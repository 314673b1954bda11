/* Tests of the inference_worker actor. SPDX-License-Identifier: Apache-2.0 */
#include "tests/actors/actors.h"

#include "actors/batch.h"
#include "actors/endpoints.h"
#include "actors/inference_worker.h"
#include "base/metrics.h"
#include "base/actor/wire.h"
#include "tests/actors/tiny_checkpoint.h"

#define BATCH   "inproc://worker-test-batch"
#define FREE    "inproc://worker-test-free"
#define RESULTS "inproc://worker-test-results"

typedef struct {
    tiny_folder_t folder;
    model_slot_t *slot;
    drift_watch_t *drift;
    inference_worker_args_t args;
    zsock_t *batches; /* we are the pool */
    zsock_t *free;
    zsock_t *results; /* and the result_router */
    zactor_t *actor;
} world_t;

static int
s_set_up_limited (void **state, int results_limit)
{
    world_t *world = calloc (1, sizeof *world);
    world->folder = tiny_folder_new ();
    world->slot = model_slot_new ();
    world->drift = drift_watch_new ();
    tiny_write (&world->folder, "v1", 8);
    model_t *model = tiny_load (&world->folder, "v1");
    model_slot_put (world->slot, &model);
    world->args = (inference_worker_args_t){.index = 3,
        .batch_endpoint = BATCH,
        .free_endpoint = FREE,
        .results_endpoint = RESULTS,
        .batch_limit = 4,
        .slot = world->slot,
        .drift = world->drift};
    world->batches = wire_push_new (BATCH "-3", ENDPOINT_BATCH_LIMIT);
    world->free = wire_pull_new (FREE, ENDPOINT_FREE_LIMIT);
    world->results = wire_pull_new (RESULTS, results_limit);
    world->actor = actor_start (inference_worker_actor, &world->args);
    *state = world;
    return 0;
}

static int
s_set_up (void **state)
{
    return s_set_up_limited (state, 64);
}

static int
s_tear_down (void **state)
{
    world_t *world = *state;
    zactor_destroy (&world->actor);
    batch_t *batch;
    while ((batch = batch_recv (world->free)))
        batch_destroy (&batch);
    result_t *result;
    while ((result = result_recv (world->results)))
        result_destroy (&result);
    wire_destroy (&world->batches);
    wire_destroy (&world->free);
    wire_destroy (&world->results);
    drift_watch_destroy (&world->drift);
    model_slot_destroy (&world->slot);
    tiny_folder_remove (&world->folder);
    free (world);
    return 0;
}

static batch_t *
s_free_batch (world_t *world)
{
    assert_true (arrives (world->free, LIMIT_MS));
    batch_t *batch = batch_recv (world->free);
    assert_int_equal (batch->count, 0);
    return batch;
}

static void
s_give (world_t *world, batch_t *batch)
{
    assert_int_equal (batch_send (&batch, world->batches), 0);
}

static result_t *
s_result (world_t *world)
{
    assert_true (arrives (world->results, LIMIT_MS));
    return result_recv (world->results);
}

static void
test_a_worker_says_at_its_start_that_it_is_free (void **state)
{
    world_t *world = *state;
    batch_t *batch = s_free_batch (world);
    assert_int_equal (batch->worker, 3);
    assert_int_equal (batch->limit, 4);
    batch_destroy (&batch);
}

static void
test_results_have_items_scores_and_provenance (void **state)
{
    world_t *world = *state;
    batch_t *batch = s_free_batch (world);
    request_t *request = request_sample ("r1", true);
    request->history[1] = 99999; /* unknown */
    snprintf (request->user_id, sizeof request->user_id, "user_9");
    request->accepted_us = 17;
    request->queued_us = clock_monotonic_us () - 5000;
    batch->requests[batch->count++] = request;
    s_give (world, batch);
    result_t *result = s_result (world);
    assert_string_equal (result->request_id, "r1");
    assert_string_equal (result->user_id, "user_9");
    assert_string_equal (result->model_version, "v1");
    assert_int_equal (result->status, RESULT_COMPLETED);
    assert_int_equal (result->source, RESULT_FROM_MODEL);
    assert_int_equal (result->count, 3);
    assert_int_equal (result->history_used, 1);
    assert_int_equal (result->unknown_dropped, 1);
    assert_true (result->job);
    assert_int_equal (result->accepted_us, 17);
    assert_true (result->queue_us >= 5000 && result->compute_us > 0);
    for (size_t i = 0; i < result->count; i++)
        assert_int_not_equal (result->item_ids[i], 10); /* was seen */
    assert_true (result->scores[0] >= result->scores[2]);
    result_destroy (&result);
    batch = s_free_batch (world);
    batch_destroy (&batch);
}

static void
test_metrics_are_those_of_the_checkpoints_reference (void **state)
{
    world_t *world = *state;
    metric_t *lengths = metrics_histogram ("worker_history_length", "", "", NULL, 0);
    metric_t *scores = metrics_histogram ("worker_prediction_score", "", "", NULL, 0);
    double length_count = metric_value (lengths), score_count = metric_value (scores);
    batch_t *batch = s_free_batch (world);
    for (; batch->count < 2; batch->count++) {
        batch->requests[batch->count] = request_sample ("r", true);
        batch->requests[batch->count]->k = batch->count ? 15 : 3;
    }
    s_give (world, batch);
    batch = s_free_batch (world); /* all is counted before it is free again */
    batch_destroy (&batch);
    assert_true (metric_value (lengths) == length_count + 2);
    assert_true (metric_value (scores) == score_count + 3 + 10);
}

/* In the text of /metrics, within the time that publications take. */
static bool
s_rendered (const char *part)
{
    int64_t end_ms = clock_monotonic_ms () + LIMIT_MS;
    bool found = false;
    while (!found && clock_monotonic_ms () < end_ms) {
        char *text = metrics_render (NULL);
        found = strstr (text, part) != NULL;
        free (text);
        zclock_sleep (20);
    }
    return found;
}

static void
test_requests_are_compared_with_the_models_own (void **state)
{
    world_t *world = *state;
    assert_true (
        s_rendered ("\nsasrec_drift_window_requests{model_version=\"v1\"} 0\n"));
    batch_t *batch = s_free_batch (world);
    for (; batch->count < 3; batch->count++)
        batch->requests[batch->count] = request_sample ("r", true);
    s_give (world, batch);
    batch = s_free_batch (world);
    batch_destroy (&batch);
    assert_true (
        s_rendered ("\nsasrec_drift_window_requests{model_version=\"v1\"} 3\n"));
}

static void
test_scores_have_the_buckets_of_the_first_model (void **state)
{
    world_t *world = *state;
    model_ref_t *ref = model_slot_acquire (world->slot);
    const histogram_t *scores = &model_baseline (model_ref_model (ref))->scores;
    for (size_t i = 0; i < scores->bound_count; i++) {
        char part[80];
        snprintf (part, sizeof part, "\nworker_prediction_score_bucket{le=\"%.15g\"}",
            scores->bounds[i]);
        assert_true (s_rendered (part));
    }
    assert_true (scores->bound_count > 5);
    model_ref_release (&ref);
}

static void
test_an_unknown_history_is_answered_from_popularity (void **state)
{
    world_t *world = *state;
    batch_t *batch = s_free_batch (world);
    request_t *request = request_sample ("r1", false);
    request->history_count = 0;
    batch->requests[batch->count++] = request;
    s_give (world, batch);
    result_t *result = s_result (world);
    assert_int_equal (result->source, RESULT_FROM_POPULAR);
    assert_int_equal (result->count, 3);
    assert_int_equal (result->item_ids[0], 10);
    result_destroy (&result);
}

static void
test_who_waits_at_once_has_the_result_from_the_worker (void **state)
{
    world_t *world = *state;
    batch_t *batch = s_free_batch (world);
    ticket_t *ticket = ticket_new ();
    batch->requests[0] = request_sample ("at-once", false);
    batch->requests[0]->ticket = ticket_retain (ticket);
    batch->requests[1] = request_sample ("job", true);
    batch->count = 2;
    s_give (world, batch);
    assert_int_equal (ticket_outcome (ticket), TICKET_DONE);
    result_t *answer = ticket_take (ticket);
    assert_string_equal (answer->request_id, "at-once");
    assert_int_equal (answer->count, 3);
    result_destroy (&answer);
    ticket_release (&ticket);
    result_t *result = s_result (world);
    assert_string_equal (result->request_id, "job");
    result_destroy (&result);
    assert_null (result_recv (world->results));
}

static void
test_a_new_model_of_another_shape_is_used_for_the_next_batch (void **state)
{
    world_t *world = *state;
    batch_t *batch = s_free_batch (world);
    batch->requests[batch->count++] = request_sample ("old", true);
    s_give (world, batch);
    result_t *result = s_result (world);
    assert_string_equal (result->model_version, "v1");
    result_destroy (&result);
    tiny_write (&world->folder, "v2", 16);
    model_t *model = tiny_load (&world->folder, "v2");
    model_slot_put (world->slot, &model);
    batch = s_free_batch (world);
    batch->requests[batch->count++] = request_sample ("new", true);
    s_give (world, batch);
    result = s_result (world);
    assert_string_equal (result->model_version, "v2");
    result_destroy (&result);
}

static int
s_set_up_narrow (void **state)
{
    return s_set_up_limited (state, 1);
}

/* The results pipe holds half of its writer's limit here. */
static void
test_a_full_results_pipe_holds_the_worker_and_loses_nothing (void **state)
{
    world_t *world = *state;
    size_t sent = 0, received = 0;
    while (sent < ENDPOINT_RESULTS_LIMIT && arrives (world->free, 300)) {
        batch_t *batch = s_free_batch (world);
        while (batch->count < batch->limit)
            batch->requests[batch->count++] = request_sample ("r", true);
        sent += batch->count;
        s_give (world, batch);
    }
    assert_in_range (sent, ENDPOINT_RESULTS_LIMIT / 2, ENDPOINT_RESULTS_LIMIT / 2 + 8);
    while (received < sent && arrives (world->results, LIMIT_MS)) {
        result_t *result = result_recv (world->results);
        result_destroy (&result);
        received++;
    }
    assert_int_equal (received, sent);
    batch_t *batch = s_free_batch (world);
    batch_destroy (&batch);
}

static void
test_commands_are_answered_before_the_start_too (void **state)
{
    world_t *world = *state;
    actor_refuses_unknown (world->actor);
    zactor_t *idle = zactor_new (inference_worker_actor, &world->args);
    actor_refuses_unknown (idle);
    zactor_destroy (&idle);
}

#define WORLD_TEST(name) cmocka_unit_test_setup_teardown (name, s_set_up, s_tear_down)

int
main (void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST (test_a_worker_says_at_its_start_that_it_is_free),
        WORLD_TEST (test_results_have_items_scores_and_provenance),
        WORLD_TEST (test_scores_have_the_buckets_of_the_first_model),
        WORLD_TEST (test_metrics_are_those_of_the_checkpoints_reference),
        WORLD_TEST (test_requests_are_compared_with_the_models_own),
        WORLD_TEST (test_an_unknown_history_is_answered_from_popularity),
        WORLD_TEST (test_who_waits_at_once_has_the_result_from_the_worker),
        WORLD_TEST (test_a_new_model_of_another_shape_is_used_for_the_next_batch),
        cmocka_unit_test_setup_teardown (
            test_a_full_results_pipe_holds_the_worker_and_loses_nothing,
            s_set_up_narrow, s_tear_down),
        WORLD_TEST (test_commands_are_answered_before_the_start_too),
    };
    zsys_handler_set (NULL);
    return cmocka_run_group_tests (tests, NULL, NULL);
}

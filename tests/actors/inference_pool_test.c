/* Tests of the inference_pool actor. SPDX-License-Identifier: Apache-2.0 */
#include "tests/actors/actors.h"

#include "actors/batch.h"
#include "actors/endpoints.h"
#include "actors/inference_pool.h"
#include "base/metrics.h"
#include "base/actor/wire.h"
#include "tests/actors/tiny_checkpoint.h"

#define JOBS   "inproc://pool-test-jobs"
#define ONCE   "inproc://pool-test-once"
#define FREE   "inproc://pool-test-free"
#define BATCH  "inproc://pool-test-batch"
#define SETTLE "inproc://pool-test-settle"

#define WORKERS     2
#define BATCH_LIMIT 8

typedef struct {
    tiny_folder_t folder;
    model_slot_t *slot;
    atomic_size_t waiting;
    inference_pool_args_t args;
    zsock_t *jobs;             /* we are the request_producer */
    zsock_t *once;             /* and http */
    zsock_t *free;             /* and the workers */
    zsock_t *batches[WORKERS]; /* what each is given */
    zsock_t *settle;           /* and the bridge */
    zactor_t *actor;
} world_t;

static void
s_put_model (world_t *world)
{
    model_t *model = tiny_load (&world->folder, "v1");
    model_slot_put (world->slot, &model);
}

static int
s_set_up_empty (void **state)
{
    world_t *world = calloc (1, sizeof *world);
    world->folder = tiny_folder_new ();
    tiny_write (&world->folder, "v1", 8);
    world->slot = model_slot_new ();
    world->args = (inference_pool_args_t){.jobs_endpoint = JOBS,
        .once_endpoint = ONCE,
        .free_endpoint = FREE,
        .batch_endpoint = BATCH,
        .worker_count = WORKERS,
        .job_limit = 40,
        .once_limit = 8,
        .slot = world->slot,
        .waiting = &world->waiting,
        .settle_endpoint = SETTLE};
    world->settle = wire_pull_new (SETTLE, ENDPOINT_SETTLE_LIMIT);
    world->jobs = wire_push_new (JOBS, ENDPOINT_JOBS_LIMIT);
    world->once = wire_push_new (ONCE, ENDPOINT_ONCE_LIMIT);
    world->free = wire_push_new (FREE, ENDPOINT_FREE_LIMIT);
    world->batches[0] = wire_pull_new (BATCH "-0", ENDPOINT_BATCH_LIMIT);
    world->batches[1] = wire_pull_new (BATCH "-1", ENDPOINT_BATCH_LIMIT);
    world->actor = actor_start (inference_pool_actor, &world->args);
    *state = world;
    return 0;
}

static int
s_set_up (void **state)
{
    s_set_up_empty (state);
    s_put_model (*state);
    return 0;
}

static void
s_send_job (world_t *world, const char *id)
{
    request_t *request = request_sample (id, true);
    assert_int_equal (request_send (&request, world->jobs), 0);
}

static ticket_t *
s_send_once (world_t *world, const char *id)
{
    request_t *request = request_sample (id, false);
    ticket_t *ticket = ticket_new ();
    request->ticket = ticket_retain (ticket);
    assert_int_equal (request_send (&request, world->once), 0);
    return ticket;
}

/* Until the pool has that many jobs in its queue. */
static void
s_await_waiting (world_t *world, size_t count)
{
    int64_t limit_ms = clock_monotonic_ms () + LIMIT_MS;
    while (atomic_load (&world->waiting) != count && clock_monotonic_ms () < limit_ms)
        zclock_sleep (1);
    assert_int_equal (atomic_load (&world->waiting), count);
}

static void
s_worker_is_free (world_t *world, size_t worker)
{
    batch_t *batch = batch_new (worker, BATCH_LIMIT);
    assert_int_equal (batch_send (&batch, world->free), 0);
}

static batch_t *
s_batch (world_t *world, size_t worker)
{
    assert_true (arrives (world->batches[worker], LIMIT_MS));
    return batch_recv (world->batches[worker]);
}

static int
s_tear_down (void **state)
{
    world_t *world = *state;
    zactor_destroy (&world->actor);
    batch_t *batch;
    for (int i = 0; i < WORKERS; i++) {
        while ((batch = batch_recv (world->batches[i])))
            batch_destroy (&batch);
        wire_destroy (&world->batches[i]);
    }
    wire_destroy (&world->jobs);
    wire_destroy (&world->once);
    wire_destroy (&world->free);
    wire_destroy (&world->settle);
    model_slot_destroy (&world->slot);
    tiny_folder_remove (&world->folder);
    free (world);
    return 0;
}

static void
test_a_free_worker_gets_a_job_at_once (void **state)
{
    world_t *world = *state;
    s_worker_is_free (world, 1);
    s_send_job (world, "a");
    batch_t *batch = s_batch (world, 1);
    assert_int_equal (batch->count, 1);
    assert_string_equal (batch->requests[0]->request_id, "a");
    batch_destroy (&batch);
}

static void
test_what_waits_becomes_a_batch_in_order (void **state)
{
    world_t *world = *state;
    char id[16];
    for (int i = 0; i < 5; i++) {
        snprintf (id, sizeof id, "%d", i);
        s_send_job (world, id);
    }
    s_await_waiting (world, 5);
    s_worker_is_free (world, 0);
    batch_t *batch = s_batch (world, 0);
    assert_int_equal (batch->count, 5);
    assert_string_equal (batch->requests[0]->request_id, "0");
    assert_string_equal (batch->requests[4]->request_id, "4");
    batch_destroy (&batch);
    s_await_waiting (world, 0);
}

static void
test_a_batch_has_a_limit (void **state)
{
    world_t *world = *state;
    const metric_t *queued = metrics_find ("sasrec_stage_seconds", "stage=\"queued\"");
    double before = metric_value (queued);
    for (int i = 0; i < 20; i++)
        s_send_job (world, "x");
    s_await_waiting (world, 20);
    s_worker_is_free (world, 0);
    batch_t *batch = s_batch (world, 0);
    assert_int_equal (batch->count, BATCH_LIMIT);
    assert_true (metric_value (queued) == before + BATCH_LIMIT);
    batch_destroy (&batch);
    s_await_waiting (world, 20 - BATCH_LIMIT);
}

static void
test_at_once_goes_first_but_jobs_are_never_starved (void **state)
{
    world_t *world = *state;
    ticket_t *tickets[8];
    for (int i = 0; i < 8; i++)
        s_send_job (world, "job");
    s_await_waiting (world, 8);
    for (int i = 0; i < 8; i++)
        tickets[i] = s_send_once (world, "once");
    zclock_sleep (50); /* no cell tells of the at-once queue; less would pass as well */
    s_worker_is_free (world, 0);
    batch_t *batch = s_batch (world, 0);
    size_t jobs = 0;
    for (size_t i = 0; i < batch->count; i++)
        jobs += batch->requests[i]->job;
    assert_int_equal (batch->count, BATCH_LIMIT);
    assert_int_equal (jobs, 2);
    batch_destroy (&batch);
    for (int i = 0; i < 8; i++)
        ticket_release (&tickets[i]);
}

static void
test_a_full_job_queue_fills_the_senders_pipe (void **state)
{
    world_t *world = *state;
    size_t sent = 0;
    request_t *request = request_sample ("x", true);
    while (sent < 10000 && request_send (&request, world->jobs) == 0) {
        request = request_sample ("x", true);
        sent++;
    }
    request_destroy (&request);
    assert_in_range (sent, ENDPOINT_JOBS_LIMIT, ENDPOINT_JOBS_LIMIT + 40);
    s_await_waiting (world, 40);
}

static void
test_a_full_at_once_queue_is_an_answer (void **state)
{
    world_t *world = *state;
    ticket_t *tickets[9];
    for (int i = 0; i < 9; i++)
        tickets[i] = s_send_once (world, "once");
    assert_int_equal (ticket_outcome (tickets[8]), TICKET_FULL);
    for (int i = 0; i < 9; i++)
        ticket_release (&tickets[i]);
}

static void
test_nobody_computes_for_who_gave_up (void **state)
{
    world_t *world = *state;
    ticket_t *gone = s_send_once (world, "gone");
    ticket_wait (gone, 0, 0);
    s_send_job (world, "next");
    s_await_waiting (world, 1);
    s_worker_is_free (world, 0);
    batch_t *batch = s_batch (world, 0);
    assert_int_equal (batch->count, 1);
    assert_string_equal (batch->requests[0]->request_id, "next");
    batch_destroy (&batch);
    ticket_release (&gone);
}

static void
test_jobs_past_their_deadline_are_let_go (void **state)
{
    world_t *world = *state;
    request_t *late = request_sample ("late", true);
    late->deadline_ms = clock_unix_ms () - 1;
    request_send (&late, world->jobs);
    s_send_job (world, "next");
    s_await_waiting (world, 2);
    s_worker_is_free (world, 0);
    batch_t *batch = s_batch (world, 0);
    assert_int_equal (batch->count, 1);
    assert_string_equal (batch->requests[0]->request_id, "next");
    batch_destroy (&batch);
}

/* The clock of the machine that accepted it may be behind. */
static void
test_a_message_past_its_deadline_is_settled (void **state)
{
    world_t *world = *state;
    settlement_t settlement;
    for (int i = 0; i < 2; i++) {
        request_t *late = request_sample (i == 0 ? "skewed" : "late", true);
        late->receipt = (receipt_t){.held = true, .offset = i};
        late->deadline_ms = clock_unix_ms () - (i == 0 ? 3000 : 6000);
        request_send (&late, world->jobs);
    }
    s_await_waiting (world, 2);
    s_worker_is_free (world, 0);
    batch_t *batch = s_batch (world, 0);
    assert_int_equal (batch->count, 1);
    assert_string_equal (batch->requests[0]->request_id, "skewed");
    batch_destroy (&batch);
    assert_true (arrives (world->settle, LIMIT_MS));
    assert_int_equal (settlement_recv (&settlement, world->settle), 0);
    assert_int_equal (settlement.receipt.offset, 1);
    assert_false (arrives (world->settle, 0));
}

static void
test_without_a_model_at_once_is_refused_and_jobs_wait (void **state)
{
    world_t *world = *state;
    s_worker_is_free (world, 0);
    s_send_job (world, "patient");
    s_await_waiting (world, 1);
    ticket_t *ticket = s_send_once (world, "hasty");
    assert_int_equal (ticket_outcome (ticket), TICKET_UNAVAILABLE);
    assert_string_equal (ticket_reason (ticket), "no model yet: run 'sasrec train'");
    ticket_release (&ticket);
    assert_false (arrives (world->batches[0], 0));
    s_put_model (world);
    batch_t *batch = s_batch (world, 0);
    assert_string_equal (batch->requests[0]->request_id, "patient");
    batch_destroy (&batch);
}

static void
test_quiesce_lets_go_of_what_waits (void **state)
{
    world_t *world = *state;
    ticket_t *ticket = s_send_once (world, "once");
    s_send_job (world, "job");
    s_await_waiting (world, 1);
    actor_ask (world->actor, "QUIESCE");
    assert_int_equal (ticket_outcome (ticket), TICKET_UNAVAILABLE);
    ticket_release (&ticket);
    s_worker_is_free (world, 0);
    s_send_job (world, "late");
    zactor_destroy (&world->actor);
    assert_false (arrives (world->batches[0], 0));
}

static void
test_a_taken_endpoint_fails_the_start (void **state)
{
    world_t *world = *state;
    char error[CONTROL_ERROR_SIZE] = "";
    zactor_t *second = zactor_new (inference_pool_actor, &world->args);
    assert_int_equal (control_ask (second, "START", LIMIT_MS, error), -1);
    assert_non_null (strstr (error, "inference_pool"));
    zactor_destroy (&second);
}

static void
test_unknown_commands_are_answered (void **state)
{
    actor_refuses_unknown (((world_t *)*state)->actor);
}

#define WORLD_TEST(name) cmocka_unit_test_setup_teardown (name, s_set_up, s_tear_down)

int
main (void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST (test_a_free_worker_gets_a_job_at_once),
        WORLD_TEST (test_what_waits_becomes_a_batch_in_order),
        WORLD_TEST (test_a_batch_has_a_limit),
        WORLD_TEST (test_at_once_goes_first_but_jobs_are_never_starved),
        WORLD_TEST (test_a_full_job_queue_fills_the_senders_pipe),
        WORLD_TEST (test_a_full_at_once_queue_is_an_answer),
        WORLD_TEST (test_nobody_computes_for_who_gave_up),
        WORLD_TEST (test_jobs_past_their_deadline_are_let_go),
        WORLD_TEST (test_a_message_past_its_deadline_is_settled),
        cmocka_unit_test_setup_teardown (
            test_without_a_model_at_once_is_refused_and_jobs_wait, s_set_up_empty,
            s_tear_down),
        WORLD_TEST (test_quiesce_lets_go_of_what_waits),
        WORLD_TEST (test_a_taken_endpoint_fails_the_start),
        WORLD_TEST (test_unknown_commands_are_answered),
    };
    zsys_handler_set (NULL);
    return cmocka_run_group_tests (tests, NULL, NULL);
}

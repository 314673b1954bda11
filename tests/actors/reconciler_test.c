/* Tests of the reconciler actor, against a real PostgreSQL.
 * SPDX-License-Identifier: Apache-2.0 */
#include "tests/actors/postgres.h"

#include "actors/endpoints.h"
#include "actors/reconciler.h"
#include "base/actor/wire.h"
#include "base/health.h"
#include "base/metrics.h"
#include "tests/actors/tiny_checkpoint.h"

#define JOBS  "inproc://reconciler-test-jobs"
#define ENDED "inproc://reconciler-test-ended"

typedef struct {
    store_fixture_t *store;
    model_slot_t *slot;
    atomic_size_t waiting;
    atomic_size_t backlog;
    atomic_bool unsent;
    reconciler_args_t args;
    zsock_t *jobs;    /* we are the inference_pool */
    zsock_t *endings; /* what who waits is told */
    zactor_t *actor;
} world_t;

static int
s_set_up (void **state)
{
    world_t *world = calloc (1, sizeof *world);
    void *store;
    store_set_up (&store);
    health_reset ();
    health_set (health_check ("schema", true), true, NULL);
    world->store = store;
    world->slot = model_slot_new ();
    world->args = (reconciler_args_t){.jobs_endpoint = JOBS,
        .conninfo = world->store->conninfo,
        .statement_timeout_ms = 2000,
        .max_attempts = 5,
        .job_limit = 1000,
        .repeat_limit = 64,
        .backlog_limit = 100000,
        .reset_at_start = true,
        .slot = world->slot,
        .waiting = &world->waiting,
        .backlog = &world->backlog,
        .unsent = &world->unsent};
    world->jobs = wire_pull_new (JOBS, 2);
    world->endings = wire_pull_new (ENDED, ENDPOINT_ENDINGS_LIMIT);
    world->args.ended = ended_new (16, ENDED);
    *state = world;
    return 0;
}

static int
s_tear_down (void **state)
{
    world_t *world = *state;
    void *store = world->store;
    request_t *request;
    zactor_destroy (&world->actor);
    while ((request = request_recv (world->jobs)))
        request_destroy (&request);
    wire_destroy (&world->jobs);
    ending_t *ending;
    while ((ending = ending_recv (world->endings)))
        ending_destroy (&ending);
    ended_destroy (&world->args.ended);
    wire_destroy (&world->endings);
    model_slot_destroy (&world->slot);
    store_tear_down (&store);
    free (world);
    return 0;
}

static void
s_start (world_t *world)
{
    world->actor = actor_start (reconciler_actor, &world->args);
}

static request_t *
s_job (world_t *world)
{
    assert_true (arrives (world->jobs, LIMIT_MS));
    return request_recv (world->jobs);
}

static void
s_expect_job (world_t *world, int attempt)
{
    request_t *job = s_job (world);
    assert_int_equal (job->attempt, attempt);
    request_destroy (&job);
}

static void
s_put_model (world_t *world)
{
    tiny_folder_t folder = tiny_folder_new ();
    tiny_write (&folder, "v1", 8);
    model_t *model = tiny_load (&folder, "v1");
    model_slot_put (world->slot, &model);
    tiny_folder_remove (&folder);
}

static void
test_a_start_sends_what_an_earlier_process_left (void **state)
{
    world_t *world = *state;
    rows_make (world->store, 300);
    s_start (world);
    for (int i = 0; i < 300; i++) {
        request_t *job = s_job (world);
        assert_int_equal (job->history_count, 2);
        assert_int_equal (job->attempt, 2);
        assert_string_equal (job->user_id, "user_1");
        request_destroy (&job);
    }
    assert_false (arrives (world->jobs, 100)); /* each once */
}

static void
test_with_kafka_a_start_sends_nothing_again (void **state)
{
    world_t *world = *state;
    world->args.reset_at_start = false;
    rows_make (world->store, 3);
    s_start (world);
    rows_make_unsent (world->store, 9);
    s_expect_job (world, 1);
    assert_false (arrives (world->jobs, 100));
}

/* Our half of the pipe holds 1, the reconciler's 1,024. */
static void
test_what_does_not_fit_is_sent_when_there_is_room (void **state)
{
    world_t *world = *state;
    enum { COUNT = 2500 };
    static bool seen[COUNT + 1];
    memset (seen, 0, sizeof seen);
    world->args.job_limit = 100000;
    rows_make (world->store, COUNT);
    double before =
        metric_value (metrics_counter ("sasrec_producer_held_back_total", "", ""));
    s_start (world);
    int64_t limit_ms = clock_monotonic_ms () + LIMIT_MS;
    while (metric_value (metrics_counter ("sasrec_producer_held_back_total", "", "")) ==
               before &&
           clock_monotonic_ms () < limit_ms)
        zclock_sleep (1);
    for (size_t i = 0; i < COUNT; i++) {
        request_t *job = s_job (world);
        size_t number = strtoull (job->request_id + 24, NULL, 10);
        assert_false (seen[number]);
        seen[number] = true;
        request_destroy (&job);
    }
    rows_await (world->store, "dispatched_at IS NULL", 0);
}

static void
test_an_unsent_row_is_sent_soon (void **state)
{
    world_t *world = *state;
    s_start (world);
    rows_make_unsent (world->store, 1);
    atomic_store (&world->unsent, true);
    s_expect_job (world, 1);
}

static void
test_unsent_rows_wait_while_the_pool_is_half_full (void **state)
{
    world_t *world = *state;
    atomic_store (&world->waiting, 600);
    rows_make (world->store, 5);
    s_start (world);
    assert_false (arrives (world->jobs, 300));
    atomic_store (&world->waiting, 0);
    request_t *job = s_job (world);
    request_destroy (&job);
}

static void
test_rows_without_an_answer_are_sent_again (void **state)
{
    world_t *world = *state;
    s_put_model (world);
    world->args.reset_at_start = false;
    rows_make (world->store, 1);
    s_start (world);
    store_do (world->store, "UPDATE predictions SET next_attempt_at = now ()");
    s_expect_job (world, 2);
}

static void
test_a_full_queue_or_no_model_explains_a_missing_answer (void **state)
{
    world_t *world = *state;
    world->args.reset_at_start = false;
    rows_make (world->store, 1);
    s_start (world);
    store_do (world->store, "UPDATE predictions SET next_attempt_at = now ()");
    assert_false (arrives (world->jobs, 1500)); /* no model; more than one look */
    atomic_store (&world->waiting, 100);
    s_put_model (world);
    assert_false (arrives (world->jobs, 1500)); /* a queue */
    atomic_store (&world->waiting, 0);
    s_expect_job (world, 2);
}

static void
test_rows_past_their_deadline_expire (void **state)
{
    world_t *world = *state;
    world->args.reset_at_start = false;
    s_start (world);
    rows_make (world->store, 2);
    store_do (world->store, "UPDATE predictions SET deadline = now () - interval '1 s'"
                            " WHERE request_id::text LIKE '%1'");
    ending_expect (world->endings, 1, "EXPIRED");
    assert_int_equal (rows_where (world->store, "status = 'EXPIRED'"), 1);
    assert_int_equal (rows_where (world->store, "status = 'PENDING'"), 1);
    assert_false (arrives (world->endings, 0));
}

/* What others ended is not told again. */
static void
test_only_what_it_ended_is_told (void **state)
{
    world_t *world = *state;
    world->args.reset_at_start = false;
    rows_make (world->store, 2);
    store_do (world->store, "UPDATE predictions SET deadline = now () - interval '1 s',"
                            " status = CASE WHEN request_id::text LIKE '%1'"
                            "  THEN 'EXPIRED' ELSE status END");
    s_start (world);
    ending_expect (world->endings, 2, "EXPIRED");
    assert_false (arrives (world->endings, 0));
}

static void
test_the_backlog_is_counted (void **state)
{
    world_t *world = *state;
    rows_make (world->store, 7);
    s_start (world);
    int64_t limit_ms = clock_monotonic_ms () + LIMIT_MS;
    while (atomic_load (&world->backlog) != 7 && clock_monotonic_ms () < limit_ms)
        zclock_sleep (1);
    assert_int_equal (atomic_load (&world->backlog), 7);
}

/* What a trigger does in place of an UPDATE of rows with smaller numbers. */
static void
s_guard (world_t *world, const char *act, int below)
{
    char sql[400];
    snprintf (sql, sizeof sql,
        "CREATE FUNCTION guard () RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN IF NEW.request_id < '00000000-0000-7000-8000-%012d' THEN"
        " %s; END IF; RETURN NEW; END $$;"
        "CREATE TRIGGER guard BEFORE UPDATE ON predictions FOR EACH ROW"
        " EXECUTE FUNCTION guard ()",
        below, act);
    store_do (world->store, sql);
}

/* Of all kinds of change, one row each refuses. */
static void
test_a_refused_row_holds_up_no_other (void **state)
{
    world_t *world = *state;
    rows_make (world->store, 300);
    s_guard (world, "RAISE EXCEPTION 'not this one' USING ERRCODE = '45000'", 2);
    s_start (world); /* the reset, and the sending of what it made unsent */
    for (int i = 0; i < 299; i++)
        s_expect_job (world, 2);
    store_do (world->store, "ALTER TABLE predictions DISABLE TRIGGER guard;"
                            "UPDATE predictions SET deadline = now ();"
                            "ALTER TABLE predictions ENABLE TRIGGER guard");
    rows_await (world->store, "status = 'EXPIRED'", 299);
    store_do (world->store, "DROP TRIGGER guard ON predictions");
    rows_await (world->store, "status = 'EXPIRED'", 300);
}

/* More of them than are taken at a time, and they would be the first each time. */
static void
test_rows_that_are_kept_without_a_word_hold_up_no_other (void **state)
{
    world_t *world = *state;
    world->args.reset_at_start = false;
    rows_make (world->store, 1000);
    store_do (world->store,
        "UPDATE predictions SET dispatched_at = NULL, attempts = 0,"
        " next_attempt_at = '-infinity', created_at = now () -"
        " interval '1 s' * (2000 - right (request_id::text, 4)::int)");
    s_guard (world, "RETURN NULL", 901);
    s_start (world);
    for (int i = 0; i < 100; i++)
        s_expect_job (world, 1);
    store_do (world->store, "DROP TRIGGER guard ON predictions");
    for (int i = 0; i < 900; i++)
        s_expect_job (world, 1);
}

static void
test_a_locked_row_holds_up_no_other (void **state)
{
    world_t *world = *state;
    rows_make (world->store, 300);
    db_t *person = db_new (world->store->conninfo, "a person", 0);
    assert_true (db_ensure (person));
    assert_int_equal (
        db_script (person, "BEGIN; SELECT FROM predictions WHERE request_id ="
                           " '00000000-0000-7000-8000-000000000042' FOR UPDATE"),
        DB_OK);
    s_start (world);
    for (int i = 0; i < 299; i++)
        s_expect_job (world, 2);
    assert_int_equal (db_script (person, "COMMIT"), DB_OK);
    db_destroy (&person);
}

/* What was with two processes that died may have killed them: no other is out with it. */
static void
test_suspects_are_sent_one_at_a_time (void **state)
{
    world_t *world = *state;
    s_put_model (world);
    rows_make (world->store, 3);
    store_do (world->store, "UPDATE predictions SET attempts = 2");
    rows_make_unsent (world->store, 4);
    s_start (world);
    request_t *innocent = s_job (world);
    assert_string_equal (innocent->request_id + 24, "000000000004");
    request_destroy (&innocent);
    for (int i = 0; i < 3; i++) {
        request_t *suspect = s_job (world);
        assert_int_equal (suspect->attempt, 3);
        assert_false (arrives (world->jobs, 300));
        char sql[200];
        snprintf (sql, sizeof sql,
            "UPDATE predictions SET status = 'FAILED' WHERE request_id = '%s'",
            suspect->request_id);
        request_destroy (&suspect);
        store_do (world->store, sql);
    }
}

static void
test_a_row_that_killed_too_often_fails (void **state)
{
    world_t *world = *state;
    s_put_model (world);
    rows_make (world->store, 1);
    store_do (world->store, "UPDATE predictions SET attempts = 5");
    s_start (world);
    ending_expect (world->endings, 1, "FAILED");
    rows_await (world->store, "status = 'FAILED' AND error LIKE '%5 attempts'", 1);
    assert_false (arrives (world->jobs, 0));
}

static void
test_unknown_commands_are_answered (void **state)
{
    s_start (*state);
    actor_refuses_unknown (((world_t *)*state)->actor);
}

#define WORLD_TEST(name) cmocka_unit_test_setup_teardown (name, s_set_up, s_tear_down)

int
main (void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST (test_a_start_sends_what_an_earlier_process_left),
        WORLD_TEST (test_with_kafka_a_start_sends_nothing_again),
        WORLD_TEST (test_what_does_not_fit_is_sent_when_there_is_room),
        WORLD_TEST (test_an_unsent_row_is_sent_soon),
        WORLD_TEST (test_unsent_rows_wait_while_the_pool_is_half_full),
        WORLD_TEST (test_rows_without_an_answer_are_sent_again),
        WORLD_TEST (test_a_full_queue_or_no_model_explains_a_missing_answer),
        WORLD_TEST (test_rows_past_their_deadline_expire),
        WORLD_TEST (test_only_what_it_ended_is_told),
        WORLD_TEST (test_the_backlog_is_counted),
        WORLD_TEST (test_a_refused_row_holds_up_no_other),
        WORLD_TEST (test_rows_that_are_kept_without_a_word_hold_up_no_other),
        WORLD_TEST (test_a_locked_row_holds_up_no_other),
        WORLD_TEST (test_suspects_are_sent_one_at_a_time),
        WORLD_TEST (test_a_row_that_killed_too_often_fails),
        WORLD_TEST (test_unknown_commands_are_answered),
    };
    zsys_handler_set (NULL);
    return cmocka_run_group_tests (tests, NULL, NULL);
}

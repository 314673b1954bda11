/* Tests of the db_writer actor, against a real PostgreSQL.
 * SPDX-License-Identifier: Apache-2.0 */
#include "tests/actors/postgres.h"

#include <signal.h>

#include "actors/db_watch.h"
#include "actors/db_writer.h"
#include "actors/endpoints.h"
#include "base/actor/wire.h"
#include "base/health.h"
#include "base/metrics.h"

#define WRITE  "inproc://db-writer-test"
#define SETTLE "inproc://db-writer-test-settle"
#define ENDED  "inproc://db-writer-test-ended"

typedef struct {
    store_fixture_t *store;
    atomic_size_t backlog;
    db_writer_args_t args;
    zsock_t *write;   /* we are the result_router */
    zsock_t *settle;  /* and the bridge */
    zsock_t *endings; /* what is told; NULL: nothing */
    zactor_t *actor;
} world_t;

static int
s_set_up_limited (void **state, int statement_timeout_ms)
{
    world_t *world = calloc (1, sizeof *world);
    void *store;
    store_set_up (&store);
    world->store = store;
    world->args = (db_writer_args_t){.write_endpoint = WRITE,
        .conninfo = world->store->conninfo,
        .statement_timeout_ms = statement_timeout_ms,
        .batch_limit = 1000,
        .waiting_limit = 5000,
        .backlog = &world->backlog,
        .settle_endpoint = SETTLE};
    world->settle = wire_pull_new (SETTLE, ENDPOINT_SETTLE_LIMIT);
    world->write = wire_push_new (WRITE, ENDPOINT_WRITE_LIMIT);
    world->actor = actor_start (db_writer_actor, &world->args);
    *state = world;
    return 0;
}

static int
s_set_up (void **state)
{
    return s_set_up_limited (state, 2000);
}

static int
s_set_up_patient (void **state)
{
    return s_set_up_limited (state, 10000);
}

/* As the api process has it: who waits is told. */
static int
s_set_up_told (void **state)
{
    s_set_up (state);
    world_t *world = *state;
    zactor_destroy (&world->actor);
    wire_destroy (&world->write);
    world->endings = wire_pull_new (ENDED, ENDPOINT_ENDINGS_LIMIT);
    world->args.ended = ended_new (16, ENDED);
    world->write = wire_push_new (WRITE, ENDPOINT_WRITE_LIMIT);
    world->actor = actor_start (db_writer_actor, &world->args);
    return 0;
}

static int
s_tear_down (void **state)
{
    world_t *world = *state;
    void *store = world->store;
    zactor_destroy (&world->actor);
    if (world->args.ended)
        ended_destroy (&world->args.ended);
    wire_destroy (&world->endings);
    settlement_t settlement;
    while (settlement_recv (&settlement, world->settle) == 0)
        continue;
    wire_destroy (&world->settle);
    wire_destroy (&world->write);
    store_tear_down (&store);
    free (world);
    return 0;
}

static result_t *
s_result (size_t number)
{
    char id[PROTO_ID_SIZE];
    row_id (id, number);
    return result_sample (id, true);
}

static void
s_send (world_t *world, result_t *result)
{
    int64_t limit_ms = clock_monotonic_ms () + LIMIT_MS;
    while (result_send (&result, world->write) && clock_monotonic_ms () < limit_ms)
        zclock_sleep (1);
    assert_null (result);
}

static double
s_counter (const char *family)
{
    return metric_value (metrics_counter (family, "", ""));
}

static void
test_a_result_ends_its_row (void **state)
{
    world_t *world = *state;
    rows_make (world->store, 1);
    s_send (world, s_result (1));
    rows_await (world->store, "status = 'COMPLETED'", 1);
    store_assert_value (world->store,
        "SELECT concat_ws (' ', result_json->'item_ids', result_json->'scores',"
        " model_version, result_json->>'source') FROM predictions",
        "[7] [1.5] v1 model");
}

static void
test_each_ended_row_lowers_the_backlog (void **state)
{
    world_t *world = *state;
    int64_t limit_ms = clock_monotonic_ms () + LIMIT_MS;
    atomic_store (&world->backlog, 5);
    rows_make (world->store, 3);
    for (size_t i = 1; i <= 4; i++) /* the fourth has no row */
        s_send (world, s_result (i));
    rows_await (world->store, "status = 'COMPLETED'", 3);
    while (atomic_load (&world->backlog) != 2 && clock_monotonic_ms () < limit_ms)
        zclock_sleep (1);
    assert_int_equal (atomic_load (&world->backlog), 2);
}

static void
test_many_results_go_in_few_transactions (void **state)
{
    world_t *world = *state;
    rows_make (world->store, 4000);
    metric_t *batches =
        metrics_histogram ("sasrec_db_writer_batch_size", "", "", NULL, 0);
    double before = metric_value (batches);
    for (size_t i = 1; i <= 4000; i++)
        s_send (world, s_result (i));
    rows_await (world->store, "status = 'COMPLETED'", 4000);
    assert_true (metric_value (batches) - before < 1000);
}

static void
test_the_first_result_stays (void **state)
{
    world_t *world = *state;
    double before = s_counter ("sasrec_db_writer_duplicates_total");
    rows_make (world->store, 1);
    s_send (world, s_result (1));
    rows_await (world->store, "status = 'COMPLETED'", 1);
    result_t *second = s_result (1);
    snprintf (second->model_version, sizeof second->model_version, "v2");
    s_send (world, second);
    zactor_destroy (&world->actor);
    assert_int_equal (rows_where (world->store, "model_version = 'v1'"), 1);
    assert_true (s_counter ("sasrec_db_writer_duplicates_total") == before + 1);
}

static void
test_a_failed_result_ends_its_row_as_failed (void **state)
{
    world_t *world = *state;
    rows_make (world->store, 1);
    result_t *result = s_result (1);
    result->status = RESULT_FAILED;
    snprintf (result->error, sizeof result->error, "broken");
    s_send (world, result);
    rows_await (world->store, "status = 'FAILED' AND error = 'broken'", 1);
}

/* An error text that is no UTF-8: PostgreSQL refuses the whole statement. */
static void
test_a_refused_result_ends_alone (void **state)
{
    world_t *world = *state;
    rows_make (world->store, 50);
    for (size_t i = 1; i <= 50; i++) {
        result_t *result = s_result (i);
        if (i == 17) {
            result->status = RESULT_FAILED;
            snprintf (result->error, sizeof result->error, "\xff\xfe");
        }
        s_send (world, result);
    }
    rows_await (world->store, "status = 'COMPLETED'", 49);
    rows_await (world->store,
        "status = 'FAILED' AND error LIKE 'the result could not be stored:%'", 1);
}

static void
s_send_hundred (world_t *world)
{
    for (size_t i = 1; i <= 100; i++)
        s_send (world, s_result (i));
}

/* Somebody's psql, with rows locked. */
static db_t *
s_lock (world_t *world, const char *sql)
{
    db_t *other = db_new (world->store->conninfo, "a person", 0);
    assert_true (db_ensure (other));
    assert_int_equal (db_script (other, "BEGIN"), DB_OK);
    assert_int_equal (db_script (other, sql), DB_OK);
    return other;
}

static void
test_a_locked_row_holds_up_no_other (void **state)
{
    world_t *world = *state;
    rows_make (world->store, 100);
    db_t *person = s_lock (world, "SELECT FROM predictions WHERE request_id ="
                                  " '00000000-0000-7000-8000-000000000042' FOR UPDATE");
    s_send_hundred (world);
    rows_await (world->store, "status = 'COMPLETED'", 99);
    s_send (world, s_result (42));
    assert_int_equal (rows_where (world->store, "status = 'PENDING'"), 1);
    assert_int_equal (db_script (person, "COMMIT"), DB_OK);
    rows_await (world->store, "status = 'COMPLETED'", 100);
    db_destroy (&person);
}

static void
test_a_locked_table_makes_all_wait (void **state)
{
    world_t *world = *state;
    rows_make (world->store, 100);
    db_t *person = s_lock (world, "LOCK predictions IN SHARE MODE");
    s_send_hundred (world);
    zclock_sleep (500); /* some rounds; the end is what counts */
    assert_int_equal (rows_where (world->store, "status = 'PENDING'"), 100);
    assert_int_equal (db_script (person, "COMMIT"), DB_OK);
    rows_await (world->store, "status = 'COMPLETED'", 100);
    db_destroy (&person);
}

#define RAISE(code) "RAISE EXCEPTION 'not this one' USING ERRCODE = '" code "'"

/* An owner's trigger has its own SQLSTATEs, among them some of the server's; or says
 * nothing, and keeps the row as it is. */
static void
test_a_row_that_a_trigger_refuses_holds_up_no_other (void **state)
{
    world_t *world = *state;
    static const char *const acts[] = {RAISE ("45000"), RAISE ("SHOP1"),
        RAISE ("42501"), RAISE ("57P01"), RAISE ("53100"), "RETURN NULL"};
    rows_make (world->store, 100);
    for (size_t i = 0; i < sizeof acts / sizeof *acts; i++) {
        char sql[500];
        snprintf (sql, sizeof sql,
            "CREATE OR REPLACE FUNCTION guard () RETURNS trigger LANGUAGE plpgsql AS"
            " $$ BEGIN IF NEW.request_id = '00000000-0000-7000-8000-000000000042' THEN"
            " %s; END IF; RETURN NEW; END $$;"
            "CREATE OR REPLACE TRIGGER guard BEFORE UPDATE ON predictions"
            " FOR EACH ROW EXECUTE FUNCTION guard ()",
            acts[i]);
        store_do (world->store, sql);
        s_send_hundred (world);
        rows_await (world->store, "status = 'COMPLETED'", 99);
        store_do (world->store, "DROP TRIGGER guard ON predictions");
        rows_await (world->store, "status = 'COMPLETED'", 100);
        store_do (world->store, "UPDATE predictions SET status = 'PENDING',"
                                " result_json = NULL");
    }
}

static void
test_results_wait_out_an_absence_of_the_database (void **state)
{
    world_t *world = *state;
    rows_make (world->store, 200);
    postgres_control ("--stop");
    for (size_t i = 1; i <= 200; i++)
        s_send (world, s_result (i));
    postgres_control ("--start");
    rows_await (world->store, "status = 'COMPLETED'", 200);
}

/* The row was committed before: nothing is awaited here. */
static void
test_a_receipt_comes_back_after_commit (void **state)
{
    world_t *world = *state;
    settlement_t settlement;
    rows_make (world->store, 1);
    result_t *result = s_result (1);
    result->receipt =
        (receipt_t){.held = true, .topic = 1, .partition = 3, .offset = 42, .epoch = 7};
    s_send (world, result);
    assert_true (arrives (world->settle, LIMIT_MS));
    assert_int_equal (rows_where (world->store, "status = 'COMPLETED'"), 1);
    assert_int_equal (settlement_recv (&settlement, world->settle), 0);
    assert_int_equal (settlement.outcome, RECEIPT_DONE);
    assert_int_equal (settlement.receipt.partition, 3);
    assert_int_equal (settlement.receipt.offset, 42);
    assert_int_equal (settlement.receipt.epoch, 7);
}

static void
test_an_unwritten_result_keeps_its_receipt (void **state)
{
    world_t *world = *state;
    rows_make (world->store, 1);
    postgres_control ("--stop");
    result_t *result = s_result (1);
    result->receipt = (receipt_t){.held = true, .topic = 1};
    s_send (world, result);
    zactor_destroy (&world->actor);
    assert_false (arrives (world->settle, 0));
    postgres_control ("--start");
}

static void
test_a_batch_that_takes_too_long_is_written_in_parts (void **state)
{
    world_t *world = *state;
    rows_make (world->store, 100);
    rows_slow_down (world->store, "UPDATE ON predictions", 5); /* 100 rows: 500 ms */
    zactor_destroy (&world->actor);
    wire_destroy (&world->write); /* inproc does not connect again */
    world->args.statement_timeout_ms = 300;
    world->write = wire_push_new (WRITE, ENDPOINT_WRITE_LIMIT);
    world->actor = actor_start (db_writer_actor, &world->args);
    for (size_t i = 1; i <= 100; i++)
        s_send (world, s_result (i));
    rows_await (world->store, "status = 'COMPLETED'", 100);
}

static void
test_stopping_writes_what_waits (void **state)
{
    world_t *world = *state;
    rows_make (world->store, 2000);
    for (size_t i = 1; i <= 2000; i++)
        s_send (world, s_result (i));
    zactor_destroy (&world->actor);
    assert_int_equal (rows_where (world->store, "status = 'COMPLETED'"), 2000);
}

static void
test_stopping_without_a_database_does_not_hang (void **state)
{
    world_t *world = *state;
    rows_make (world->store, 1);
    postgres_control ("--stop");
    s_send (world, s_result (1));
    int64_t start_ms = clock_monotonic_ms ();
    zactor_destroy (&world->actor);
    assert_true (clock_monotonic_ms () - start_ms < DB_WRITER_FLUSH_MS + 5000);
    postgres_control ("--start");
    assert_int_equal (rows_where (world->store, "status = 'PENDING'"), 1);
}

/* A row of it sleeps in the database. */
static void
s_await_writing (world_t *world)
{
    int64_t limit_ms = clock_monotonic_ms () + LIMIT_MS;
    bool writing = false;
    while (!writing && clock_monotonic_ms () < limit_ms) {
        char *count = store_value (world->store,
            "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'");
        writing = *count != '0';
        free (count);
        zclock_sleep (5);
    }
    assert_true (writing);
}

/* What comes during a write of 1 s is written when stopping: it would take 8 s. */
static void
test_stopping_does_not_wait_for_a_long_write (void **state)
{
    world_t *world = *state;
    rows_make (world->store, 9);
    rows_slow_down (world->store, "UPDATE ON predictions", 1000);
    s_send (world, s_result (1));
    s_await_writing (world);
    for (size_t i = 2; i <= 9; i++)
        s_send (world, s_result (i));
    int64_t start_ms = clock_monotonic_ms ();
    zactor_destroy (&world->actor);
    assert_in_range (clock_monotonic_ms () - start_ms, DB_WRITER_FLUSH_MS,
        DB_WRITER_FLUSH_MS + 5000);
}

/* It lets new connections in; those that are there go on without it. */
static void
s_signal_postmaster (int signal)
{
    char path[400], line[32] = "";
    snprintf (path, sizeof path, "%s/data/postmaster.pid", getenv ("TEST_POSTGRES"));
    FILE *file = fopen (path, "r");
    assert_non_null (file);
    assert_non_null (fgets (line, sizeof line, file));
    fclose (file);
    assert_int_equal (kill ((pid_t)strtol (line, NULL, 10), signal), 0);
}

/* The connection ends in the midst of a write, and a new one would hang for 3 s. */
static void
test_stopping_does_not_connect_again (void **state)
{
    world_t *world = *state;
    rows_make (world->store, 2);
    s_send (world, s_result (1));
    rows_await (world->store, "status = 'COMPLETED'", 1);
    store_do (world->store,
        "CREATE FUNCTION cut () RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN PERFORM pg_sleep (1);"
        " PERFORM pg_terminate_backend (pg_backend_pid ()); RETURN NEW; END $$;"
        "CREATE TRIGGER cut BEFORE UPDATE ON predictions FOR EACH ROW EXECUTE FUNCTION"
        " cut ()");
    s_send (world, s_result (2));
    s_await_writing (world);
    s_signal_postmaster (SIGSTOP);
    int64_t start_ms = clock_monotonic_ms ();
    zactor_destroy (&world->actor);
    int64_t took_ms = clock_monotonic_ms () - start_ms;
    s_signal_postmaster (SIGCONT);
    assert_in_range (took_ms, 0, 1000 + 1000);
}

/* Each once, and only what ended here: not what has no row, or had ended before. */
static void
test_who_waits_is_told_after_commit (void **state)
{
    world_t *world = *state;
    char id[PROTO_ID_SIZE];
    row_id (id, 1);
    rows_make (world->store, 2);
    ended_waiter_t *waiter = ended_wait (world->args.ended, id);
    s_send (world, s_result (1));
    ending_expect (world->endings, 1, "COMPLETED");
    assert_int_equal (rows_where (world->store, "status = 'COMPLETED'"), 1);
    result_t *shown = NULL;
    assert_int_equal (ended_next (waiter, LIMIT_MS, &shown), ENDED_ROW);
    ended_leave (&waiter);
    result_t *failed = s_result (2);
    failed->status = RESULT_FAILED;
    s_send (world, s_result (3)); /* no row */
    s_send (world, s_result (1)); /* again */
    s_send (world, failed);
    ending_expect (world->endings, 2, "FAILED");
    zactor_destroy (&world->actor);
    assert_false (arrives (world->endings, 0));
}

/* Rolled back: nobody is told. */
static void
test_nobody_is_told_of_what_is_not_written (void **state)
{
    world_t *world = *state;
    rows_make (world->store, 1);
    db_t *person = s_lock (world, "LOCK TABLE predictions IN EXCLUSIVE MODE");
    s_send (world, s_result (1));
    assert_false (arrives (world->endings, 300));
    assert_int_equal (db_script (person, "COMMIT"), DB_OK);
    db_destroy (&person);
    ending_expect (world->endings, 1, "COMPLETED");
}

static void
s_await_postgres (db_watch_t *watch, bool ok)
{
    const health_t *postgres = health_check ("postgres", true);
    int64_t limit_ms = clock_monotonic_ms () + 2 * LIMIT_MS;
    do {
        assert_true (clock_monotonic_ms () < limit_ms);
        zclock_sleep (5);
        db_watch_check (watch);
    } while (health_ok (postgres) != ok);
}

/* PostgreSQL is there, and would do it for nobody: the check says so, though whoever only
 * reads has no trouble. */
static void
test_what_the_database_cannot_do_is_shown (void **state)
{
    world_t *world = *state;
    db_watch_t *watch = db_watch_new (world->store->conninfo, "another actor", 2000);
    rows_make (world->store, 1);
    s_await_postgres (watch, true);
    store_do (
        world->store, "ALTER TABLE predictions RENAME COLUMN result_json TO other");
    s_send (world, s_result (1));
    s_await_postgres (watch, false);
    store_do (
        world->store, "ALTER TABLE predictions RENAME COLUMN other TO result_json");
    rows_await (world->store, "status = 'COMPLETED'", 1);
    db_watch_destroy (&watch);
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
        WORLD_TEST (test_a_result_ends_its_row),
        WORLD_TEST (test_each_ended_row_lowers_the_backlog),
        WORLD_TEST (test_many_results_go_in_few_transactions),
        WORLD_TEST (test_the_first_result_stays),
        WORLD_TEST (test_a_failed_result_ends_its_row_as_failed),
        WORLD_TEST (test_a_refused_result_ends_alone),
        WORLD_TEST (test_a_locked_row_holds_up_no_other),
        WORLD_TEST (test_a_locked_table_makes_all_wait),
        WORLD_TEST (test_a_row_that_a_trigger_refuses_holds_up_no_other),
        WORLD_TEST (test_results_wait_out_an_absence_of_the_database),
        WORLD_TEST (test_a_receipt_comes_back_after_commit),
        WORLD_TEST (test_an_unwritten_result_keeps_its_receipt),
        WORLD_TEST (test_a_batch_that_takes_too_long_is_written_in_parts),
        WORLD_TEST (test_stopping_writes_what_waits),
        WORLD_TEST (test_stopping_without_a_database_does_not_hang),
        cmocka_unit_test_setup_teardown (test_stopping_does_not_wait_for_a_long_write,
            s_set_up_patient, s_tear_down),
        WORLD_TEST (test_stopping_does_not_connect_again),
        cmocka_unit_test_setup_teardown (
            test_who_waits_is_told_after_commit, s_set_up_told, s_tear_down),
        cmocka_unit_test_setup_teardown (
            test_nobody_is_told_of_what_is_not_written, s_set_up_told, s_tear_down),
        WORLD_TEST (test_what_the_database_cannot_do_is_shown),
        WORLD_TEST (test_unknown_commands_are_answered),
    };
    zsys_handler_set (NULL);
    return cmocka_run_group_tests (tests, NULL, NULL);
}

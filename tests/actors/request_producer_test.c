/* Tests of the request_producer actor, against a real PostgreSQL.
 * SPDX-License-Identifier: Apache-2.0 */
#include "tests/actors/postgres.h"

#include "actors/endpoints.h"
#include "actors/request_producer.h"
#include "base/health.h"
#include "base/metrics.h"
#include "base/actor/wire.h"

#define ACCEPT   "inproc://producer-test-accept"
#define JOBS     "inproc://producer-test-jobs"
#define RETURNED "inproc://producer-test-returned"

typedef struct {
    store_fixture_t *store;
    atomic_size_t backlog;
    atomic_bool unsent;
    request_producer_args_t args;
    zsock_t *accept;   /* we are http */
    zsock_t *jobs;     /* and the inference_pool */
    zsock_t *returned; /* with Kafka, the bridge */
    zactor_t *actor;
} world_t;

static int
s_set_up_stopped (void **state)
{
    world_t *world = calloc (1, sizeof *world);
    void *store;
    store_set_up (&store);
    health_reset ();
    world->store = store;
    world->args = (request_producer_args_t){.accept_endpoint = ACCEPT,
        .jobs_endpoint = JOBS,
        .conninfo = world->store->conninfo,
        .statement_timeout_ms = 2000,
        .deadline_s = 900,
        .backlog = &world->backlog,
        .unsent = &world->unsent,
        .returned_endpoint = RETURNED};
    world->accept = wire_push_new (ACCEPT, 8 * ENDPOINT_ACCEPT_LIMIT);
    world->jobs = wire_pull_new (JOBS, 2);
    world->returned = wire_push_new (RETURNED, ENDPOINT_JOBS_LIMIT);
    *state = world;
    return 0;
}

static void
s_await_ready (bool ready)
{
    int64_t limit_ms = clock_monotonic_ms () + LIMIT_MS;
    while (health_ready (NULL, 0) != ready && clock_monotonic_ms () < limit_ms)
        zclock_sleep (1);
    assert_true (health_ready (NULL, 0) == ready);
}

static void
s_start (world_t *world)
{
    world->actor = actor_start (request_producer_actor, &world->args);
    s_await_ready (true);
}

static int
s_set_up (void **state)
{
    s_set_up_stopped (state);
    s_start (*state);
    return 0;
}

static size_t
s_empty_jobs (world_t *world)
{
    size_t count = 0;
    request_t *request;
    while ((request = request_recv (world->jobs))) {
        request_destroy (&request);
        count++;
    }
    return count;
}

static int
s_tear_down (void **state)
{
    world_t *world = *state;
    void *store = world->store;
    zactor_destroy (&world->actor);
    s_empty_jobs (world);
    wire_destroy (&world->accept);
    wire_destroy (&world->jobs);
    wire_destroy (&world->returned);
    store_tear_down (&store);
    free (world);
    return 0;
}

static ticket_t *
s_send (world_t *world, const char *id)
{
    request_t *request = request_sample (id, true);
    ticket_t *ticket = ticket_new ();
    request->ticket = ticket_retain (ticket);
    assert_int_equal (request_send (&request, world->accept), 0);
    return ticket;
}

static ticket_t *
s_send_number (world_t *world, size_t number)
{
    char id[PROTO_ID_SIZE];
    row_id (id, number);
    return s_send (world, id);
}

static void
s_assert_outcome (ticket_t *ticket, ticket_status_t status)
{
    assert_int_equal (ticket_outcome (ticket), status);
    ticket_release (&ticket);
}

static request_t *
s_job (world_t *world)
{
    assert_true (arrives (world->jobs, LIMIT_MS));
    return request_recv (world->jobs);
}

static void
test_the_row_is_there_before_the_answer (void **state)
{
    world_t *world = *state;
    s_assert_outcome (s_send_number (world, 1), TICKET_DONE);
    assert_int_equal (
        rows_where (world->store, "status = 'PENDING' AND dispatched_at IS NOT NULL"),
        1);
}

static void
test_an_accepted_request_is_sent_on_without_its_ticket (void **state)
{
    world_t *world = *state;
    s_assert_outcome (s_send_number (world, 1), TICKET_DONE);
    request_t *job = s_job (world);
    assert_string_equal (job->request_id, "00000000-0000-7000-8000-000000000001");
    assert_null (job->ticket);
    assert_true (job->job);
    assert_true (job->deadline_ms > clock_unix_ms () + 800000);
    assert_int_equal (job->history_count, 2);
    request_destroy (&job);
    assert_true (atomic_load (&world->backlog) >= 1);
}

static void
test_a_client_that_gave_up_leaves_no_row (void **state)
{
    world_t *world = *state;
    store_do (world->store, "SELECT 1");
    request_t *request = request_sample ("00000000-0000-7000-8000-000000000001", true);
    ticket_t *gone = ticket_new ();
    request->ticket = ticket_retain (gone);
    ticket_wait (gone, 0, 0);
    assert_int_equal (request_send (&request, world->accept), 0);
    s_assert_outcome (s_send_number (world, 2), TICKET_DONE);
    assert_int_equal (rows_where (world->store, "true"), 1);
    ticket_release (&gone);
}

static void
test_a_refused_row_is_refused_alone (void **state)
{
    world_t *world = *state;
    ticket_t *good[40], *bad = NULL;
    for (size_t i = 0; i < 40; i++) {
        if (i == 13)
            bad = s_send (world, "not a uuid");
        good[i] = s_send_number (world, i + 1);
    }
    s_assert_outcome (bad, TICKET_FAILED);
    for (size_t i = 0; i < 40; i++)
        s_assert_outcome (good[i], TICKET_DONE);
    assert_int_equal (rows_where (world->store, "true"), 40);
}

/* How many of 60 requests that come together are accepted. */
static size_t
s_send_together (world_t *world, size_t first)
{
    ticket_t *tickets[60];
    size_t accepted = 0;
    for (size_t i = 0; i < 60; i++)
        tickets[i] = s_send_number (world, first + i);
    for (size_t i = 0; i < 60; i++) {
        accepted += ticket_outcome (tickets[i]) == TICKET_DONE;
        ticket_release (&tickets[i]);
    }
    return accepted;
}

static void
test_a_group_that_takes_too_long_makes_the_next_smaller (void **state)
{
    world_t *world = *state;
    int64_t limit_ms = clock_monotonic_ms () + LIMIT_MS;
    size_t accepted = 0;
    world->args.statement_timeout_ms = 200;
    s_start (world);
    rows_slow_down (world->store, "INSERT ON predictions", 10); /* 60 rows: 600 ms */
    for (size_t first = 1; accepted < 60 && clock_monotonic_ms () < limit_ms;
         first += 60)
        accepted = s_send_together (world, first);
    assert_int_equal (accepted, 60);
}

static void
test_no_database_is_503_and_back_within_two_seconds (void **state)
{
    world_t *world = *state;
    postgres_control ("--stop");
    s_assert_outcome (s_send_number (world, 1), TICKET_UNAVAILABLE);
    s_await_ready (false);
    s_assert_outcome (s_send_number (world, 2), TICKET_UNAVAILABLE);
    assert_false (arrives (world->jobs, 0));
    postgres_control ("--start");
    int64_t start_ms = clock_monotonic_ms ();
    s_await_ready (true);
    assert_true (clock_monotonic_ms () - start_ms < 5000); /* of a busy machine */
    s_assert_outcome (s_send_number (world, 3), TICKET_DONE);
    assert_int_equal (rows_where (world->store, "true"), 1);
}

static void
test_a_lost_database_is_noticed_without_traffic (void **state)
{
    (void)state;
    postgres_control ("--stop");
    s_await_ready (false);
    postgres_control ("--start");
    s_await_ready (true);
}

static void
test_without_the_schema_it_is_unready_and_joins_when_it_appears (void **state)
{
    world_t *world = *state;
    char error[160], reason[200] = "";
    world->args.conninfo = "dbname=without_schema";
    store_do (world->store, "CREATE DATABASE without_schema");
    world->actor = actor_start (request_producer_actor, &world->args);
    int64_t limit_ms = clock_monotonic_ms () + LIMIT_MS;
    while (!strstr (reason, "sasrec migrate") && clock_monotonic_ms () < limit_ms) {
        health_ready (reason, sizeof reason);
        zclock_sleep (1);
    }
    assert_non_null (strstr (reason, "run 'sasrec migrate'"));
    s_assert_outcome (s_send_number (world, 1), TICKET_UNAVAILABLE);
    assert_int_equal (migrate_run (world->args.conninfo, NULL, error), 0);
    s_await_ready (true);
    s_assert_outcome (s_send_number (world, 1), TICKET_DONE);
}

/* The producer's half of the pipe holds 1,024, ours 1. */
static void
test_what_does_not_fit_is_left_in_its_row (void **state)
{
    world_t *world = *state;
    enum { COUNT = 1500 };
    static ticket_t *tickets[COUNT];
    for (size_t i = 0; i < COUNT; i++)
        tickets[i] = s_send_number (world, i);
    for (size_t i = 0; i < COUNT; i++)
        s_assert_outcome (tickets[i], TICKET_DONE);
    int64_t limit_ms = clock_monotonic_ms () + LIMIT_MS;
    size_t left = 0;
    while (left < COUNT - 1026 && clock_monotonic_ms () < limit_ms)
        left = rows_where (world->store, "dispatched_at IS NULL AND attempts = 0");
    zactor_destroy (&world->actor);
    left = rows_where (world->store, "dispatched_at IS NULL AND attempts = 0");
    assert_int_equal (left + s_empty_jobs (world), COUNT);
    assert_true (atomic_load (&world->unsent));
}

/* That sending does not count. */
static void
test_what_comes_back_is_left_in_its_row (void **state)
{
    world_t *world = *state;
    s_assert_outcome (s_send_number (world, 1), TICKET_DONE);
    request_t *job = s_job (world);
    assert_int_equal (request_send (&job, world->returned), 0);
    rows_await (world->store, "dispatched_at IS NULL AND attempts = 0", 1);
}

/* Somebody's lock on the table: who waits hears so, soon, and none is accepted later. */
static void
test_a_locked_table_is_503 (void **state)
{
    world_t *world = *state;
    ticket_t *tickets[60];
    assert_int_equal (db_script (world->store->db, "BEGIN; LOCK predictions"), DB_OK);
    int64_t start_ms = clock_monotonic_ms ();
    for (size_t i = 0; i < 60; i++)
        tickets[i] = s_send_number (world, i + 1);
    for (size_t i = 0; i < 60; i++)
        s_assert_outcome (tickets[i], TICKET_UNAVAILABLE);
    assert_in_range (clock_monotonic_ms () - start_ms, 0, 10000);
    assert_int_equal (db_script (world->store->db, "COMMIT"), DB_OK);
    s_assert_outcome (s_send_number (world, 61), TICKET_DONE);
    assert_int_equal (rows_where (world->store, "true"), 1);
}

static ticket_t *
s_send_again (world_t *world, size_t number, const char *body)
{
    char id[PROTO_ID_SIZE];
    row_id (id, number);
    request_t *request = request_sample (id, true);
    ticket_t *ticket = ticket_new ();
    fingerprint (body, strlen (body), request->fingerprint);
    request->ticket = ticket_retain (ticket);
    assert_int_equal (request_send (&request, world->accept), 0);
    return ticket;
}

static void
test_what_comes_again_is_answered_and_not_sent_again (void **state)
{
    world_t *world = *state;
    s_assert_outcome (s_send_again (world, 1, "a"), TICKET_DONE);
    request_t *job = s_job (world);
    request_destroy (&job);
    s_assert_outcome (s_send_again (world, 1, "a"), TICKET_DONE);
    s_assert_outcome (s_send_again (world, 1, "b"), TICKET_CONTRADICTED);
    s_assert_outcome (s_send_number (world, 2), TICKET_DONE);
    job = s_job (world); /* in order: nothing came between */
    assert_string_equal (job->request_id, "00000000-0000-7000-8000-000000000002");
    request_destroy (&job);
    assert_int_equal (rows_where (world->store, "true"), 2);
    assert_int_equal (atomic_load (&world->backlog), 2);
}

static void
test_unknown_commands_are_answered (void **state)
{
    actor_refuses_unknown (((world_t *)*state)->actor);
}

#define WORLD_TEST(name) cmocka_unit_test_setup_teardown (name, s_set_up, s_tear_down)
#define STOPPED_TEST(name)                                                             \
    cmocka_unit_test_setup_teardown (name, s_set_up_stopped, s_tear_down)

int
main (void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST (test_the_row_is_there_before_the_answer),
        WORLD_TEST (test_what_comes_again_is_answered_and_not_sent_again),
        WORLD_TEST (test_an_accepted_request_is_sent_on_without_its_ticket),
        WORLD_TEST (test_a_client_that_gave_up_leaves_no_row),
        WORLD_TEST (test_a_refused_row_is_refused_alone),
        STOPPED_TEST (test_a_group_that_takes_too_long_makes_the_next_smaller),
        WORLD_TEST (test_no_database_is_503_and_back_within_two_seconds),
        WORLD_TEST (test_a_lost_database_is_noticed_without_traffic),
        STOPPED_TEST (test_without_the_schema_it_is_unready_and_joins_when_it_appears),
        WORLD_TEST (test_what_does_not_fit_is_left_in_its_row),
        WORLD_TEST (test_what_comes_back_is_left_in_its_row),
        WORLD_TEST (test_a_locked_table_is_503),
        WORLD_TEST (test_unknown_commands_are_answered),
    };
    zsys_handler_set (NULL);
    return cmocka_run_group_tests (tests, NULL, NULL);
}

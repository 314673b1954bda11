/* Tests of the result_router actor. SPDX-License-Identifier: Apache-2.0 */
#include "tests/actors/actors.h"

#include "actors/endpoints.h"
#include "actors/result_router.h"
#include "base/actor/wire.h"

#define RESULTS "inproc://router-test-results"
#define WRITE   "inproc://router-test-write"
#define ANSWERS "inproc://router-test-answers"

typedef struct {
    ended_t *ended;
    result_router_args_t args;
    zsock_t *results; /* we are a worker */
    zsock_t *write;   /* and the db_writer */
    zsock_t *answers; /* with Kafka, the bridge */
    zactor_t *actor;
} world_t;

static int
s_set_up (void **state)
{
    world_t *world = calloc (1, sizeof *world);
    world->ended = ended_new (16, NULL);
    world->args = (result_router_args_t){.results_endpoint = RESULTS,
        .write_endpoint = WRITE,
        .ended = world->ended,
        .answers_endpoint = ANSWERS};
    world->answers = wire_pull_new (ANSWERS, 8);
    world->write = wire_pull_new (WRITE, 8);
    world->results = wire_push_new (RESULTS, 8192);
    world->actor = actor_start (result_router_actor, &world->args);
    *state = world;
    return 0;
}

static size_t
s_empty_write (world_t *world)
{
    size_t count = 0;
    result_t *result;
    while ((result = result_recv (world->write))) {
        result_destroy (&result);
        count++;
    }
    return count;
}

static int
s_tear_down (void **state)
{
    world_t *world = *state;
    zactor_destroy (&world->actor);
    s_empty_write (world);
    wire_destroy (&world->results);
    wire_destroy (&world->write);
    wire_destroy (&world->answers);
    ended_destroy (&world->ended);
    free (world);
    return 0;
}

static void
s_send (world_t *world, result_t *result)
{
    assert_int_equal (result_send (&result, world->results), 0);
}

static bool
s_shown (world_t *world, const char *request_id, int timeout_ms)
{
    result_t *result = NULL;
    ended_waiter_t *waiter = ended_wait (world->ended, request_id);
    bool shown = ended_next (waiter, timeout_ms, &result) == ENDED_RESULT;
    result_destroy (&result);
    ended_leave (&waiter);
    return shown;
}

static bool
s_published (world_t *world, const char *request_id)
{
    return s_shown (world, request_id, LIMIT_MS);
}

static void
test_a_jobs_result_is_published_and_written (void **state)
{
    world_t *world = *state;
    s_send (world, result_sample ("job-1", true));
    assert_true (s_published (world, "job-1"));
    assert_true (arrives (world->write, LIMIT_MS));
    result_t *written = result_recv (world->write);
    assert_string_equal (written->request_id, "job-1");
    assert_int_equal (written->count, 1);
    result_destroy (&written);
}

/* It comes back over Kafka to all that listen: only then it is shown. */
static void
test_what_holds_a_receipt_is_published_only (void **state)
{
    world_t *world = *state;
    result_t *result = result_sample ("over-kafka", true);
    result->receipt = (receipt_t){.held = true, .offset = 5};
    s_send (world, result);
    assert_true (arrives (world->answers, LIMIT_MS));
    result = result_recv (world->answers);
    assert_int_equal (result->receipt.offset, 5);
    result_destroy (&result);
    assert_false (s_shown (world, "over-kafka", 0));
    assert_false (arrives (world->write, 0));
}

static void
test_a_full_writer_never_stops_the_router (void **state)
{
    world_t *world = *state;
    char id[32];
    for (int i = 0; i < 20000; i++) { /* more than the write pipe holds */
        snprintf (id, sizeof id, "job-%d", i);
        s_send (world, result_sample (id, true));
        if (i % 1000 == 999)
            assert_true (s_published (world, id));
    }
    assert_in_range (s_empty_write (world), 1, ENDPOINT_WRITE_LIMIT / 2 + 8);
}

static void
test_stopping_routes_what_waits (void **state)
{
    world_t *world = *state;
    for (int i = 0; i < 4; i++)
        s_send (world, result_sample ("last", true));
    zactor_destroy (&world->actor);
    assert_int_equal (s_empty_write (world), 4);
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
        WORLD_TEST (test_a_jobs_result_is_published_and_written),
        WORLD_TEST (test_what_holds_a_receipt_is_published_only),
        WORLD_TEST (test_a_full_writer_never_stops_the_router),
        WORLD_TEST (test_stopping_routes_what_waits),
        WORLD_TEST (test_unknown_commands_are_answered),
    };
    zsys_handler_set (NULL);
    return cmocka_run_group_tests (tests, NULL, NULL);
}

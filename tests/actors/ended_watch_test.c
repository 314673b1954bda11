/* Tests of the ended_watch actor, against a real PostgreSQL.
 * SPDX-License-Identifier: Apache-2.0 */
#include "tests/actors/postgres.h"

#include "actors/ended_watch.h"
#include "actors/endpoints.h"
#include "base/actor/wire.h"
#include "base/metrics.h"

#define ENDINGS "inproc://ended-watch-test"

typedef struct {
    store_fixture_t *store;
    ended_watch_args_t args;
    zsock_t *endings; /* we are the bridge */
    zactor_t *actor;
} world_t;

static int
s_set_up (void **state)
{
    world_t *world = calloc (1, sizeof *world);
    void *store;
    store_set_up (&store);
    world->store = store;
    world->args = (ended_watch_args_t){.endings_endpoint = ENDINGS,
        .ended = ended_new (16, NULL),
        .pool = pool_new (world->store->conninfo, "test", 1, 2000)};
    world->actor = actor_start (ended_watch_actor, &world->args);
    world->endings = wire_push_new (ENDINGS, ENDPOINT_ENDINGS_LIMIT);
    *state = world;
    return 0;
}

static int
s_tear_down (void **state)
{
    world_t *world = *state;
    void *store = world->store;
    zactor_destroy (&world->actor);
    wire_destroy (&world->endings);
    pool_destroy (&world->args.pool);
    ended_destroy (&world->args.ended);
    store_tear_down (&store);
    free (world);
    return 0;
}

static ended_waiter_t *
s_wait (world_t *world, size_t number)
{
    char id[PROTO_ID_SIZE];
    row_id (id, number);
    return ended_wait (world->args.ended, id);
}

static ended_news_t
s_next (ended_waiter_t *waiter, int limit_ms)
{
    result_t *result = NULL;
    ended_news_t news = ended_next (waiter, limit_ms, &result);
    assert_null (result);
    return news;
}

static void
s_end (world_t *world, const char *which)
{
    char sql[160];
    snprintf (sql, sizeof sql,
        "UPDATE predictions SET status = 'EXPIRED' WHERE request_id::text LIKE '%s'",
        which);
    store_do (world->store, sql);
}

/* A stranger's UPDATE, of which nobody says anything. */
static void
test_what_others_wrote_is_found (void **state)
{
    world_t *world = *state;
    rows_make (world->store, 3);
    ended_waiter_t *first = s_wait (world, 1), *third = s_wait (world, 3);
    ended_waiter_t *absent = s_wait (world, 9);
    s_end (world, "%1");
    assert_int_equal (s_next (first, LIMIT_MS), ENDED_ROW);
    assert_int_equal (s_next (third, 0), ENDED_NOTHING);
    s_end (world, "%3");
    assert_int_equal (s_next (third, LIMIT_MS), ENDED_ROW);
    assert_int_equal (s_next (absent, LIMIT_MS), ENDED_ROW); /* there is no such row */
    ended_leave (&first);
    ended_leave (&third);
    ended_leave (&absent);
}

/* As over inference.ended; the row need not be looked at. */
static void
test_what_others_publish_is_heard (void **state)
{
    world_t *world = *state;
    char id[PROTO_ID_SIZE];
    row_id (id, 1);
    rows_make (world->store, 1);
    ended_waiter_t *waiter = s_wait (world, 1);
    ending_t *ending = ending_new ("EXPIRED");
    assert_true (ending_add (ending, id));
    assert_int_equal (ending_send (&ending, world->endings), 0);
    assert_int_equal (s_next (waiter, LIMIT_MS), ENDED_ROW);
    assert_int_equal (rows_where (world->store, "status = 'PENDING'"), 1);
    ended_leave (&waiter);
}

/* An id that is none cannot have a row, and does not spoil the question for the others. */
static void
test_an_id_that_is_no_uuid_spoils_nothing (void **state)
{
    world_t *world = *state;
    rows_make (world->store, 1);
    ended_waiter_t *strange = ended_wait (world->args.ended, "no uuid");
    ended_waiter_t *waiter = s_wait (world, 1);
    s_end (world, "%1");
    assert_int_equal (s_next (waiter, LIMIT_MS), ENDED_ROW);
    assert_int_equal (s_next (strange, 0), ENDED_NOTHING);
    ended_leave (&waiter);
    ended_leave (&strange);
}

static void
test_while_nobody_waits_nothing_is_asked (void **state)
{
    world_t *world = *state;
    metric_t *looks = metrics_counter ("sasrec_ended_looks_total", "", "");
    double before = metric_value (looks);
    zclock_sleep (1200); /* a look is due each second */
    assert_true (metric_value (looks) == before);
    rows_make (world->store, 1);
    ended_waiter_t *waiter = s_wait (world, 1);
    int64_t limit_ms = clock_monotonic_ms () + LIMIT_MS;
    while (metric_value (looks) == before && clock_monotonic_ms () < limit_ms)
        zclock_sleep (5);
    assert_true (metric_value (looks) > before);
    ended_leave (&waiter);
}

static void
test_who_waits_hears_when_the_database_is_back (void **state)
{
    world_t *world = *state;
    rows_make (world->store, 1);
    ended_waiter_t *waiter = s_wait (world, 1);
    s_end (world, "%1");
    ended_leave (&waiter);
    postgres_control ("--stop");
    waiter = s_wait (world, 1);
    assert_int_equal (s_next (waiter, 1500), ENDED_NOTHING);
    postgres_control ("--start");
    assert_int_equal (s_next (waiter, LIMIT_MS), ENDED_ROW);
    ended_leave (&waiter);
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
        WORLD_TEST (test_what_others_wrote_is_found),
        WORLD_TEST (test_what_others_publish_is_heard),
        WORLD_TEST (test_an_id_that_is_no_uuid_spoils_nothing),
        WORLD_TEST (test_while_nobody_waits_nothing_is_asked),
        WORLD_TEST (test_who_waits_hears_when_the_database_is_back),
        WORLD_TEST (test_unknown_commands_are_answered),
    };
    zsys_handler_set (NULL);
    return cmocka_run_group_tests (tests, NULL, NULL);
}

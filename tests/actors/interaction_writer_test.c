/* Tests of the interaction_writer actor, against a real PostgreSQL.
 * SPDX-License-Identifier: Apache-2.0 */
#include "tests/actors/postgres.h"

#include "actors/endpoints.h"
#include "actors/interaction_writer.h"
#include "base/metrics.h"
#include "proto/interaction.h"
#include "base/actor/wire.h"

#define EVENTS "inproc://interaction-writer-test"
#define SETTLE "inproc://interaction-writer-test-settle"
#define USER   "user_1"

typedef struct {
    store_fixture_t *store;
    interaction_writer_args_t args;
    zsock_t *events; /* we are the bridge */
    zsock_t *settle;
    zactor_t *actor;
} world_t;

static int
s_set_up_limited (void **state, int statement_timeout_ms)
{
    world_t *world = calloc (1, sizeof *world);
    void *store;
    store_set_up (&store);
    world->store = store;
    world->args = (interaction_writer_args_t){.interactions_endpoint = EVENTS,
        .settle_endpoint = SETTLE,
        .conninfo = world->store->conninfo,
        .statement_timeout_ms = statement_timeout_ms};
    world->settle = wire_pull_new (SETTLE, ENDPOINT_SETTLE_LIMIT);
    world->events = wire_push_new (EVENTS, ENDPOINT_WRITE_LIMIT);
    world->actor = actor_start (interaction_writer_actor, &world->args);
    *state = world;
    return 0;
}

static int
s_set_up (void **state)
{
    return s_set_up_limited (state, 2000);
}

static int
s_set_up_hasty (void **state)
{
    return s_set_up_limited (state, 300);
}

static int
s_tear_down (void **state)
{
    world_t *world = *state;
    void *store = world->store;
    zactor_destroy (&world->actor);
    settlement_t settlement;
    while (settlement_recv (&settlement, world->settle) == 0)
        continue;
    wire_destroy (&world->settle);
    wire_destroy (&world->events);
    store_tear_down (&store);
    free (world);
    return 0;
}

/* Item and event have the same number. created_at "": when it is written. */
static void
s_send (world_t *world, size_t number, const char *created_at)
{
    interaction_t *event = calloc (1, sizeof *event);
    snprintf (event->user_id, sizeof event->user_id, USER);
    event->item_id = (int64_t)number;
    snprintf (event->event_id, sizeof event->event_id, "00000000-0000-7000-8000-%012zu",
        number);
    snprintf (event->created_at, sizeof event->created_at, "%s", created_at);
    event->receipt = (receipt_t){.held = true, .topic = 2, .offset = (int64_t)number};
    assert_int_equal (wire_send (world->events, INTERACTION_TAG, event), 0);
}

/* The first settlement is that of this event. */
static void
s_await_outcome (world_t *world, size_t number, receipt_outcome_t outcome)
{
    settlement_t settlement;
    assert_true (arrives (world->settle, LIMIT_MS));
    assert_int_equal (settlement_recv (&settlement, world->settle), 0);
    assert_int_equal (settlement.outcome, outcome);
    assert_int_equal (settlement.receipt.offset, number);
}

static void
s_await_settled (world_t *world, size_t number)
{
    s_await_outcome (world, number, RECEIPT_DONE);
}

static size_t
s_rows (world_t *world)
{
    char *value = store_value (world->store, "SELECT count(*) FROM interactions");
    size_t count = strtoull (value, NULL, 10);
    free (value);
    return count;
}

/* While it is held up, what is sent waits, and is taken as one batch after. */
static void
s_hold_up (world_t *world)
{
    assert_int_equal (db_script (world->store->db, "BEGIN; LOCK interactions"), DB_OK);
    s_send (world, 0, "");
    int64_t limit_ms = clock_monotonic_ms () + LIMIT_MS;
    char *waiting;
    do {
        waiting = store_value (world->store,
            "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
            " AND application_name = 'sasrec interaction_writer'");
        bool held_up = *waiting == '1';
        free (waiting);
        if (held_up)
            return;
        zclock_sleep (5);
    } while (clock_monotonic_ms () < limit_ms);
    fail_msg ("the writer did not begin");
}

static void
s_let_go (world_t *world)
{
    assert_int_equal (db_script (world->store->db, "COMMIT"), DB_OK);
    s_await_settled (world, 0);
}

static void
s_send_hundred_slow_ones (world_t *world)
{
    rows_slow_down (world->store, "INSERT ON interactions", 5); /* 100: 500 ms */
    s_hold_up (world);
    for (size_t i = 1; i <= 100; i++)
        s_send (world, i, "");
    s_let_go (world);
}

static void
test_an_interaction_is_settled_after_commit (void **state)
{
    world_t *world = *state;
    s_send (world, 7, "2024-02-29T12:00:00Z");
    s_await_settled (world, 7);
    store_assert_value (world->store,
        "SELECT concat_ws (' ', user_id, item_id, created_at AT TIME ZONE 'UTC')"
        " FROM interactions",
        USER " 7 2024-02-29 12:00:00");
}

static void
test_an_event_that_comes_again_is_one_row (void **state)
{
    world_t *world = *state;
    for (int i = 0; i < 2; i++) {
        s_send (world, 7, "");
        s_await_settled (world, 7);
    }
    assert_int_equal (s_rows (world), 1);
}

static void
test_a_refused_interaction_becomes_a_dead_letter (void **state)
{
    world_t *world = *state;
    s_hold_up (world);
    for (size_t i = 1; i <= 50; i++)
        s_send (world, i, i == 17 ? "99-99" : "");
    s_let_go (world);
    for (size_t i = 1; i <= 50; i++)
        s_await_outcome (world, i, i == 17 ? RECEIPT_DEAD : RECEIPT_DONE);
    assert_int_equal (s_rows (world), 50);
}

/* An owner's trigger refuses it for now: it waits, and the others do not. */
static void
test_an_interaction_in_the_way_is_set_aside (void **state)
{
    world_t *world = *state;
    store_do (world->store,
        "CREATE FUNCTION guard () RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN IF NEW.item_id = 17 THEN RAISE EXCEPTION 'not this one'"
        " USING ERRCODE = '45000'; END IF; RETURN NEW; END $$;"
        "CREATE TRIGGER guard BEFORE INSERT ON interactions FOR EACH ROW"
        " EXECUTE FUNCTION guard ()");
    s_hold_up (world);
    for (size_t i = 1; i <= 50; i++)
        s_send (world, i, "");
    s_let_go (world);
    for (size_t i = 1; i <= 50; i++)
        if (i != 17)
            s_await_settled (world, i);
    store_do (world->store, "DROP TRIGGER guard ON interactions");
    s_await_settled (world, 17);
}

static void
test_interactions_wait_out_an_absence_of_the_database (void **state)
{
    world_t *world = *state;
    postgres_control ("--stop");
    s_send (world, 7, "");
    postgres_control ("--start");
    s_await_settled (world, 7);
}

static void
test_a_batch_that_takes_too_long_is_written_in_parts (void **state)
{
    world_t *world = *state;
    s_send_hundred_slow_ones (world);
    for (size_t i = 1; i <= 100; i++)
        s_await_settled (world, i);
}

static void
test_parts_keep_the_order_of_events (void **state)
{
    world_t *world = *state;
    s_send_hundred_slow_ones (world);
    for (size_t i = 1; i <= 100; i++)
        s_await_settled (world, i);
    store_assert_value (world->store,
        "SELECT count(*) FROM (SELECT item_id - lag (item_id) OVER"
        " (ORDER BY created_at, id) AS step FROM interactions) t WHERE step = 1",
        "100");
}

typedef struct {
    double rows, duplicates, refused;
} counts_t;

static counts_t
s_counts (void)
{
    return (counts_t){
        metric_value (metrics_counter ("sasrec_interaction_writer_rows_total", "", "")),
        metric_value (
            metrics_counter ("sasrec_interaction_writer_duplicates_total", "", "")),
        metric_value (
            metrics_counter ("sasrec_interaction_writer_refused_total", "", ""))};
}

/* The batch is bisected, and its second half has to be tried again. */
static void
test_each_event_counts_once (void **state)
{
    world_t *world = *state;
    store_do (world->store,
        "CREATE SEQUENCE tries;"
        "CREATE FUNCTION fail_once () RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN IF NEW.item_id = 3 AND nextval ('tries') = 1 THEN"
        " RAISE EXCEPTION USING ERRCODE = 'serialization_failure'; END IF;"
        " RETURN NEW; END $$;"
        "CREATE TRIGGER fail_once BEFORE INSERT ON interactions FOR EACH ROW"
        " EXECUTE FUNCTION fail_once ()");
    counts_t before = s_counts ();
    s_hold_up (world);
    for (size_t i = 1; i <= 4; i++)
        s_send (world, i, i == 2 ? "99-99" : "");
    s_let_go (world);
    for (size_t i = 1; i <= 4; i++)
        s_await_outcome (world, i, i == 2 ? RECEIPT_DEAD : RECEIPT_DONE);
    store_assert_value (world->store, "SELECT last_value FROM tries", "2");
    counts_t after = s_counts ();
    assert_true (after.rows - before.rows == 4); /* with the one that held it up */
    assert_true (after.duplicates == before.duplicates);
    assert_true (after.refused - before.refused == 1);
}

static void
test_unknown_commands_are_answered (void **state)
{
    actor_refuses_unknown (((world_t *)*state)->actor);
}

#define WORLD_TEST(name) cmocka_unit_test_setup_teardown (name, s_set_up, s_tear_down)
#define HASTY_TEST(name)                                                               \
    cmocka_unit_test_setup_teardown (name, s_set_up_hasty, s_tear_down)

int
main (void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST (test_an_interaction_is_settled_after_commit),
        WORLD_TEST (test_an_event_that_comes_again_is_one_row),
        WORLD_TEST (test_a_refused_interaction_becomes_a_dead_letter),
        WORLD_TEST (test_an_interaction_in_the_way_is_set_aside),
        WORLD_TEST (test_interactions_wait_out_an_absence_of_the_database),
        HASTY_TEST (test_a_batch_that_takes_too_long_is_written_in_parts),
        HASTY_TEST (test_parts_keep_the_order_of_events),
        WORLD_TEST (test_each_event_counts_once),
        WORLD_TEST (test_unknown_commands_are_answered),
    };
    zsys_handler_set (NULL);
    return cmocka_run_group_tests (tests, NULL, NULL);
}

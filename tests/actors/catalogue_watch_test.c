/* Tests of the catalogue_watch actor, against a real PostgreSQL.
 * SPDX-License-Identifier: Apache-2.0 */
#include "tests/actors/postgres.h"

#include "actors/catalogue_watch.h"
#include "base/health.h"
#include "base/metrics.h"
#include "tests/actors/tiny_checkpoint.h"

typedef struct {
    store_fixture_t *store;
    tiny_folder_t folder;
    catalogue_watch_args_t args;
    zactor_t *actor; /* not started before a test says so */
} world_t;

static int
s_set_up (void **state)
{
    world_t *world = calloc (1, sizeof *world);
    void *store;
    health_reset ();
    store_set_up (&store);
    world->store = store;
    world->folder = tiny_folder_new ();
    tiny_write (&world->folder, "v1", 8);
    world->args = (catalogue_watch_args_t){.conninfo = world->store->conninfo,
        .statement_timeout_ms = 2000,
        .slot = model_slot_new ()};
    model_slot_await_catalogue (world->args.slot);
    model_t *model = tiny_load (&world->folder, "v1");
    model_slot_put (world->args.slot, &model);
    *state = world;
    return 0;
}

static int
s_tear_down (void **state)
{
    world_t *world = *state;
    void *store = world->store;
    zactor_destroy (&world->actor);
    model_slot_destroy (&world->args.slot);
    tiny_folder_remove (&world->folder);
    store_tear_down (&store);
    free (world);
    return 0;
}

static void
s_start (world_t *world)
{
    world->actor = actor_start (catalogue_watch_actor, &world->args);
}

/* "10 20": the first items that are hidden; "?" while nothing is known. */
static void
s_hidden (world_t *world, char text[200])
{
    model_ref_t *ref = model_slot_acquire (world->args.slot);
    snprintf (text, 200, "%s", ref ? "" : "?");
    const uint64_t *hidden = ref ? offer_hidden (model_ref_offer (ref)) : NULL;
    for (size_t i = 0; hidden && i < model_item_count (model_ref_model (ref)); i++)
        if (hidden[i / 64] >> i % 64 & 1)
            snprintf (text + strlen (text), 200 - strlen (text), "%s%d",
                *text ? " " : "", (int)model_item_id (model_ref_model (ref), i));
    model_ref_release (&ref);
}

static void
s_await_hidden (world_t *world, const char *expected)
{
    char text[200];
    int64_t limit_ms = clock_monotonic_ms () + LIMIT_MS;
    do {
        s_hidden (world, text);
        zclock_sleep (5);
    } while (strcmp (text, expected) && clock_monotonic_ms () < limit_ms);
    assert_string_equal (text, expected);
}

static void
test_what_is_hidden_before_the_start_is_known_before_there_is_a_model (void **state)
{
    world_t *world = *state;
    char text[200];
    store_do (world->store, "INSERT INTO items (item_id, hidden) VALUES (10, true)");
    s_hidden (world, text);
    assert_string_equal (text, "?");
    s_start (world);
    s_await_hidden (world, "10");
    assert_true (health_ok (health_check ("catalogue", true)));
}

static void
test_changes_are_taken_up (void **state)
{
    world_t *world = *state;
    s_start (world);
    s_await_hidden (world, "");
    store_do (world->store, "INSERT INTO items (item_id, hidden) VALUES (20, true)");
    s_await_hidden (world, "20");
    store_do (world->store, "UPDATE items SET hidden = false, expires_at = now ()");
    s_await_hidden (world, "20");
    store_do (world->store,
        "UPDATE items SET expires_at = now () + interval '1 h', categories = '{a}';"
        "INSERT INTO items (item_id) VALUES (30); DELETE FROM items WHERE item_id = "
        "30");
    s_await_hidden (world, "30");
    model_ref_t *ref = model_slot_acquire (world->args.slot);
    const offer_t *offer = model_ref_offer (ref);
    assert_int_equal (categories_find (offer_categories (offer), "a"), 0);
    model_ref_release (&ref);
}

/* A server that was restored from a backup may say other things than before. */
static void
test_what_was_known_stays_while_the_database_is_away_then_all_is_read (void **state)
{
    world_t *world = *state;
    metric_t *reads = metrics_counter ("sasrec_catalogue_reads_total", "", "");
    store_do (world->store, "INSERT INTO items (item_id, hidden) VALUES (10, true)");
    s_start (world);
    s_await_hidden (world, "10");
    double before = metric_value (reads);
    postgres_control ("--stop");
    zclock_sleep (700); /* a look is due */
    s_await_hidden (world, "10");
    postgres_control ("--start");
    store_do (world->store, "UPDATE items SET hidden = false");
    s_await_hidden (world, "");
    assert_true (metric_value (reads) > before);
}

static void
test_without_its_tables_it_waits_and_says_so (void **state)
{
    world_t *world = *state;
    store_do (world->store, "ALTER TABLE item_changes RENAME TO elsewhere");
    s_start (world);
    health_t *health = health_check ("catalogue", true);
    char *text = NULL;
    int64_t limit_ms = clock_monotonic_ms () + LIMIT_MS;
    do {
        free (text);
        text = health_render ();
        zclock_sleep (5);
    } while (!strstr (text, "item_changes") && clock_monotonic_ms () < limit_ms);
    assert_non_null (strstr (text, "item_changes"));
    free (text);
    assert_false (health_ok (health));
    assert_false (model_slot_has (world->args.slot));
    store_do (world->store, "ALTER TABLE elsewhere RENAME TO item_changes");
    s_await_hidden (world, "");
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
        WORLD_TEST (
            test_what_is_hidden_before_the_start_is_known_before_there_is_a_model),
        WORLD_TEST (test_changes_are_taken_up),
        WORLD_TEST (
            test_what_was_known_stays_while_the_database_is_away_then_all_is_read),
        WORLD_TEST (test_without_its_tables_it_waits_and_says_so),
        WORLD_TEST (test_unknown_commands_are_answered),
    };
    zsys_handler_set (NULL);
    return cmocka_run_group_tests (tests, NULL, NULL);
}

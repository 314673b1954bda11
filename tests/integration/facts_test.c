/* What is new of items, against a real PostgreSQL. SPDX-License-Identifier: Apache-2.0 */
#include "store_fixture.h"

#include "base/strbuf.h"
#include "store/facts.h"

typedef struct {
    store_fixture_t *store;
    facts_t *facts;
    strbuf_t told; /* "10 hidden [a|b]; ..." */
} world_t;

static int
s_set_up (void **state)
{
    world_t *world = calloc (1, sizeof *world);
    void *store;
    store_set_up (&store);
    world->store = store;
    world->facts = facts_new ();
    *state = world;
    return 0;
}

static int
s_tear_down (void **state)
{
    world_t *world = *state;
    void *store = world->store;
    facts_destroy (&world->facts);
    strbuf_free (&world->told);
    store_tear_down (&store);
    free (world);
    return 0;
}

static void
s_note (void *context, const fact_t *fact)
{
    strbuf_t *told = &((world_t *)context)->told;
    strbuf_addf (told, "%s%lld%s", told->length > 0 ? "; " : "",
        (long long)fact->item_id, fact->hidden ? " hidden" : "");
    if (fact->from_ms != INT64_MIN)
        strbuf_addf (told, " from %lld", (long long)fact->from_ms);
    if (fact->until_ms != INT64_MAX)
        strbuf_addf (told, " until %lld", (long long)fact->until_ms);
    if (*fact->categories)
        strbuf_addf (told, " [%s]", fact->categories);
}

static void
s_assert_told (world_t *world, const char *expected)
{
    for (char *at = world->told.data; at && *at; at++)
        *at = *at == FACT_SEPARATOR ? '|' : *at;
    assert_string_equal (world->told.data ? world->told.data : "", expected);
    strbuf_clear (&world->told);
}

static void
s_expect_all (world_t *world, const char *expected)
{
    assert_int_equal (
        facts_read_all (world->facts, world->store->db, s_note, world), DB_OK);
    s_assert_told (world, expected);
}

static void
s_expect_new (world_t *world, const char *expected)
{
    bool overflow;
    assert_int_equal (
        facts_read_new (world->facts, world->store->db, s_note, world, &overflow),
        DB_OK);
    assert_false (overflow);
    s_assert_told (world, expected);
}

static void
s_all_items_are_told_once (void **state)
{
    world_t *world = *state;
    store_do (world->store,
        "INSERT INTO items (item_id, hidden, category, categories, available_from,"
        " expires_at) VALUES (20, true, NULL, NULL, NULL, NULL),"
        " (10, false, 'a', '{a,b}', '1970-01-01T00:00:05.25Z', '1970-01-02T00:00Z'),"
        " (30, false, 'c', NULL, '-infinity', 'infinity')");
    s_expect_all (world, "10 from 5250 until 86400000 [a|b]; 20 hidden; 30 [c]");
    s_expect_new (world, "");
}

static void
s_times_that_nobody_can_write_are_before_or_after_all (void **state)
{
    world_t *world = *state;
    store_do (world->store, "INSERT INTO items (item_id, available_from, expires_at)"
                            " VALUES (1, 'infinity', NULL), (2, NULL, '-infinity'),"
                            " (3, '0044-03-15 BC', '10000-01-01Z')");
    assert_int_equal (
        facts_read_all (world->facts, world->store->db, s_note, world), DB_OK);
    s_assert_told (world, "1 hidden; 2 hidden; 3");
}

static void
s_what_changes_is_new_once (void **state)
{
    world_t *world = *state;
    s_expect_all (world, "");
    store_do (world->store, "INSERT INTO items (item_id) VALUES (1), (2), (3)");
    s_expect_new (world, "1; 2; 3");
    s_expect_new (world, "");
    store_do (world->store, "UPDATE items SET hidden = true WHERE item_id = 2");
    s_expect_new (world, "2 hidden");
    store_do (world->store,
        "INSERT INTO items (item_id, category) VALUES (2, 'x'), (4, 'y')"
        " ON CONFLICT (item_id) DO UPDATE SET hidden = false");
    s_expect_new (world, "2; 4 [y]");
    store_do (world->store, "BEGIN; UPDATE items SET hidden = true; ROLLBACK");
    s_expect_new (world, "");
}

static void
s_what_is_gone_is_hidden_until_it_comes_back (void **state)
{
    world_t *world = *state;
    store_do (world->store, "INSERT INTO items (item_id) VALUES (1), (2), (3)");
    s_expect_all (world, "1; 2; 3");
    store_do (world->store, "DELETE FROM items WHERE item_id = 2");
    s_expect_new (world, "2 hidden");
    store_do (world->store, "UPDATE items SET item_id = 5 WHERE item_id = 3");
    s_expect_new (world, "3 hidden; 5");
    s_expect_all (world, "1; 5; 2 hidden; 3 hidden");
    store_do (world->store, "INSERT INTO items (item_id) VALUES (2)");
    s_expect_new (world, "2");
    store_do (world->store, "TRUNCATE items");
    s_expect_new (world, "1 hidden; 2 hidden; 5 hidden");
}

/* Its number is older than what was committed before it, and looked at. */
static void
s_a_transaction_that_commits_late_is_not_missed (void **state)
{
    world_t *world = *state;
    s_expect_all (world, "");
    PGconn *late = PQconnectdb (world->store->conninfo);
    PQclear (PQexec (late, "BEGIN; INSERT INTO items (item_id) VALUES (1)"));
    store_do (world->store, "INSERT INTO items (item_id) VALUES (2)");
    s_expect_new (world, "2");
    store_do (world->store, "INSERT INTO items (item_id) VALUES (3)");
    s_expect_new (world, "3");
    PQclear (PQexec (late, "COMMIT"));
    PQfinish (late);
    s_expect_new (world, "1");
    s_expect_new (world, "");
}

static void
s_too_much_is_to_be_read_as_a_whole (void **state)
{
    world_t *world = *state;
    char sql[120];
    bool overflow;
    s_expect_all (world, "");
    snprintf (sql, sizeof sql,
        "INSERT INTO items (item_id) SELECT generate_series (0, %d)", FACTS_NEW_MOST);
    store_do (world->store, sql);
    assert_int_equal (
        facts_read_new (world->facts, world->store->db, s_note, world, &overflow),
        DB_OK);
    assert_true (overflow);
    s_assert_told (world, "");
    assert_int_equal (
        facts_read_all (world->facts, world->store->db, s_note, world), DB_OK);
    strbuf_clear (&world->told);
    s_expect_new (world, "");
}

/* Numbers of another server's transactions, as after a restore of a dump. */
static void
s_numbers_of_the_future_are_no_news (void **state)
{
    world_t *world = *state;
    store_do (world->store, "INSERT INTO items (item_id) VALUES (1);"
                            "UPDATE item_changes SET changed = '9999999999999'");
    s_expect_all (world, "1");
    s_expect_new (world, "");
    store_do (world->store, "UPDATE items SET hidden = true");
    s_expect_new (world, "1 hidden");
}

/* Whoever may write items need not know of our tables, nor have our schema first. */
static void
s_others_may_write_items (void **state)
{
    world_t *world = *state;
    s_expect_all (world, "");
    store_do (world->store, "DROP ROLE IF EXISTS clerk; CREATE ROLE clerk;"
                            "GRANT USAGE ON SCHEMA public TO clerk;"
                            "GRANT INSERT ON items TO clerk;"
                            "SET ROLE clerk; SET search_path = pg_catalog;"
                            "INSERT INTO public.items (item_id) VALUES (1);"
                            "RESET ROLE");
    s_expect_new (world, "1");
    store_do (world->store, "DROP OWNED BY clerk; DROP ROLE clerk");
}

#define FACTS_TEST(function)                                                           \
    cmocka_unit_test_setup_teardown (function, s_set_up, s_tear_down)

int
main (void)
{
    const struct CMUnitTest tests[] = {
        FACTS_TEST (s_all_items_are_told_once),
        FACTS_TEST (s_times_that_nobody_can_write_are_before_or_after_all),
        FACTS_TEST (s_what_changes_is_new_once),
        FACTS_TEST (s_what_is_gone_is_hidden_until_it_comes_back),
        FACTS_TEST (s_a_transaction_that_commits_late_is_not_missed),
        FACTS_TEST (s_too_much_is_to_be_read_as_a_whole),
        FACTS_TEST (s_numbers_of_the_future_are_no_news),
        FACTS_TEST (s_others_may_write_items),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

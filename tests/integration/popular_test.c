/* What has been chosen most of late, against a real PostgreSQL.
 * SPDX-License-Identifier: Apache-2.0 */
#include "store_fixture.h"

#include "store/popular.h"

/* Item n has n interactions of today; item 9 has many, ten days ago. */
static const char s_rows[] =
    "INSERT INTO interactions (user_id, item_id, created_at)"
    " SELECT 'u', i, now () - interval '1 hour' FROM generate_series (1, 5) i,"
    "  generate_series (1, i);"
    "INSERT INTO interactions (user_id, item_id, created_at)"
    " SELECT 'u', 9, now () - interval '10 days' FROM generate_series (1, 50);"
    "INSERT INTO interactions (user_id, item_id) VALUES ('u', 7);"
    "INSERT INTO items (item_id, category, hidden) VALUES (5, 'a', true),"
    " (4, 'a', false), (3, 'b', false), (1, 'a', false)";

static void
s_assert_popular (store_fixture_t *self, int days, const char *category, size_t k,
    const char *expected)
{
    popular_t popular;
    char joined[200] = "";
    assert_int_equal (popular_find (self->db, days, category, k, &popular), DB_OK);
    for (size_t i = 0; i < popular.count; i++) {
        char one[40];
        snprintf (one, sizeof one, "%s%lld:%lld", i ? " " : "",
            (long long)popular.item_ids[i], (long long)popular.counts[i]);
        strcat (joined, one);
    }
    assert_string_equal (joined, expected);
    popular_free (&popular);
}

static void
s_the_most_chosen_come_first (void **state)
{
    store_do (*state, s_rows);
    s_assert_popular (*state, 7, "", 10, "4:4 3:3 2:2 1:1 7:1");
    s_assert_popular (*state, 7, "", 2, "4:4 3:3");
}

static void
s_days_reach_back (void **state)
{
    store_do (*state, s_rows);
    s_assert_popular (*state, 11, "", 2, "9:50 4:4");
}

static void
s_a_category_is_its_items_alone (void **state)
{
    store_do (*state, s_rows);
    s_assert_popular (*state, 7, "a", 10, "4:4 1:1");
    s_assert_popular (*state, 7, "none", 10, "");
}

static void
s_an_item_has_several_categories (void **state)
{
    store_do (*state, s_rows);
    store_do (*state, "UPDATE items SET categories = '{b,a}' WHERE item_id = 4");
    s_assert_popular (*state, 7, "a", 10, "4:4 1:1");
    s_assert_popular (*state, 7, "b", 10, "4:4 3:3");
}

static void
s_what_is_not_on_offer_is_left_out (void **state)
{
    store_do (*state, s_rows);
    store_do (*state, "UPDATE items SET expires_at = now () WHERE item_id = 4;"
                      "UPDATE items SET expires_at = now () + interval '1 h',"
                      " available_from = now () WHERE item_id = 3;"
                      "INSERT INTO items (item_id, available_from)"
                      " VALUES (2, now () + interval '1 h');"
                      "DELETE FROM items WHERE item_id = 1");
    s_assert_popular (*state, 7, "", 10, "3:3 7:1");
}

static void
s_without_interactions_there_is_nothing (void **state)
{
    s_assert_popular (*state, 7, "", 10, "");
}

/* The table of years is not read for a question about days. */
static void
s_the_time_has_an_index (void **state)
{
    store_assert_value (*state,
        "SELECT amname FROM pg_class c JOIN pg_am a ON a.oid = c.relam"
        " WHERE relname = 'interactions_created'",
        "brin");
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        STORE_TEST (s_the_most_chosen_come_first),
        STORE_TEST (s_days_reach_back),
        STORE_TEST (s_a_category_is_its_items_alone),
        STORE_TEST (s_an_item_has_several_categories),
        STORE_TEST (s_what_is_not_on_offer_is_left_out),
        STORE_TEST (s_without_interactions_there_is_nothing),
        STORE_TEST (s_the_time_has_an_index),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

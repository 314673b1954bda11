/* The table items, against a real PostgreSQL. SPDX-License-Identifier: Apache-2.0 */
#include "store_fixture.h"

#include "store/items.h"

static const item_t s_items[] = {
    {10, (char *)"Ten", (char *)"numbers"},
    {2, (char *)"Zwölf Äpfel", NULL},
    {7, NULL, NULL},
    {100, (char *)"100% \"off\", {a,b}\\", (char *)""},
};

#define S_ITEM_COUNT (sizeof s_items / sizeof *s_items)

static void
s_put_all (store_fixture_t *self)
{
    assert_int_equal (items_put (self->db, s_items, S_ITEM_COUNT), DB_OK);
}

static void
s_put_items_are_found_by_id (void **state)
{
    store_fixture_t *self = *state;
    s_put_all (self);
    const int64_t ids[] = {100, 5, 7, 100};
    item_t *items;
    size_t count;
    assert_int_equal (items_find (self->db, ids, 4, &items, &count), DB_OK);
    assert_int_equal (count, 2);
    assert_int_equal (items[0].item_id, 7);
    assert_null (items[0].title);
    assert_string_equal (items[1].title, s_items[3].title);
    assert_string_equal (items[1].category, "");
    items_free (&items, count);
    assert_null (items);
}

static void
s_put_replaces_and_the_last_of_a_batch_counts (void **state)
{
    store_fixture_t *self = *state;
    s_put_all (self);
    const item_t again[] = {{10, (char *)"x", NULL}, {10, (char *)"Dix", NULL}};
    assert_int_equal (items_put (self->db, again, 2), DB_OK);
    store_assert_value (self,
        "SELECT title || (category IS NULL) FROM items WHERE item_id = 10", "Dixtrue");
}

static void
s_put_refuses_ids_outside_the_range (void **state)
{
    store_fixture_t *self = *state;
    const item_t items[] = {{1, NULL, NULL}, {INT64_C (9007199254740992), NULL, NULL}};
    assert_int_equal (items_put (self->db, items, 2), DB_DATA);
    store_assert_value (self, "SELECT count (*) FROM items", "0");
}

static void
s_put_belongs_to_the_callers_transaction (void **state)
{
    store_fixture_t *self = *state;
    assert_int_equal (db_script (self->db, "BEGIN"), DB_OK);
    s_put_all (self);
    assert_int_equal (db_script (self->db, "ROLLBACK"), DB_OK);
    store_assert_value (self, "SELECT count (*) FROM items", "0");
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        STORE_TEST (s_put_items_are_found_by_id),
        STORE_TEST (s_put_replaces_and_the_last_of_a_batch_counts),
        STORE_TEST (s_put_refuses_ids_outside_the_range),
        STORE_TEST (s_put_belongs_to_the_callers_transaction),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

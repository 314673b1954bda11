/* Keys of items, against a real PostgreSQL. SPDX-License-Identifier: Apache-2.0 */
#include "store_fixture.h"

#include "base/item_key.h"
#include "store/interactions.h"
#include "store/item_names.h"

static void
s_make (store_fixture_t *self, const char *const *keys, size_t count, int64_t *ids)
{
    for (size_t i = 0; i < count; i++)
        ids[i] = -1;
    assert_int_equal (item_names_make (self->db, keys, count, ids), DB_OK);
}

/* Another item has the integer that the key would get. */
static void
s_take_place_of (store_fixture_t *self, const char *key, const char *other)
{
    char sql[200];
    snprintf (sql, sizeof sql,
        "INSERT INTO items (item_id, item_key) VALUES (item_id_of ('%s'), %s)", key,
        other);
    store_do (self, sql);
}

static void
the_database_computes_the_same_integers (void **state)
{
    store_fixture_t *self = *state;
    static const char *const keys[] = {"SKU-12", "0316769487", "\xc3\xa9", "a b"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        for (unsigned attempt = 0; attempt < 3; attempt++) {
            char sql[80], expected[24];
            snprintf (
                sql, sizeof sql, "SELECT item_id_of ('%s', %u)", keys[i], attempt);
            snprintf (expected, sizeof expected, "%lld",
                (long long)item_key_id (keys[i], attempt));
            store_assert_value (self, sql, expected);
        }
}

static void
new_keys_are_made_and_known_ones_kept (void **state)
{
    store_fixture_t *self = *state;
    static const char *const keys[] = {"b", "a", "b"}, *const again[] = {"c", "a"};
    int64_t ids[3], others[2];
    s_make (self, keys, 3, ids);
    assert_int_equal (ids[0], item_key_id ("b", 0));
    assert_int_equal (ids[1], item_key_id ("a", 0));
    assert_int_equal (ids[2], ids[0]);
    s_make (self, again, 2, others);
    assert_int_equal (others[1], ids[1]);
    store_assert_value (self, "SELECT count (*) FROM items", "3");
}

static void
a_key_whose_integer_is_taken_gets_the_next (void **state)
{
    store_fixture_t *self = *state;
    static const char *const keys[] = {"a", "b"};
    int64_t ids[2];
    s_take_place_of (self, "a", "'other'");
    s_take_place_of (self, "b", "NULL"); /* an integer of people's own */
    s_make (self, keys, 2, ids);
    assert_int_equal (ids[0], item_key_id ("a", 1));
    assert_int_equal (ids[1], item_key_id ("b", 1));
    int64_t found[2];
    assert_int_equal (item_names_find (self->db, keys, 2, found), DB_OK);
    assert_memory_equal (found, ids, sizeof ids);
}

static void
keys_are_told_for_an_answer (void **state)
{
    store_fixture_t *self = *state;
    static const char *const keys[] = {"a", "b,\"c"};
    int64_t ids[2];
    char *texts;
    s_make (self, keys, 2, ids);
    const int64_t asked[] = {ids[1], 7, ids[0], ids[1]}, none[] = {7, 8};
    assert_int_equal (item_names_of (self->db, asked, 4, &texts), DB_OK);
    assert_memory_equal (texts, "b,\"c\0\0a\0b,\"c", 13);
    free (texts);
    assert_int_equal (item_names_of (self->db, none, 2, &texts), DB_OK);
    assert_null (texts);
    const int64_t unknown[] = {ITEM_KEY_FIRST};
    assert_int_equal (item_names_of (self->db, unknown, 1, &texts), DB_OK);
    assert_null (texts);
}

static void
a_name_is_an_integer_that_is_there_or_else_a_key (void **state)
{
    store_fixture_t *self = *state;
    static const char *const keys[] = {"42", "43", "x"};
    static const char *const names[] = {"42", "43", "44", "x", "y", "007"};
    int64_t ids[3], found[6];
    s_make (self, keys, 3, ids);
    store_do (self, "INSERT INTO items (item_id) VALUES (42)");
    assert_int_equal (item_names_resolve (self->db, names, 6, found), DB_OK);
    const int64_t expected[] = {42, ids[1], 44, ids[2], -1, -1};
    assert_memory_equal (found, expected, sizeof expected);
}

static void
s_note (void *context, int64_t item_id, const char *key)
{
    strbuf_t *seen = context;
    assert_int_equal (item_id, item_key_id (key, 0));
    strbuf_addf (seen, "[%s]", key);
}

static void
all_keys_are_streamed (void **state)
{
    store_fixture_t *self = *state;
    strbuf_t seen = STRBUF_EMPTY;
    char error[160];
    assert_int_equal (item_names_each (self->db, s_note, &seen, error), 0);
    assert_int_equal (seen.length, 0);
    store_do (self,
        "INSERT INTO items (item_id) VALUES (42);"
        "INSERT INTO items (item_id, item_key) VALUES (item_id_of ('a'), 'a'),"
        " (item_id_of ('b c'), 'b c')");
    assert_int_equal (item_names_each (self->db, s_note, &seen, error), 0);
    assert_true (strstr (seen.data, "[a]") && strstr (seen.data, "[b c]"));
    assert_int_equal (seen.length, 8);
    strbuf_free (&seen);
}

static interaction_t
s_event (const char *key, int64_t item_id)
{
    interaction_t event = {.item_id = item_id, .user_id = "u"};
    snprintf (event.item_key, sizeof event.item_key, "%s", key);
    return event;
}

static void
interactions_bring_their_keys (void **state)
{
    store_fixture_t *self = *state;
    interaction_t events[] = {s_event ("new", -1), s_event ("", 7), s_event ("new", -1),
        s_event ("taken", -1)};
    interaction_t *rows[] = {&events[0], &events[1], &events[2], &events[3]};
    size_t added;
    s_take_place_of (self, "taken", "NULL");
    assert_int_equal (interactions_add (self->db, rows, 4, &added), DB_OK);
    assert_int_equal (added, 4);
    assert_int_equal (events[0].item_id, item_key_id ("new", 0));
    assert_int_equal (events[3].item_id, item_key_id ("taken", 1));
    store_assert_value (self,
        "SELECT string_agg (coalesce (item_key, i.item_id::text), ' ' ORDER BY i.id)"
        " FROM interactions i LEFT JOIN items USING (item_id)",
        "new 7 new taken");
    assert_int_equal (interactions_add (self->db, rows, 3, &added), DB_OK);
    store_assert_value (self, "SELECT count (*) FROM items", "3");
}

/* All or nothing: a key of a batch that is refused is not there. */
static void
a_refused_batch_leaves_no_key (void **state)
{
    store_fixture_t *self = *state;
    interaction_t events[] = {s_event ("new", -1), s_event ("", -5)};
    interaction_t *rows[] = {&events[0], &events[1]};
    size_t added;
    assert_int_equal (interactions_add (self->db, rows, 2, &added), DB_DATA);
    store_assert_value (self,
        "SELECT (SELECT count (*) FROM items) + (SELECT count (*) FROM interactions)",
        "0");
}

static void
keys_belong_to_the_callers_transaction (void **state)
{
    store_fixture_t *self = *state;
    interaction_t event = s_event ("new", -1), *rows[] = {&event};
    size_t added;
    assert_int_equal (db_script (self->db, "BEGIN"), DB_OK);
    assert_int_equal (interactions_add (self->db, rows, 1, &added), DB_OK);
    assert_int_equal (db_script (self->db, "ROLLBACK"), DB_OK);
    store_assert_value (self,
        "SELECT (SELECT count (*) FROM items) + (SELECT count (*) FROM interactions)",
        "0");
}

static void
s_load (store_fixture_t *self, const item_keys_t *keys, const int64_t *ids)
{
    char error[160] = "";
    uint64_t added;
    interactions_load_t *load =
        interactions_load_new (self->db, "file", "digest", true, error);
    assert_non_null (load);
    for (size_t i = 0; i < item_keys_count (keys); i++)
        assert_int_equal (
            interactions_load_row (load, "u", ids[i], (int64_t)(i + 1) * 1000000), 0);
    interactions_load_keys (load, keys, ids);
    if (interactions_load_commit (&load, &added, error) == -1)
        fail_msg ("%s", error);
    assert_int_equal (added, item_keys_count (keys));
}

static void
a_load_brings_its_keys_and_follows_those_that_are_there (void **state)
{
    store_fixture_t *self = *state;
    static const char *const names[] = {"a", "b", "c", "known"};
    int64_t ids[4];
    item_keys_t *keys = item_keys_new (0, 0);
    for (size_t i = 0; i < 4; i++) {
        ids[i] = item_key_id (names[i], 0);
        item_keys_add (keys, names[i], strlen (names[i]));
    }
    ids[2] = item_key_id ("c", 2); /* as of a file in which others were before */
    s_take_place_of (self, "b", "'other'");
    store_do (self,
        "INSERT INTO items (item_id, item_key)"
        " VALUES (item_id_of ('a', 1), 'a'), (item_id_of ('known'), 'known')");
    s_load (self, keys, ids);
    store_assert_value (self,
        "SELECT string_agg (item_key, ' ' ORDER BY i.id)"
        " FROM interactions i JOIN items USING (item_id)",
        "a b c known");
    store_assert_value (self,
        "SELECT string_agg (item_key, ' ' ORDER BY item_key) FROM items",
        "a b c known other");
    item_keys_destroy (&keys);
}

static void
a_key_has_its_rules_in_the_table (void **state)
{
    store_fixture_t *self = *state;
    store_do (self, "INSERT INTO items (item_id, item_key) VALUES (1, 'x')");
    static const char *const refused[] = {
        "INSERT INTO items (item_id, item_key) VALUES (2, 'x')",
        "INSERT INTO items (item_id, item_key) VALUES (2, '')",
        "INSERT INTO items (item_id, item_key) VALUES (2, repeat ('x', 129))"};
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
        assert_int_equal (db_exec (self->db, refused[i], 0, NULL, NULL), DB_DATA);
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        STORE_TEST (the_database_computes_the_same_integers),
        STORE_TEST (new_keys_are_made_and_known_ones_kept),
        STORE_TEST (a_key_whose_integer_is_taken_gets_the_next),
        STORE_TEST (keys_are_told_for_an_answer),
        STORE_TEST (a_name_is_an_integer_that_is_there_or_else_a_key),
        STORE_TEST (all_keys_are_streamed),
        STORE_TEST (interactions_bring_their_keys),
        STORE_TEST (a_refused_batch_leaves_no_key),
        STORE_TEST (keys_belong_to_the_callers_transaction),
        STORE_TEST (a_load_brings_its_keys_and_follows_those_that_are_there),
        STORE_TEST (a_key_has_its_rules_in_the_table),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

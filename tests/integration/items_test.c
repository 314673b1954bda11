/* The table items, against a real PostgreSQL. SPDX-License-Identifier: Apache-2.0 */
#include "store_fixture.h"

#include <jansson.h>

#include "store/item_names.h"
#include "store/items.h"

#define REST                                                                           \
    "\"hidden\":false,\"available_from\":null,\"expires_at\":null,"                    \
    "\"attributes\":null,\"image_url\":null"

static const char s_items[] =
    "[{\"item_id\":10,\"title\":\"Ten\",\"categories\":[\"numbers\",\"even\"]," REST
    "},{\"item_id\":2,\"title\":\"Zwölf Äpfel\",\"categories\":[]," REST
    "},{\"item_id\":7,\"title\":null,\"categories\":[]," REST
    "},{\"item_id\":100,\"title\":\"100% \\\"off\\\", {a,b}\\\\\",\"categories\":"
    "[\"a,b\"],\"hidden\":true,\"available_from\":\"2026-01-02T03:04:05.678Z\","
    "\"expires_at\":\"2027-01-01T00:00:00Z\",\"attributes\":{\"x\":{\"y\":1}},"
    "\"image_url\":\"https://x/y.png\"}]";

/* json: an array of items with their names. */
static db_status_t
s_put_status (store_fixture_t *self, const char *json, size_t *created)
{
    json_t *list = json_loads (json, 0, NULL);
    size_t count = json_array_size (list);
    assert_true (count > 0);
    item_draft_t *drafts = calloc (count, sizeof *drafts);
    for (size_t i = 0; i < count; i++) {
        const json_t *item = json_array_get (list, i);
        const json_t *name = json_object_get (item, "item_id");
        const char *key = json_string_value (name);
        drafts[i].item_id = json_integer_value (name);
        snprintf (drafts[i].key, sizeof drafts[i].key, "%s", key ? key : "");
        drafts[i].json = json_dumps (item, 0);
    }
    db_status_t status = items_put (self->db, drafts, count, created);
    for (size_t i = 0; i < count; i++)
        free (drafts[i].json);
    free (drafts);
    json_decref (list);
    return status;
}

static void
s_put (store_fixture_t *self, const char *json, size_t expected)
{
    size_t created;
    assert_int_equal (s_put_status (self, json, &created), DB_OK);
    assert_int_equal (created, expected);
}

static void
s_assert_json (const item_t *item, const char *expected)
{
    char *text = strdup (item->json), *to = text;
    for (const char *from = item->json; *from; from++) /* spaces between members */
        if (!(*from == ' ' && (strchr (":,", from[-1]) || strchr (":", from[1]))))
            *to++ = *from;
    *to = '\0';
    assert_string_equal (text, expected);
    free (text);
}

static void
s_put_items_are_found_by_id (void **state)
{
    store_fixture_t *self = *state;
    s_put (self, s_items, 4);
    const int64_t ids[] = {100, 5, 7, 100};
    items_t found;
    assert_int_equal (items_find (self->db, ids, 4, &found), DB_OK);
    assert_int_equal (found.count, 2);
    assert_int_equal (found.items[0].item_id, 7);
    s_assert_json (&found.items[0],
        "{\"item_id\":7,\"title\":null,\"category\":null,\"categories\":[],\"hidden\":"
        "false,\"available_from\":null,\"expires_at\":null,\"attributes\":null,"
        "\"image_url\":null}");
    assert_non_null (strstr (found.items[1].json, "2026-01-02T03:04:05.678000Z"));
    assert_non_null (strstr (found.items[1].json, "100% \\\"off\\\", {a,b}\\\\"));
    items_free (&found);
    assert_null (found.items);
}

static void
s_put_replaces_and_the_last_of_a_batch_counts (void **state)
{
    store_fixture_t *self = *state;
    s_put (self, s_items, 4);
    s_put (self,
        "[{\"item_id\":10,\"title\":\"x\",\"categories\":[]," REST
        "},{\"item_id\":10,\"title\":\"Dix\",\"categories\":[]," REST "}]",
        0);
    store_assert_value (self,
        "SELECT title || (category IS NULL) FROM items WHERE item_id = 10", "Dixtrue");
}

static void
s_put_refuses_ids_outside_the_range (void **state)
{
    store_fixture_t *self = *state;
    size_t created;
    assert_int_equal (
        s_put_status (self,
            "[{\"item_id\":9007199254740992,\"title\":null,\"categories\":[]," REST
            "}]",
            &created),
        DB_DATA);
    store_assert_value (self, "SELECT count (*) FROM items", "0");
}

static void
s_put_belongs_to_the_callers_transaction (void **state)
{
    store_fixture_t *self = *state;
    assert_int_equal (db_script (self->db, "BEGIN"), DB_OK);
    s_put (self, s_items, 4);
    assert_int_equal (db_script (self->db, "ROLLBACK"), DB_OK);
    store_assert_value (self, "SELECT count (*) FROM items", "0");
}

static void
s_items_may_be_named_by_keys (void **state)
{
    store_fixture_t *self = *state;
    s_put (self,
        "[{\"item_id\":\"SKU-1\",\"title\":\"a\",\"categories\":[]," REST
        "},{\"item_id\":5,\"title\":\"five\",\"categories\":[]," REST "}]",
        2);
    s_put (self,
        "[{\"item_id\":\"SKU-1\",\"title\":\"b\",\"categories\":[]," REST
        "},{\"item_id\":\"SKU-2\",\"title\":\"c\",\"categories\":[]," REST
        "},{\"item_id\":\"SKU-2\",\"title\":\"d\",\"categories\":[]," REST "}]",
        1);
    store_assert_value (self,
        "SELECT string_agg (coalesce (item_key, '-') || title, ' ' ORDER BY title)"
        " FROM items",
        "SKU-1b SKU-2d -five");
    int64_t item_id = 0;
    const char *name = "SKU-1";
    items_t found;
    assert_int_equal (item_names_resolve (self->db, &name, 1, &item_id), DB_OK);
    assert_int_equal (items_find (self->db, &item_id, 1, &found), DB_OK);
    assert_non_null (strstr (found.items[0].json, "\"item_key\":\"SKU-1\","));
    items_free (&found);
}

/* A key that is made in somebody's transaction goes with it. */
static void
s_new_keys_belong_to_the_callers_transaction (void **state)
{
    store_fixture_t *self = *state;
    assert_int_equal (db_script (self->db, "BEGIN"), DB_OK);
    s_put (self, "[{\"item_id\":\"SKU-1\",\"title\":\"a\",\"categories\":[]," REST "}]",
        1);
    assert_int_equal (db_script (self->db, "ROLLBACK"), DB_OK);
    store_assert_value (self, "SELECT count (*) FROM items", "0");
}

static void
s_patch (store_fixture_t *self, int64_t item_id, const char *json, const char *expected)
{
    items_t found;
    assert_int_equal (items_patch (self->db, item_id, json, &found), DB_OK);
    assert_int_equal (found.count, expected != NULL);
    if (expected)
        s_assert_json (&found.items[0], expected);
    items_free (&found);
}

static void
s_a_patch_changes_what_it_names (void **state)
{
    store_fixture_t *self = *state;
    s_put (self, s_items, 4);
    s_patch (self, 10, "{\"hidden\":true,\"attributes\":{\"a\":1,\"b\":{\"c\":2}}}",
        "{\"item_id\":10,\"title\":\"Ten\",\"category\":\"numbers\",\"categories\":"
        "[\"numbers\",\"even\"],\"hidden\":true,\"available_from\":null,\"expires_at\":"
        "null,\"attributes\":{\"a\":1,\"b\":{\"c\":2}},\"image_url\":null}");
    s_patch (self, 10,
        "{\"title\":null,\"categories\":[],\"hidden\":false,"
        "\"attributes\":{\"a\":null,\"b\":{\"d\":null,\"e\":[3]}}}",
        "{\"item_id\":10,\"title\":null,\"category\":null,\"categories\":[],\"hidden\":"
        "false,\"available_from\":null,\"expires_at\":null,\"attributes\":"
        "{\"b\":{\"c\":2,\"e\":[3]}},\"image_url\":null}");
    s_patch (self, 100, "{\"attributes\":null,\"expires_at\":null}",
        "{\"item_id\":100,\"title\":\"100% "
        "\\\"off\\\",{a,b}\\\\\",\"category\":\"a,b\","
        "\"categories\":[\"a,b\"],\"hidden\":true,\"available_from\":"
        "\"2026-01-02T03:04:05.678000Z\",\"expires_at\":null,\"attributes\":null,"
        "\"image_url\":\"https://x/y.png\"}");
    s_patch (self, 11, "{\"hidden\":true}", NULL);
}

static void
s_deleting_says_whether_there_was_one (void **state)
{
    store_fixture_t *self = *state;
    size_t deleted;
    s_put (self, s_items, 4);
    assert_int_equal (items_delete (self->db, 10, &deleted), DB_OK);
    assert_int_equal (deleted, 1);
    assert_int_equal (items_delete (self->db, 10, &deleted), DB_OK);
    assert_int_equal (deleted, 0);
}

/* As strangers wrote it before there were several. */
static void
s_one_category_is_still_understood (void **state)
{
    store_fixture_t *self = *state;
    const char *all = "SELECT item_categories (category, categories) FROM items";
    store_do (self, "INSERT INTO items (item_id, category) VALUES (1, 'old')");
    store_assert_value (self, all, "{old}");
    s_put (self,
        "[{\"item_id\":1,\"title\":null,\"categories\":[\"a\",\"b\"]," REST "}]", 0);
    store_assert_value (self, all, "{a,b}");
    store_assert_value (self, "SELECT category FROM items", "a");
    store_do (self, "UPDATE items SET category = 'new'");
    store_assert_value (self, all, "{new}");
    store_do (self, "UPDATE items SET category = NULL");
    store_assert_value (self, all, "{}");
}

/* Searching */

static void
s_assert_found (
    store_fixture_t *self, const char *words, size_t limit, const char *expected)
{
    items_t found;
    char ids[100] = "";
    assert_int_equal (items_search (self->db, words, NULL, 0, limit, &found), DB_OK);
    for (size_t i = 0; i < found.count; i++)
        snprintf (ids + strlen (ids), sizeof ids - strlen (ids), "%s%d", i ? " " : "",
            (int)found.items[i].item_id);
    assert_string_equal (ids, expected);
    items_free (&found);
}

static const char s_titles[] =
    "INSERT INTO items (item_id, title) VALUES (1, 'Star Wars'), (2, 'The Star'),"
    " (3, 'Wars of the stars'), (4, 'Upstart'), (5, '100% of_it'), (6, NULL),"
    " (7, 'Spider-Man: übermut'), (8, 'a.b')";

static void
s_titles_are_found_by_the_beginnings_of_their_words (void **state)
{
    store_fixture_t *self = *state;
    store_do (self, s_titles);
    s_assert_found (self, "star", 10, "1 2 3");
    s_assert_found (self, "star", 1, "1");
    s_assert_found (self, "wars STA", 10, "1 3");
    s_assert_found (self, "the star", 10, "2 3"); /* the whole beginning first */
    s_assert_found (self, "man über", 10, "7");
    s_assert_found (self, "100%", 10, "5");
    s_assert_found (self, "of_", 10, "5 3");
    s_assert_found (self, "a.b", 10, "8");
    s_assert_found (self, "tart", 10, "");
    s_assert_found (self, " %._", 10, "");
    const int64_t ids[] = {2, 3, 4};
    items_t found;
    assert_int_equal (items_search (self->db, "star", ids, 3, 10, &found), DB_OK);
    assert_int_equal (found.count, 2);
    items_free (&found);
}

static void
s_items_are_listed_by_id (void **state)
{
    store_fixture_t *self = *state;
    items_t found;
    store_do (self, s_titles);
    assert_int_equal (items_list (self->db, 3, 2, &found), DB_OK);
    assert_int_equal (found.count, 2);
    assert_int_equal (found.items[0].item_id, 4);
    assert_int_equal (found.items[1].item_id, 5);
    items_free (&found);
}

static void
s_a_search_does_not_need_the_extension (void **state)
{
    store_fixture_t *self = *state;
    store_do (self, "DROP EXTENSION pg_trgm CASCADE");
    store_do (self, s_titles);
    s_assert_found (self, "wars sta", 10, "1 3");
}

static void
s_titles_have_a_trigram_index (void **state)
{
    store_fixture_t *self = *state;
    store_assert_value (self,
        "SELECT count (*) FROM pg_indexes WHERE indexname = 'items_words'"
        " AND indexdef LIKE '%gin_trgm_ops%'",
        "1");
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        STORE_TEST (s_put_items_are_found_by_id),
        STORE_TEST (s_put_replaces_and_the_last_of_a_batch_counts),
        STORE_TEST (s_put_refuses_ids_outside_the_range),
        STORE_TEST (s_put_belongs_to_the_callers_transaction),
        STORE_TEST (s_items_may_be_named_by_keys),
        STORE_TEST (s_new_keys_belong_to_the_callers_transaction),
        STORE_TEST (s_a_patch_changes_what_it_names),
        STORE_TEST (s_deleting_says_whether_there_was_one),
        STORE_TEST (s_one_category_is_still_understood),
        STORE_TEST (s_titles_are_found_by_the_beginnings_of_their_words),
        STORE_TEST (s_items_are_listed_by_id),
        STORE_TEST (s_a_search_does_not_need_the_extension),
        STORE_TEST (s_titles_have_a_trigram_index),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

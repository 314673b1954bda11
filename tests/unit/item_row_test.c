/* Catalogues from files: records as objects, and what their names mean.
 * SPDX-License-Identifier: Apache-2.0 */
#include "cli/files/item_row.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "cli/files/objects.h"

/* All items of a file, as one array; bad records are their errors. */
static json_t *
s_read_file (FILE *file, const char *path, const layout_t *layout, const char *item)
{
    objects_t *objects = objects_new (file, path, layout);
    json_t *all = json_array (), *object;
    char error[160];
    objects_status_t status;
    while ((status = objects_next (objects, &object, error)) <= OBJECTS_BAD) {
        json_t *row = object ? item_row_take (object, item, false, error) : NULL;
        json_array_append_new (all, row ? row : json_string (error));
        json_decref (object);
    }
    assert_int_equal (status, OBJECTS_END);
    objects_destroy (&objects);
    return all;
}

static void
s_assert_rows (json_t *rows, const char *expected)
{
    json_t *should = json_loads (expected, 0, NULL);
    char *is = json_dumps (rows, JSON_COMPACT);
    assert_non_null (should);
    if (!json_equal (rows, should))
        fail_msg ("%s is not %s", is, expected);
    free (is);
    json_decref (rows);
    json_decref (should);
}

static void
s_assert_fixture (const char *name, const char *expected)
{
    char path[500];
    snprintf (path, sizeof path, "%s/items/%s", FIXTURES, name);
    FILE *file = fopen (path, "r");
    assert_non_null (file);
    s_assert_rows (s_read_file (file, path, &(layout_t){0}, NULL), expected);
    fclose (file);
}

static void
s_assert_text (const char *text, const char *item, const char *expected)
{
    FILE *file = fmemopen ((char *)(uintptr_t)text, strlen (text), "r");
    s_assert_rows (s_read_file (file, "-", &(layout_t){0}, item), expected);
    fclose (file);
}

static void
test_movielens_is_read_as_it_is (void **state)
{
    (void)state;
    s_assert_fixture ("movielens.csv",
        "[{\"item_id\":1,\"title\":\"A Quiet Harbour (1995)\",\"categories\":"
        "[\"Adventure\",\"Children\"]},"
        "{\"item_id\":2,\"title\":\"Lantern, The (2001)\",\"categories\":[\"Drama\"]},"
        "{\"item_id\":3,\"title\":\"Untitled (2010)\",\"categories\":[]}]");
}

static void
test_a_shops_objects_are_read (void **state)
{
    (void)state;
    s_assert_fixture ("shop.jsonl",
        "[{\"item_id\":7,\"title\":\"Blue kettle\",\"categories\":[\"kitchen\"],"
        "\"hidden\":true,\"available_from\":\"2026-01-02T00:00:00.000000Z\"},"
        "{\"item_id\":8,\"title\":\"Red kettle\",\"categories\":[\"kitchen\",\"new\"],"
        "\"expires_at\":\"2026-01-02T00:00:00.000000Z\",\"attributes\":{\"colour\":"
        "\"red\"}}]");
}

/* Metadata of Amazon's have paths of categories. */
static void
test_paths_of_categories_are_read (void **state)
{
    (void)state;
    s_assert_text (
        "{\"asin\":\"7\",\"categories\":[[\"Toys\",\"Games\"],[\"Cards\"]]}\n"
        "{\"asin\":\"8\",\"categories\":[\"Toys\",[]]}\n",
        NULL,
        "[{\"item_id\":7,\"categories\":[\"Toys\",\"Games\",\"Cards\"]},"
        "{\"item_id\":8,\"categories\":[\"Toys\"]}]");
}

/* As its editions of 2014, 2018 and 2023 have it. */
static void
test_amazons_metadata_is_read_as_it_is (void **state)
{
    (void)state;
    s_assert_fixture ("amazon.jsonl",
        "[{\"item_id\":1400031852,\"title\":\"Girls Ballet Tutu Zebra Hot Pink\","
        "\"categories\":[\"Sports & Outdoors\",\"Dance\"],"
        "\"image_url\":\"http://ecx.images.example/51fAmVkTbyL.jpg\"},"
        "{\"item_id\":1400031853,\"title\":\"Gardener's Hand Therapy\","
        "\"categories\":[],\"image_url\":\"https://images.example/41L.jpg\"},"
        "{\"item_id\":1400031854,\"title\":\"Another\",\"categories\":[],"
        "\"image_url\":null},"
        "{\"item_id\":1400031855,\"title\":\"Howard LC0008 Leather Conditioner\","
        "\"categories\":[\"Leather\",\"Care\"]}]");
}

static void
test_the_first_of_a_fields_names_counts (void **state)
{
    (void)state;
    char error[160];
    json_t *object = json_pack ("{s:s,s:s,s:s,s:s,s:s}", "main_category", "A",
        "productName", "B", "title", "C", "category", "D", "id", "x");
    json_t *row = item_row_take (object, NULL, true, error);
    json_t *should =
        json_pack ("{s:s,s:[s],s:s}", "title", "C", "categories", "D", "item_id", "x");
    assert_true (json_equal (row, should));
    assert_string_equal (item_row_meaning (object, NULL, "category"), "categories");
    assert_string_equal (item_row_meaning (object, NULL, "id"), "item_id");
    assert_string_equal (item_row_meaning (object, "title", "title"), "item_id");
    assert_null (item_row_meaning (object, NULL, "main_category"));
    assert_null (item_row_meaning (object, NULL, "productName"));
    json_decref (object);
    json_decref (row);
    json_decref (should);
    s_assert_text (
        "item_id,title,title\n1,A,B\n", NULL, "[{\"item_id\":1,\"title\":\"A\"}]");
}

static void
test_what_no_text_can_hold_is_refused (void **state)
{
    (void)state;
#define HELD " has U+0000, or a number that no double holds\""
    s_assert_text ("{\"id\":\"a\\u0000b\"}\n{\"id\":1,\"title\":\"a\\u0000b\"}\n"
                   "{\"id\":1,\"attributes\":{\"a\":[1e999]}}\n"
                   "{\"id\":1,\"more\":\"\\u0000\"}\n",
        NULL, "[\"id" HELD ",\"title" HELD ",\"attributes" HELD ",{\"item_id\":1}]");
}

static void
test_columns_of_texts_become_values (void **state)
{
    (void)state;
    s_assert_text ("item_id;title;hidden;attributes;image\n"
                   "1;\\N;yes;\"{\"\"a\"\":1}\";https://x/1.png\n"
                   "2;B;0;;\n",
        NULL,
        "[{\"item_id\":1,\"title\":null,\"hidden\":true,\"attributes\":{\"a\":1},"
        "\"image_url\":\"https://x/1.png\"},"
        "{\"item_id\":2,\"title\":\"B\",\"hidden\":false,\"attributes\":null,"
        "\"image_url\":null}]");
}

static void
test_the_id_may_have_any_name_that_is_said (void **state)
{
    (void)state;
    s_assert_text ("{\"nr\":4,\"item_id\":1}\n", "nr", "[{\"item_id\":4}]");
    s_assert_text ("{\"nr\":4}\n", NULL,
        "[\"has no item_id: --columns item=NAME says which it is\"]");
}

static void
test_an_item_may_be_a_key (void **state)
{
    (void)state;
    char error[160];
    json_t *rows[] = {json_pack ("{s:s}", "asin", "B00X"),
        json_pack ("{s:s}", "id", "007"), json_pack ("{s:i}", "id", 7),
        json_pack ("{s:n}", "id")};
    const bool keys[] = {true, true, false, false};
    for (int i = 0; i < 4; i++)
        assert_int_equal (item_row_has_key (rows[i], NULL), keys[i]);
    json_t *row = item_row_take (rows[2], NULL, true, error);
    assert_string_equal (json_string_value (json_object_get (row, "item_id")), "7");
    json_decref (row);
    for (int i = 0; i < 4; i++)
        json_decref (rows[i]);
}

static void
test_what_is_wrong_is_said_of_its_row (void **state)
{
    (void)state;
    s_assert_text ("item_id,title,hidden\nx,A,\n2,B\n3,C,maybe\n4,D,\n", NULL,
        "[\"item_id \\\"x\\\" is no integer from 0 to 9007199254740991; --item-ids "
        "keys "
        "takes texts\",\"has 2 columns, the header 3\","
        "\"hidden must be true or false\",{\"item_id\":4,\"title\":\"D\","
        "\"hidden\":false}]");
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_movielens_is_read_as_it_is),
        cmocka_unit_test (test_a_shops_objects_are_read),
        cmocka_unit_test (test_paths_of_categories_are_read),
        cmocka_unit_test (test_amazons_metadata_is_read_as_it_is),
        cmocka_unit_test (test_the_first_of_a_fields_names_counts),
        cmocka_unit_test (test_what_no_text_can_hold_is_refused),
        cmocka_unit_test (test_columns_of_texts_become_values),
        cmocka_unit_test (test_the_id_may_have_any_name_that_is_said),
        cmocka_unit_test (test_an_item_may_be_a_key),
        cmocka_unit_test (test_what_is_wrong_is_said_of_its_row),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

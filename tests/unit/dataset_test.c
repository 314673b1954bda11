/* Data sets: grouping, popularity order, pairs files. SPDX-License-Identifier: Apache-2.0 */
#include "model/data/dataset.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static dataset_t *
s_read (const char *text, char error[160])
{
    char path[] = "/tmp/dataset_test.XXXXXX";
    int file = mkstemp (path);
    assert_true (file >= 0);
    assert_int_equal (write (file, text, strlen (text)), strlen (text));
    close (file);
    dataset_t *data = dataset_read_pairs (path, error);
    unlink (path);
    return data;
}

static void
s_assert_items (const dataset_t *data, size_t user, size_t count, const int32_t *items)
{
    assert_int_equal (data->offsets[user + 1] - data->offsets[user], count);
    assert_memory_equal (
        data->items + data->offsets[user], items, count * sizeof *items);
}

static void
dense_indexes_go_by_popularity_then_id (void **state)
{
    (void)state;
    char error[160] = "";
    dataset_t *data = s_read ("a 7\na 9\na 5\nb 9\nb 5\nb 3\n", error);
    assert_non_null (data);
    const int64_t ids[] = {5, 9, 3, 7}, counts[] = {2, 2, 1, 1};
    assert_int_equal (data->item_count, 4);
    assert_memory_equal (data->item_ids, ids, sizeof ids);
    assert_memory_equal (data->item_counts, counts, sizeof counts);
    dataset_destroy (&data);
    assert_null (data);
}

static void
mixed_users_keep_their_own_order (void **state)
{
    (void)state;
    dataset_builder_t *builder = dataset_builder_new ();
    dataset_builder_add (builder, "x", 1);
    dataset_builder_add (builder, "xy", 2);
    dataset_builder_add (builder, "x", 2);
    dataset_builder_add (builder, "xy", 1);
    dataset_builder_add (builder, "x", 2);
    dataset_t *data = dataset_builder_finish (builder);
    dataset_builder_destroy (&builder);
    assert_int_equal (data->user_count, 2);
    assert_int_equal (data->interaction_count, 5);
    s_assert_items (data, 0, 3, (const int32_t[]){1, 0, 0});
    s_assert_items (data, 1, 2, (const int32_t[]){0, 1});
    dataset_destroy (&data);
}

static void
many_users_and_items_are_told_apart (void **state)
{
    (void)state;
    dataset_builder_t *builder = dataset_builder_new ();
    char user[16];
    for (int round = 0; round < 3; round++)
        for (int i = 0; i < 5000; i++) {
            snprintf (user, sizeof user, "user_%d", i);
            dataset_builder_add (builder, user, (int64_t)i << 32);
        }
    dataset_t *data = dataset_builder_finish (builder);
    assert_int_equal (data->user_count, 5000);
    assert_int_equal (data->item_count, 5000);
    for (int32_t i = 0; i < 5000; i++)
        s_assert_items (data, (size_t)i, 3, (const int32_t[]){i, i, i});
    dataset_destroy (&data);
    assert_null (dataset_builder_finish (builder)); /* empty again */
    dataset_builder_add (builder, "next", 4);
    data = dataset_builder_finish (builder);
    assert_int_equal (data->user_count, 1);
    dataset_destroy (&data);
    dataset_builder_destroy (&builder);
}

static void
tabs_carriage_returns_empty_lines_and_no_last_newline_are_fine (void **state)
{
    (void)state;
    char error[160] = "";
    dataset_t *data = s_read ("a\t1\r\n\r\n  a   2\n\n\nb 9007199254740991", error);
    assert_non_null (data);
    assert_int_equal (data->interaction_count, 3);
    assert_int_equal (data->item_ids[2], 9007199254740991);
    dataset_destroy (&data);
}

static void
a_bad_line_is_named (void **state)
{
    (void)state;
    static const struct {
        const char *text, *where, *what;
    } cases[] = {
        {"a 1\nb\n", ":2: ", "found one word"},
        {"a 1 978300760\n", ":1: ", "more than two words"},
        {"a 1\n\na x\n", ":3: ", "not an integer"},
        {"a -1\n", ":1: ", "not an integer"},
        {"a 1.0\n", ":1: ", "not an integer"},
        {"a 9007199254740992\n", ":1: ", "above 2^53 - 1"},
        {"a 99999999999999999999999999\n", ":1: ", "above 2^53 - 1"},
        {"a\x01 1\n", ":1: ", "control character"},
        {"", ": ", "no interactions"},
        {"\n\n", ": ", "no interactions"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char error[160] = "";
        assert_null (s_read (cases[i].text, error));
        assert_non_null (strstr (error, "/tmp/dataset_test."));
        assert_non_null (strstr (error, cases[i].where));
        assert_non_null (strstr (error, cases[i].what));
    }
}

static void
a_user_id_has_at_most_128_bytes (void **state)
{
    (void)state;
    char error[160] = "", text[140];
    memset (text, 'u', sizeof text);
    memcpy (text + 128, " 1\n", 4);
    dataset_t *data = s_read (text, error);
    assert_non_null (data);
    dataset_destroy (&data);
    memcpy (text + 128, "u 1\n", 5);
    assert_null (s_read (text, error));
    assert_non_null (strstr (error, "longer than 128"));
}

static void
a_missing_file_is_an_error (void **state)
{
    (void)state;
    char error[160] = "";
    assert_null (dataset_read_pairs ("/nonexistent/pairs.txt", error));
    assert_non_null (strstr (error, "/nonexistent/pairs.txt"));
}

static void
the_last_two_of_three_or_more_are_held_back (void **state)
{
    (void)state;
    char error[160] = "";
    dataset_t *data =
        s_read ("a 1\nb 1\nb 2\nc 1\nc 2\nc 3\nd 1\nd 2\nd 3\nd 4\n", error);
    assert_int_equal (dataset_train_count (data, 0), 1);
    assert_int_equal (dataset_train_count (data, 1), 2);
    assert_int_equal (dataset_train_count (data, 2), 1);
    assert_int_equal (dataset_train_count (data, 3), 2);
    dataset_destroy (&data);
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (dense_indexes_go_by_popularity_then_id),
        cmocka_unit_test (mixed_users_keep_their_own_order),
        cmocka_unit_test (many_users_and_items_are_told_apart),
        cmocka_unit_test (
            tabs_carriage_returns_empty_lines_and_no_last_newline_are_fine),
        cmocka_unit_test (a_bad_line_is_named),
        cmocka_unit_test (a_user_id_has_at_most_128_bytes),
        cmocka_unit_test (a_missing_file_is_an_error),
        cmocka_unit_test (the_last_two_of_three_or_more_are_held_back),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

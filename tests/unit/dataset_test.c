/* Data sets: grouping, popularity order. SPDX-License-Identifier: Apache-2.0 */
#include "model/data/dataset.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* "user item" in turn. */
static dataset_t *
s_read (const char *text)
{
    char user[16];
    int64_t item;
    int length;
    dataset_builder_t *builder = dataset_builder_new ();
    for (; sscanf (text, "%15s %" SCNd64 "%n", user, &item, &length) == 2;
         text += length)
        dataset_builder_add (builder, user, item);
    dataset_t *data = dataset_builder_finish (builder);
    dataset_builder_destroy (&builder);
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
    dataset_t *data = s_read ("a 7 a 9 a 5 b 9 b 5 b 3");
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
the_last_two_of_three_or_more_are_held_back (void **state)
{
    (void)state;
    dataset_t *data = s_read ("a 1 b 1 b 2 c 1 c 2 c 3 d 1 d 2 d 3 d 4");
    assert_int_equal (dataset_train_count (data, 0), 1);
    assert_int_equal (dataset_train_count (data, 1), 2);
    assert_int_equal (dataset_train_count (data, 2), 1);
    assert_int_equal (dataset_train_count (data, 3), 2);
    dataset_destroy (&data);
}

static void
keys_follow_their_items (void **state)
{
    (void)state;
    dataset_builder_t *builder = dataset_builder_new ();
    dataset_builder_add (builder, "a", 7);
    dataset_builder_add (builder, "a", 9);
    dataset_builder_add (builder, "b", 9);
    dataset_builder_add (builder, "b", 3);
    dataset_builder_name (builder, 3, "three");
    dataset_builder_name (builder, 8, "of none");
    dataset_builder_name (builder, 9, "nine");
    dataset_t *data = dataset_builder_finish (builder);
    assert_int_equal (item_keys_count (data->item_keys), 3);
    assert_string_equal (item_keys_get (data->item_keys, 0), "nine");
    assert_string_equal (item_keys_get (data->item_keys, 1), "three");
    assert_null (item_keys_get (data->item_keys, 2));
    dataset_destroy (&data);
    dataset_builder_add (builder, "a", 7);
    data = dataset_builder_finish (builder);
    assert_null (data->item_keys);
    dataset_destroy (&data);
    dataset_builder_destroy (&builder);
}

/* Targets are T, context c, left out x; the items do not matter. */
static dataset_t *
s_read_kinds (const char *kinds)
{
    static const dataset_role_t roles[] = {
        {.weight = 2, .seen = true}, {.weight = 0}, {.dropped = true}};
    dataset_builder_t *builder = dataset_builder_new ();
    dataset_builder_roles (builder, roles, 3);
    for (size_t i = 0; kinds[i]; i++)
        dataset_builder_add_kind (builder, "a", (int64_t)i,
            kinds[i] == 'T'   ? 0
            : kinds[i] == 'c' ? 1
                              : 2);
    dataset_t *data = dataset_builder_finish (builder);
    dataset_builder_destroy (&builder);
    return data;
}

static void
the_last_two_targets_are_held_back (void **state)
{
    (void)state;
    static const struct {
        const char *kinds;
        size_t test, valid, trained, example; /* test 0: nobody to rank */
    } cases[] = {
        {"TTT", 2, 1, 1, 1},
        {"cTcTccTc", 6, 3, 3, 2}, /* context behind the test is not looked at */
        {"ccTT", 3, 2, 2, 0},     /* nothing to learn from */
        {"TccT", 0, 0, 4, 4},     /* the validation's would have no history */
        {"cccT", 0, 0, 4, 4},
        {"ccc", 0, 0, 3, 0},
        {"xTxcxTxT", 3, 2, 2, 1}, /* what is left out has no place */
        {"TcTcTcT", 6, 4, 4, 3},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        size_t test = 0, valid = 0;
        dataset_t *data = s_read_kinds (cases[i].kinds);
        assert_int_equal (dataset_split (data, 0, &test, &valid), cases[i].test > 0);
        assert_int_equal (test, cases[i].test);
        assert_int_equal (valid, cases[i].valid);
        assert_int_equal (dataset_train_count (data, 0), cases[i].trained);
        assert_int_equal (dataset_example_count (data, 0), cases[i].example);
        dataset_destroy (&data);
    }
}

static void
kinds_go_with_their_interactions (void **state)
{
    (void)state;
    static const dataset_role_t roles[] = {{.weight = 1}, {.weight = 3}};
    dataset_builder_t *builder = dataset_builder_new ();
    dataset_builder_roles (builder, roles, 2);
    dataset_builder_add_kind (builder, "a", 7, 1);
    dataset_builder_add (builder, "b", 7);
    dataset_builder_add_kind (builder, "a", 8, 0);
    dataset_builder_add_kind (builder, "b", 9, 1);
    dataset_t *data = dataset_builder_finish (builder);
    const uint8_t kinds[] = {1, 0, 0, 1};
    assert_memory_equal (data->kinds, kinds, sizeof kinds);
    assert_true (dataset_weight (data, 0) > 2 && dataset_weight (data, 1) < 2);
    dataset_destroy (&data);
    dataset_builder_destroy (&builder);
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (dense_indexes_go_by_popularity_then_id),
        cmocka_unit_test (mixed_users_keep_their_own_order),
        cmocka_unit_test (many_users_and_items_are_told_apart),
        cmocka_unit_test (keys_follow_their_items),
        cmocka_unit_test (the_last_two_of_three_or_more_are_held_back),
        cmocka_unit_test (the_last_two_targets_are_held_back),
        cmocka_unit_test (kinds_go_with_their_interactions),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

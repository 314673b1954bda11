/* What the options leave open follows from the data. SPDX-License-Identifier: Apache-2.0 */
#include "model/train/recipe.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/rng.h"

/* users histories of length items each. */
static dataset_t *
s_data (size_t users, size_t length, size_t items)
{
    dataset_builder_t *builder = dataset_builder_new ();
    rng_t rng;
    rng_seed (&rng, 1, 1);
    for (size_t u = 0; u < users; u++)
        for (size_t i = 0; i < length; i++) {
            char name[24];
            snprintf (name, sizeof (name), "%zu", u);
            dataset_builder_add (builder, name, (int64_t)rng_below (&rng, items));
        }
    dataset_t *data = dataset_builder_finish (builder);
    dataset_builder_destroy (&builder);
    return data;
}

static recipe_t
s_recipe (size_t users, size_t length, size_t items)
{
    options_t options;
    options_defaults (&options);
    dataset_t *data = s_data (users, length, items);
    recipe_t recipe = recipe_make (data, &options);
    dataset_destroy (&data);
    return recipe;
}

static void
test_long_dense_data (void **state)
{
    (void)state;
    recipe_t recipe = s_recipe (400, 110, 500); /* 43,000 positions */
    assert_int_equal (recipe.shape.window, 200);
    assert_int_equal (recipe.batch_users, 4);
    assert_true (recipe.dropout < 0.3);
    recipe_t large = s_recipe (7000, 110, 500);
    assert_int_equal (large.batch_users, 16);
    assert_true (large.shape.width > recipe.shape.width);
    assert_true (large.epochs < recipe.epochs);
}

static void
test_short_sparse_data (void **state)
{
    (void)state;
    recipe_t recipe = s_recipe (6000, 9, 3000);
    assert_int_equal (recipe.shape.window, 50);
    assert_true (recipe.dropout > 0.3 && recipe.dropout < 0.4);
    assert_true (recipe.batch_users > 40 && recipe.batch_users <= 60);
    recipe_t large = s_recipe (200000, 9, 3000);
    assert_true (large.batch_users > 200 && large.batch_users <= 256);
    assert_true (large.epochs >= 6 && large.epochs < recipe.epochs / 2);
}

static void
test_tiny_data_gets_more_and_smaller_steps (void **state)
{
    (void)state;
    recipe_t tiny = s_recipe (100, 40, 500), sparse = s_recipe (6000, 9, 3000);
    assert_true (tiny.epochs > sparse.epochs);
    assert_true (tiny.batch_users < 16);
    assert_true (tiny.dropout >= 0.4);
}

static void
test_many_items_get_a_narrower_network (void **state)
{
    (void)state;
    recipe_t few = s_recipe (6000, 9, 3000), many = s_recipe (6000, 9, 1000000);
    assert_true (many.shape.width < few.shape.width);
}

static void
test_given_options_stay (void **state)
{
    (void)state;
    options_t options;
    options_defaults (&options);
    options.width = 48;
    options.heads = 3;
    options.window = 7;
    options.batch_users = 5;
    options.epochs = 11;
    options.patience = 4;
    options.dropout = 0;
    options.learning_rate = 0.5;
    options.post_norm = true;
    dataset_t *data = s_data (10, 10, 10);
    recipe_t recipe = recipe_make (data, &options);
    assert_int_equal (recipe.shape.width, 48);
    assert_int_equal (recipe.shape.heads, 3);
    assert_int_equal (recipe.shape.window, 7);
    assert_int_equal (recipe.batch_users, 5);
    assert_int_equal (recipe.epochs, 11);
    assert_int_equal (recipe.patience, 4);
    assert_true (recipe.dropout >= 0 && recipe.dropout <= 0);
    assert_true (recipe.learning_rate > 0.4 && recipe.shape.post_norm);
    dataset_destroy (&data);
}

static void
test_rate_rises_then_falls_to_zero (void **state)
{
    (void)state;
    recipe_t recipe = {.learning_rate = 1, .warm_up = 0.1};
    assert_true (recipe_rate (&recipe, 0.01) < 0.11);
    assert_true (recipe_rate (&recipe, 0.1) > 0.95);
    assert_true (fabs (recipe_rate (&recipe, 0.5) - 0.5) < 1e-9);
    assert_true (recipe_rate (&recipe, 1.0) < 1e-9);
    assert_true (recipe_rate (&recipe, 1.5) < 1e-9);
}

static void
test_what_was_chosen_is_told (void **state)
{
    (void)state;
    recipe_t recipe = s_recipe (6000, 9, 3000);
    char text[RECIPE_TEXT_SIZE];
    recipe_describe (&recipe, text);
    assert_non_null (strstr (text, "sparse data: width 128, 2 blocks"));
    assert_non_null (strstr (text, "window 50; full loss"));
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_long_dense_data),
        cmocka_unit_test (test_short_sparse_data),
        cmocka_unit_test (test_tiny_data_gets_more_and_smaller_steps),
        cmocka_unit_test (test_many_items_get_a_narrower_network),
        cmocka_unit_test (test_given_options_stay),
        cmocka_unit_test (test_what_was_chosen_is_told),
        cmocka_unit_test (test_rate_rises_then_falls_to_zero),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

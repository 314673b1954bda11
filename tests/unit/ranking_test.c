/* Metrics against the formulas, floors against a slow twin. SPDX-License-Identifier: Apache-2.0 */
#include "model/eval/ranking.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/rng.h"

static void
assert_close (double value, double expected, double tolerance)
{
    assert_true (fabs (value - expected) <= tolerance);
}

static void
metrics_follow_the_formulas (void **state)
{
    (void)state;
    ranking_sum_t sum = {0};
    ranking_add (&sum, 0);
    ranking_add (&sum, 2);
    ranking_add (&sum, 10);
    ranking_t mean = ranking_mean (&sum);
    assert_int_equal (mean.users, 3);
    assert_close (mean.ndcg10, (1 + 0.5) / 3, 1e-12);
    assert_close (mean.hr10, 2.0 / 3, 1e-12);
    assert_close (mean.mrr, (1 + 1.0 / 3 + 1.0 / 11) / 3, 1e-12);
    /* gains 1, 0.5, 0: deviation 0.5, by sqrt (3) */
    assert_close (mean.ndcg10_error, 0.5 / sqrt (3), 1e-12);
}

static void
no_users_give_zeros (void **state)
{
    (void)state;
    ranking_sum_t sum = {0};
    ranking_t mean = ranking_mean (&sum);
    assert_int_equal (mean.users, 0);
    assert_close (mean.ndcg10, 0, 0);
}

static void
a_tie_and_a_nan_count_against_the_target (void **state)
{
    (void)state;
    const float scores[] = {3, 1, 2, 2, NAN, 0};
    assert_int_equal (ranking_rank (scores, 6, 0, NULL, 0), 1);
    assert_int_equal (ranking_rank (scores, 6, 2, NULL, 0), 3);
    assert_int_equal (ranking_rank (scores, 6, 4, NULL, 0), 5);
}

static void
excluded_items_do_not_count (void **state)
{
    (void)state;
    const float scores[] = {3, 1, 2, 2, 5, 0};
    const int32_t excluded[] = {0, 1, 3, 3, 5};
    assert_int_equal (ranking_rank (scores, 6, 2, excluded, 5), 1);
}

static void
an_excluded_target_is_still_ranked (void **state)
{
    (void)state;
    const float scores[] = {3, 1, 2};
    const int32_t excluded[] = {0, 2};
    assert_int_equal (ranking_rank (scores, 3, 2, excluded, 2), 0);
}

/* Users walk the items with a habit (the next id) and repeats. */
static dataset_t *
s_random_data (uint64_t seed)
{
    rng_t rng;
    rng_seed (&rng, seed, 0);
    dataset_builder_t *builder = dataset_builder_new ();
    for (int user = 0; user < 40; user++) {
        char name[8];
        snprintf (name, sizeof name, "%d", user);
        uint64_t item = rng_below (&rng, 20);
        for (uint64_t i = 1 + rng_below (&rng, 12); i > 0; i--) {
            dataset_builder_add (builder, name, (int64_t)item);
            item = rng_below (&rng, 3) ? (item + 1) % 20 : rng_below (&rng, 20);
        }
    }
    dataset_t *data = dataset_builder_finish (builder);
    dataset_builder_destroy (&builder);
    return data;
}

/* Keys as one number: transitions first, then training popularity, then smaller id. */
static void
s_slow_keys (const dataset_t *data, bool markov, int32_t last, double *keys)
{
    for (size_t i = 0; i < data->item_count; i++)
        keys[i] = -(double)data->item_ids[i] * 1e-6;
    for (size_t user = 0; user < data->user_count; user++) {
        const int32_t *items = data->items + data->offsets[user];
        for (size_t i = 0; i < dataset_train_count (data, user); i++) {
            keys[items[i]] += 1;
            if (markov && i && items[i - 1] == last)
                keys[items[i]] += 1e6;
        }
    }
}

static ranking_t
s_slow_floor (const dataset_t *data, bool markov, ranking_split_t split)
{
    ranking_sum_t sum = {0};
    double *keys = calloc (data->item_count, sizeof *keys);
    for (size_t user = 0; user < data->user_count; user++) {
        const int32_t *items = data->items + data->offsets[user];
        size_t count = data->offsets[user + 1] - data->offsets[user];
        if (count < 3)
            continue;
        size_t history = count - (split == RANKING_TEST ? 1 : 2), rank = 0;
        s_slow_keys (data, markov, items[history - 1], keys);
        double bar = keys[items[history]];
        for (size_t i = 0; i < history; i++)
            keys[items[i]] = -INFINITY;
        for (size_t i = 0; i < data->item_count; i++)
            rank += (int32_t)i != items[history] && keys[i] > bar;
        ranking_add (&sum, rank);
    }
    free (keys);
    return ranking_mean (&sum);
}

static void
s_assert_same (ranking_t a, ranking_t b)
{
    assert_int_equal (a.users, b.users);
    assert_close (a.ndcg10, b.ndcg10, 1e-12);
    assert_close (a.hr10, b.hr10, 1e-12);
    assert_close (a.mrr, b.mrr, 1e-12);
}

static void
popularity_equals_its_slow_twin (void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 20; seed++) {
        dataset_t *data = s_random_data (seed);
        for (ranking_split_t split = RANKING_VALID; split <= RANKING_TEST; split++)
            s_assert_same (
                ranking_popularity (data, split, 1), s_slow_floor (data, false, split));
        dataset_destroy (&data);
    }
}

static void
markov_equals_its_slow_twin (void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 20; seed++) {
        dataset_t *data = s_random_data (seed);
        for (ranking_split_t split = RANKING_VALID; split <= RANKING_TEST; split++)
            s_assert_same (
                ranking_markov (data, split, 1), s_slow_floor (data, true, split));
        dataset_destroy (&data);
    }
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (metrics_follow_the_formulas),
        cmocka_unit_test (no_users_give_zeros),
        cmocka_unit_test (a_tie_and_a_nan_count_against_the_target),
        cmocka_unit_test (excluded_items_do_not_count),
        cmocka_unit_test (an_excluded_target_is_still_ranked),
        cmocka_unit_test (popularity_equals_its_slow_twin),
        cmocka_unit_test (markov_equals_its_slow_twin),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

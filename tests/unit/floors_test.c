/* The floors against a slow twin. SPDX-License-Identifier: Apache-2.0 */
#include "model/eval/floors.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/rng.h"

static void
assert_close (double value, double expected, double tolerance)
{
    assert_true (fabs (value - expected) <= tolerance);
}

/* Of kind 1: context, which hides nothing; of kind 2: three times a target. */
static const dataset_role_t s_roles[] = {
    {1, true, false}, {0, false, false}, {3, true, false}};

/* Users walk the items with a habit (the next id) and repeats. */
static dataset_t *
s_random_data (uint64_t seed, bool kinds)
{
    rng_t rng;
    rng_seed (&rng, seed, 0);
    dataset_builder_t *builder = dataset_builder_new ();
    if (kinds)
        dataset_builder_roles (builder, s_roles, 3);
    for (int user = 0; user < 40; user++) {
        char name[8];
        snprintf (name, sizeof name, "%d", user);
        uint64_t item = rng_below (&rng, 20);
        for (uint64_t i = 1 + rng_below (&rng, 12); i > 0; i--) {
            if (kinds)
                dataset_builder_add_kind (
                    builder, name, (int64_t)item, (size_t)rng_below (&rng, 3));
            else
                dataset_builder_add (builder, name, (int64_t)item);
            item = rng_below (&rng, 3) ? (item + 1) % 20 : rng_below (&rng, 20);
        }
    }
    dataset_t *data = dataset_builder_finish (builder);
    dataset_builder_destroy (&builder);
    return data;
}

static bool
s_is_target (const dataset_t *data, size_t user, size_t i)
{
    return !data->kinds || data->kinds[data->offsets[user] + i] != 1;
}

static bool
s_hides (const dataset_t *data, size_t user, size_t i)
{
    return s_is_target (data, user, i); /* the same kinds do */
}

/* Where the last-but-`newer` target of a user is, SIZE_MAX: nowhere. */
static size_t
s_target (const dataset_t *data, size_t user, size_t newer)
{
    for (size_t i = data->offsets[user + 1] - data->offsets[user]; i > 0; i--)
        if (s_is_target (data, user, i - 1) && newer-- == 0)
            return i - 1;
    return SIZE_MAX;
}

static bool
s_is_ranked (const dataset_t *data, size_t user)
{
    size_t valid = s_target (data, user, 1);
    return valid != SIZE_MAX && valid > 0;
}

static size_t
s_train_count (const dataset_t *data, size_t user)
{
    return s_is_ranked (data, user) ? s_target (data, user, 1)
                                    : data->offsets[user + 1] - data->offsets[user];
}

/* Keys as one number: transitions first, then training popularity, then smaller id. */
static void
s_slow_keys (const dataset_t *data, bool markov, int32_t last, double *keys)
{
    for (size_t i = 0; i < data->item_count; i++)
        keys[i] = -(double)data->item_ids[i] * 1e-6;
    for (size_t user = 0; user < data->user_count; user++) {
        const int32_t *items = data->items + data->offsets[user];
        for (size_t i = 0; i < s_train_count (data, user); i++) {
            if (!s_is_target (data, user, i))
                continue;
            keys[items[i]] += 1;
            if (markov && i && items[i - 1] == last)
                keys[items[i]] += 1e6;
        }
    }
}

static ranking_t
s_slow_floor (
    const dataset_t *data, bool markov, ranking_split_t split, size_t step, bool seen)
{
    ranking_sum_t sum = {0};
    double *keys = calloc (data->item_count, sizeof *keys);
    size_t ranked = 0;
    for (size_t user = 0; user < data->user_count; user++) {
        const int32_t *items = data->items + data->offsets[user];
        if (!s_is_ranked (data, user) || ranked++ % step)
            continue;
        size_t history = s_target (data, user, split == RANKING_TEST ? 0 : 1), rank = 0;
        s_slow_keys (data, markov, items[history - 1], keys);
        for (size_t i = 0; i < history && !seen; i++)
            if (s_hides (data, user, i))
                keys[items[i]] = -INFINITY;
        double bar = keys[items[history]];
        for (size_t i = 0; i < data->item_count; i++)
            rank += (int32_t)i != items[history] && keys[i] > bar;
        ranking_add (&sum, bar == -INFINITY ? RANKING_UNREACHABLE : rank);
    }
    free (keys);
    return ranking_mean (&sum);
}

static void
s_assert_same (ranking_t a, ranking_t b)
{
    assert_int_equal (a.users, b.users);
    assert_int_equal (a.unreachable, b.unreachable);
    assert_close (a.ndcg10, b.ndcg10, 1e-12);
    assert_close (a.hr10, b.hr10, 1e-12);
    assert_close (a.mrr, b.mrr, 1e-12);
}

static floors_t
s_floors (const dataset_t *data, ranking_split_t split, size_t step, bool seen)
{
    floors_t floors;
    floors_ranks_t ranks;
    evaluator_task_t task = {.split = split, .step = step, .include_seen = seen};
    assert_int_equal (floors_measure (data, &task, &floors, &ranks), 0);
    assert_int_equal (ranks.count, floors.markov.users);
    s_assert_same (ranking_of (ranks.popularity, ranks.count), floors.popularity);
    s_assert_same (ranking_of (ranks.markov, ranks.count), floors.markov);
    floors_ranks_free (&ranks);
    return floors;
}

static void
s_check (const dataset_t *data, ranking_split_t split, size_t step, bool seen)
{
    floors_t floors = s_floors (data, split, step, seen);
    s_assert_same (floors.popularity, s_slow_floor (data, false, split, step, seen));
    s_assert_same (floors.markov, s_slow_floor (data, true, split, step, seen));
}

static void
floors_equal_their_slow_twins (void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 40; seed++) {
        dataset_t *data = s_random_data (seed, seed % 2);
        for (ranking_split_t split = RANKING_VALID; split <= RANKING_TEST; split++)
            for (size_t step = 1; step <= 3; step += 2) {
                s_check (data, split, step, false);
                s_check (data, split, step, true);
            }
        dataset_destroy (&data);
    }
}

static void
repeats_cannot_be_reached_unless_seen_items_are_asked_for (void **state)
{
    (void)state;
    dataset_t *data = s_random_data (1, false);
    assert_true (s_floors (data, RANKING_TEST, 1, false).markov.unreachable > 0);
    assert_int_equal (s_floors (data, RANKING_TEST, 1, true).markov.unreachable, 0);
    dataset_destroy (&data);
}

static void
each_other_rank_is_that_of_each_other_user (void **state)
{
    (void)state;
    dataset_t *data = s_random_data (2, false);
    floors_t all, half;
    floors_ranks_t ranks;
    evaluator_task_t task = {.split = RANKING_TEST, .step = 1};
    floors_measure (data, &task, &all, &ranks);
    task.step = 2;
    floors_measure (data, &task, &half, NULL);
    size_t count = ranking_thin (ranks.markov, ranks.count, 2);
    s_assert_same (ranking_of (ranks.markov, count), half.markov);
    floors_ranks_free (&ranks);
    dataset_destroy (&data);
}

static void
who_is_told_to_stop_ranks_nobody (void **state)
{
    (void)state;
    dataset_t *data = s_random_data (2, false);
    floors_t floors;
    sig_atomic_t volatile stop = 1;
    evaluator_task_t task = {.split = RANKING_TEST, .step = 1, .stop = &stop};
    assert_int_equal (floors_measure (data, &task, &floors, NULL), -1);
    assert_int_equal (floors.markov.users, 0);
    dataset_destroy (&data);
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (floors_equal_their_slow_twins),
        cmocka_unit_test (repeats_cannot_be_reached_unless_seen_items_are_asked_for),
        cmocka_unit_test (each_other_rank_is_that_of_each_other_user),
        cmocka_unit_test (who_is_told_to_stop_ranks_nobody),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

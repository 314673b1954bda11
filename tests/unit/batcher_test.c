/* Batches: every example once, inputs and targets in step, shares balanced.
 * SPDX-License-Identifier: Apache-2.0 */
#include "model/train/batcher.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "tests/unit/data_samples.h"

#define WINDOW 12

static batcher_t *
s_batcher (const dataset_t *data, size_t batch_users, size_t threads)
{
    batcher_settings_t settings = {WINDOW, batch_users, threads, 0};
    return batcher_new (data, &settings);
}

static void
test_an_epoch_has_every_position_once (void **state)
{
    (void)state;
    dataset_t *data = sample_dataset (50, 30, 2);
    batcher_t *batcher = s_batcher (data, 8, 2);
    rng_t rng;
    rng_seed (&rng, 1, 1);
    batcher_shuffle (batcher, &rng);
    uint64_t want = 0, filled = 0, shared = 0;
    for (size_t u = 0; u < data->user_count; u++) {
        size_t targets = dataset_train_count (data, u) - 1;
        want += targets < WINDOW ? targets : WINDOW;
    }
    assert_int_equal (batcher_batch_count (batcher), 7);
    for (size_t b = 0; b < 7; b++) {
        filled += batcher_fill (batcher, b);
        for (size_t i = 0; i < 2; i++) {
            batcher_share_t share = batcher_share (batcher, i);
            shared += share.offsets[share.sequence_count];
        }
    }
    assert_int_equal (batcher_positions (batcher), want);
    assert_int_equal (filled, want);
    assert_int_equal (shared, want);
    batcher_destroy (&batcher);
    dataset_destroy (&data);
}

static void
test_targets_are_the_next_items (void **state)
{
    (void)state;
    dataset_t *data = sample_dataset (1, 30, 3);
    batcher_t *batcher = s_batcher (data, 8, 1);
    size_t count = dataset_train_count (data, 0);
    size_t length = count - 1 < WINDOW ? count - 1 : WINDOW;
    assert_int_equal (batcher_fill (batcher, 0), length);
    batcher_share_t share = batcher_share (batcher, 0);
    for (size_t t = 0; t < length; t++) {
        assert_int_equal (share.tokens[t], data->items[count - 1 - length + t]);
        assert_int_equal (share.targets[t], data->items[count - length + t]);
    }
    batcher_destroy (&batcher);
    dataset_destroy (&data);
}

static void
test_shares_differ_by_at_most_the_longest (void **state)
{
    (void)state;
    dataset_t *data = sample_dataset (100, 30, 4);
    batcher_t *batcher = s_batcher (data, 16, 2);
    for (size_t b = 0; b + 1 < batcher_batch_count (batcher); b++) {
        batcher_fill (batcher, b);
        batcher_share_t x = batcher_share (batcher, 0), y = batcher_share (batcher, 1);
        long difference =
            (long)x.offsets[x.sequence_count] - (long)y.offsets[y.sequence_count];
        assert_true (labs (difference) <= WINDOW);
    }
    batcher_destroy (&batcher);
    dataset_destroy (&data);
}

static void
test_more_threads_than_sequences (void **state)
{
    (void)state;
    dataset_t *data = sample_dataset (3, 30, 5);
    batcher_t *batcher = s_batcher (data, 2, 4);
    batcher_fill (batcher, 1);
    assert_int_equal (batcher_share (batcher, 0).sequence_count, 1);
    assert_int_equal (batcher_share (batcher, 3).sequence_count, 0);
    batcher_destroy (&batcher);
    dataset_destroy (&data);
}

/* Windows lie at the end, or anywhere: a share of `earlier` anywhere; each is a part of
 * its history, targets in step, and what counts as seen is the whole history. */
static void
test_long_histories_give_earlier_windows (void **state)
{
    (void)state;
    enum { SHORT = 3, EPOCHS = 400 };
    dataset_t *data = sample_dataset (1, 30, 3);
    batcher_settings_t settings = {SHORT, 1, 1, 0.5};
    batcher_t *batcher = batcher_new (data, &settings);
    size_t count = dataset_train_count (data, 0), others = count - SHORT - 1;
    assert_true (others >= 2);
    size_t seen[24] = {0};
    rng_t rng;
    rng_seed (&rng, 1, 1);
    for (size_t epoch = 0; epoch < EPOCHS; epoch++) {
        batcher_shuffle (batcher, &rng);
        assert_int_equal (batcher_fill (batcher, 0), SHORT);
        batcher_share_t share = batcher_share (batcher, 0);
        assert_int_equal (share.histories[0].count, count);
        const int32_t *items = share.histories[0].items;
        size_t first = 0;
        while (first < others &&
               memcmp (items + first, share.tokens, SHORT * sizeof (*items)) != 0)
            first++;
        assert_memory_equal (items + first, share.tokens, SHORT * sizeof (*items));
        assert_memory_equal (items + first + 1, share.targets, SHORT * sizeof (*items));
        seen[first]++;
    }
    double each = 0.5 * EPOCHS / (double)(others + 1); /* of the earlier ones */
    for (size_t i = 0; i < others; i++)
        assert_true (fabs ((double)seen[i] - each) < 6 * sqrt (each));
    assert_true (seen[others] > EPOCHS * 0.45);
    batcher_destroy (&batcher);
    dataset_destroy (&data);
}

/* The kinds of a user's interactions as digits: 0 weighs nothing, others their number. */
static dataset_t *
s_kinds (const char *const *users, size_t count)
{
    dataset_role_t roles[10];
    for (size_t i = 0; i < 10; i++)
        roles[i] = (dataset_role_t){.weight = (float)i, .seen = true};
    dataset_builder_t *builder = dataset_builder_new ();
    dataset_builder_roles (builder, roles, 10);
    for (size_t u = 0; u < count; u++)
        for (size_t i = 0; users[u][i]; i++) {
            const char name[2] = {(char)('a' + u), 0};
            dataset_builder_add_kind (
                builder, name, (int64_t)(10 * u + i), (size_t)(users[u][i] - '0'));
        }
    dataset_t *data = dataset_builder_finish (builder);
    dataset_builder_destroy (&builder);
    return data;
}

/* In step with the targets; an example ends with its last target, and who has none gives
 * none. */
static void
test_targets_have_the_weights_of_their_kinds (void **state)
{
    (void)state;
    static const char *const users[] = {"10302000111", "0000011", "00000"};
    dataset_t *data = s_kinds (users, 3);
    batcher_settings_t settings = {WINDOW, 4, 1, 0};
    batcher_t *batcher = batcher_new (data, &settings);
    assert_true (batcher_has_weights (batcher));
    assert_int_equal (batcher_batch_count (batcher), 1);
    assert_int_equal (batcher_fill (batcher, 0), 8);
    batcher_share_t share = batcher_share (batcher, 0);
    assert_int_equal (share.sequence_count, 1); /* 1 0302000 1 of the first user */
    const float want[] = {0, 3, 0, 2, 0, 0, 0, 1};
    assert_memory_equal (share.weights, want, sizeof want);
    assert_int_equal (share.histories[0].count, 9);
    for (size_t i = 0; i < 8; i++)
        assert_int_equal (data->item_ids[share.targets[i]], i + 1);
    assert_true (fabs (batcher_mean_weight (batcher) - 6) < 1e-9);
    batcher_destroy (&batcher);
    dataset_destroy (&data);
}

static void
test_windows_elsewhere_have_their_own_weights (void **state)
{
    (void)state;
    static const char *const user[] = {"123456789123456789"};
    enum { SHORT = 3 };
    dataset_t *data = s_kinds (user, 1);
    batcher_settings_t settings = {SHORT, 1, 1, 1};
    batcher_t *batcher = batcher_new (data, &settings);
    rng_t rng;
    rng_seed (&rng, 1, 1);
    for (size_t epoch = 0; epoch < 50; epoch++) {
        batcher_shuffle (batcher, &rng);
        batcher_fill (batcher, 0);
        batcher_share_t share = batcher_share (batcher, 0);
        for (size_t i = 0; i < SHORT; i++)
            assert_int_equal (
                (int)share.weights[i], (int)(data->item_ids[share.targets[i]] % 9) + 1);
    }
    batcher_destroy (&batcher);
    dataset_destroy (&data);
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_an_epoch_has_every_position_once),
        cmocka_unit_test (test_targets_are_the_next_items),
        cmocka_unit_test (test_shares_differ_by_at_most_the_longest),
        cmocka_unit_test (test_more_threads_than_sequences),
        cmocka_unit_test (test_long_histories_give_earlier_windows),
        cmocka_unit_test (test_targets_have_the_weights_of_their_kinds),
        cmocka_unit_test (test_windows_elsewhere_have_their_own_weights),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

/* Rows that a step touches. SPDX-License-Identifier: Apache-2.0 */
#include "model/train/touched.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "tests/unit/data_samples.h"

#define ITEMS   40
#define THREADS 2

typedef struct {
    dataset_t *data;
    batcher_t *batcher;
    touched_t *touched;
    rng_t rng;
} bench_t;

static bench_t
s_bench (loss_kind_t kind, size_t negatives)
{
    bench_t self = {.data = sample_dataset (30, ITEMS, 1)};
    self.batcher = batcher_new (self.data, &(batcher_settings_t){6, 5, THREADS, 0});
    self.touched = touched_new (self.batcher, THREADS, kind, ITEMS, negatives);
    rng_seed (&self.rng, 1, 1);
    batcher_fill (self.batcher, 1);
    touched_collect (self.touched, &self.rng);
    return self;
}

static void
s_free (bench_t *self)
{
    touched_destroy (&self->touched);
    batcher_destroy (&self->batcher);
    dataset_destroy (&self->data);
}

static void
test_each_item_has_one_row (void **state)
{
    (void)state;
    bench_t bench = s_bench (LOSS_SAMPLED, 10);
    size_t seen[ITEMS] = {0};
    assert_true (touched_count (bench.touched) <= touched_limit (bench.touched));
    for (size_t i = 0; i < touched_count (bench.touched); i++)
        seen[touched_items (bench.touched)[i]]++;
    for (size_t i = 0; i < ITEMS; i++)
        assert_true (seen[i] <= 1);
    s_free (&bench);
}

static void
test_rows_lead_back_to_the_items (void **state)
{
    (void)state;
    bench_t bench = s_bench (LOSS_SAMPLED, 10);
    const int32_t *items = touched_items (bench.touched);
    for (size_t i = 0; i < THREADS; i++) {
        batcher_share_t given = batcher_share (bench.batcher, i);
        batcher_share_t rows = touched_share (bench.touched, i);
        assert_true (given.offsets[given.sequence_count] > 0);
        for (size_t t = 0; t < given.offsets[given.sequence_count]; t++) {
            assert_int_equal (items[rows.tokens[t]], given.tokens[t]);
            assert_int_equal (items[rows.targets[t]], given.targets[t]);
        }
    }
    s_free (&bench);
}

static void
test_one_more_than_negatives_is_drawn (void **state)
{
    (void)state;
    bench_t bench = s_bench (LOSS_SAMPLED, 10);
    assert_int_equal (touched_drawn (bench.touched), 11);
    s_free (&bench);
}

static void
test_as_many_negatives_as_others_draws_all (void **state)
{
    (void)state;
    bench_t bench = s_bench (LOSS_SAMPLED, ITEMS - 1);
    assert_int_equal (touched_drawn (bench.touched), ITEMS);
    assert_int_equal (touched_count (bench.touched), ITEMS);
    s_free (&bench);
}

/* 4,000 draws of 11 of 40: each item in 1,100 +- 28; 6 deviations allowed. */
static void
test_every_item_is_drawn_as_often (void **state)
{
    (void)state;
    bench_t bench = s_bench (LOSS_SAMPLED, 10);
    size_t times[ITEMS] = {0};
    for (size_t draw = 0; draw < 4000; draw++) {
        touched_collect (bench.touched, &bench.rng);
        for (size_t i = 0; i < touched_drawn (bench.touched); i++)
            times[touched_items (bench.touched)[i]]++;
    }
    for (size_t i = 0; i < ITEMS; i++)
        assert_in_range (times[i], 930, 1270);
    s_free (&bench);
}

static void
test_bce_negatives_are_not_in_the_history (void **state)
{
    (void)state;
    bench_t bench = s_bench (LOSS_BCE, 0);
    const int32_t *items = touched_items (bench.touched);
    for (size_t i = 0; i < THREADS; i++) {
        batcher_share_t share = batcher_share (bench.batcher, i);
        const int32_t *negatives = touched_negatives (bench.touched, i);
        for (size_t b = 0; b < share.sequence_count; b++)
            for (size_t t = share.offsets[b]; t < share.offsets[b + 1]; t++)
                for (size_t h = 0; h < share.histories[b].count; h++)
                    assert_int_not_equal (
                        items[negatives[t]], share.histories[b].items[h]);
    }
    s_free (&bench);
}

/* A user who has seen everything: another item than the target, at least. */
static void
test_bce_of_a_full_history_still_draws (void **state)
{
    (void)state;
    dataset_builder_t *builder = dataset_builder_new ();
    for (int64_t i = 0; i < 8; i++)
        dataset_builder_add (builder, "a", i % 2);
    bench_t bench = {.data = dataset_builder_finish (builder)};
    dataset_builder_destroy (&builder);
    bench.batcher = batcher_new (bench.data, &(batcher_settings_t){6, 1, 1, 0});
    bench.touched = touched_new (bench.batcher, 1, LOSS_BCE, 2, 0);
    rng_seed (&bench.rng, 1, 1);
    size_t positions = batcher_fill (bench.batcher, 0);
    touched_collect (bench.touched, &bench.rng);
    batcher_share_t share = touched_share (bench.touched, 0);
    for (size_t t = 0; t < positions; t++)
        assert_int_not_equal (
            touched_negatives (bench.touched, 0)[t], share.targets[t]);
    s_free (&bench);
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_each_item_has_one_row),
        cmocka_unit_test (test_rows_lead_back_to_the_items),
        cmocka_unit_test (test_one_more_than_negatives_is_drawn),
        cmocka_unit_test (test_as_many_negatives_as_others_draws_all),
        cmocka_unit_test (test_every_item_is_drawn_as_often),
        cmocka_unit_test (test_bce_negatives_are_not_in_the_history),
        cmocka_unit_test (test_bce_of_a_full_history_still_draws),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

/* Top K by tiles against a full sort. SPDX-License-Identifier: Apache-2.0 */
#include "model/serve/scorer.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/rng.h"

enum { V = 1100, D = 24, B = 70 };

typedef struct {
    float *items, *hidden, *scores, *tile;
    scorer_t *scorer;
} fixture_t;

static void
s_fill (float *values, size_t count, uint64_t seed)
{
    rng_t rng;
    rng_seed (&rng, seed, 0);
    for (size_t i = 0; i < count; i++)
        values[i] = (float)rng_normal (&rng);
}

static int
s_setup (void **state)
{
    fixture_t *self = calloc (1, sizeof *self);
    self->items = calloc (V * D, sizeof (float));
    self->hidden = calloc (B * D, sizeof (float));
    self->scores = calloc (B * V, sizeof (float));
    self->tile = aligned_alloc (64, SCORER_TILE_FLOATS * sizeof (float));
    memset (self->tile, 0, SCORER_TILE_FLOATS * sizeof (float));
    s_fill (self->items, V * D, 1);
    s_fill (self->hidden, B * D, 2);
    /* Equal rows: ties that are exact. */
    for (size_t i = 0; i < V; i += 10)
        memcpy (self->items + i * D, self->items, D * sizeof (float));
    self->scorer = scorer_new (self->items, V, D);
    *state = self;
    return 0;
}

static int
s_teardown (void **state)
{
    fixture_t *self = *state;
    scorer_destroy (&self->scorer);
    free (self->items);
    free (self->hidden);
    free (self->scores);
    free (self->tile);
    free (self);
    return 0;
}

static void
scores_are_the_products (void **state)
{
    fixture_t *self = *state;
    scorer_all (self->scorer, self->hidden, B, self->scores);
    for (size_t b = 0; b < B; b++)
        for (size_t i = 0; i < V; i++) {
            double sum = 0;
            for (size_t d = 0; d < D; d++)
                sum += (double)self->hidden[b * D + d] * (double)self->items[i * D + d];
            assert_true (fabs (sum - (double)self->scores[b * V + i]) < 1e-4);
        }
}

/* The next best by (score descending, index ascending) that is not excluded or taken. */
static int64_t
s_next_best (const float *scores, const uint64_t *excluded, const char *taken)
{
    int64_t best = -1;
    for (int64_t i = 0; i < V; i++)
        if (!taken[i] && !(excluded && excluded[i / 64] >> i % 64 & 1) &&
            (best < 0 || scores[i] > scores[best]))
            best = i;
    return best;
}

static void
s_check_top (fixture_t *self, size_t k, const uint64_t *excluded)
{
    scorer_top_t tops[B];
    int64_t *items = calloc (B * k, sizeof *items);
    float *scores = calloc (B * k, sizeof *scores);
    for (size_t b = 0; b < B; b++)
        tops[b] = (scorer_top_t){excluded, k, items + b * k, scores + b * k, 99};
    scorer_all (self->scorer, self->hidden, B, self->scores);
    scorer_top (self->scorer, self->hidden, tops, B, self->tile);
    for (size_t b = 0; b < B; b++) {
        char taken[V] = {0};
        for (size_t i = 0; i < tops[b].count; i++) {
            int64_t best = s_next_best (self->scores + b * V, excluded, taken);
            assert_int_equal (tops[b].items[i], best);
            assert_memory_equal (&tops[b].scores[i],
                &self->scores[b * V + (size_t)best], sizeof (float));
            taken[best] = 1;
        }
        if (tops[b].count < k)
            assert_int_equal (s_next_best (self->scores + b * V, excluded, taken), -1);
    }
    free (items);
    free (scores);
}

static void
the_top_equals_a_full_sort (void **state)
{
    s_check_top (*state, 1, NULL);
    s_check_top (*state, 10, NULL);
    s_check_top (*state, 300, NULL);
}

static void
excluded_items_do_not_come_back (void **state)
{
    uint64_t excluded[V / 64 + 1];
    for (size_t i = 0; i < sizeof excluded / sizeof *excluded; i++)
        excluded[i] = 0xF0F0F0F0F0F0F0F0u + i;
    s_check_top (*state, 10, excluded);
}

static void
fewer_eligible_items_than_k_all_come_back (void **state)
{
    uint64_t excluded[V / 64 + 1];
    memset (excluded, 0xFF, sizeof excluded);
    excluded[3] = 0x11;
    excluded[17] &= ~(uint64_t)1; /* item 1088 */
    s_check_top (*state, 10, excluded);
    s_check_top (*state, 2000, NULL);
}

static void
k_0_gives_nothing (void **state)
{
    fixture_t *self = *state;
    scorer_top_t top = {NULL, 0, NULL, NULL, 99};
    scorer_top (self->scorer, self->hidden, &top, 1, self->tile);
    assert_int_equal (top.count, 0);
}

static void
fewer_items_than_a_tile_are_fine (void **state)
{
    fixture_t *self = *state;
    for (size_t v = 1; v < 70; v += 23) {
        scorer_t *scorer = scorer_new (self->items, v, D);
        int64_t items[100];
        float scores[100];
        scorer_top_t top = {NULL, 100, items, scores, 0};
        scorer_top (scorer, self->hidden, &top, 1, self->tile);
        assert_int_equal (top.count, v);
        for (size_t i = 1; i < v; i++)
            assert_true (scores[i - 1] >= scores[i]);
        scorer_destroy (&scorer);
    }
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (scores_are_the_products),
        cmocka_unit_test (the_top_equals_a_full_sort),
        cmocka_unit_test (excluded_items_do_not_come_back),
        cmocka_unit_test (fewer_eligible_items_than_k_all_come_back),
        cmocka_unit_test (k_0_gives_nothing),
        cmocka_unit_test (fewer_items_than_a_tile_are_fine),
    };
    return cmocka_run_group_tests (tests, s_setup, s_teardown);
}

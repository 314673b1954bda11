/* Top K by the 8-bit pass against a full sort of the float scores, on every kernel that
 * this CPU has. SPDX-License-Identifier: Apache-2.0 */
#include "model/serve/scorer.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/rng.h"
#include "model/kernel/denormals.h"
#include "model/kernel/dot.h"

enum { V = 2100, B = 70, WIDTH_MOST = 256 };

typedef struct {
    size_t width; /* D */
    float *items, *hidden, *scores;
    const float *log_shares; /* V; NULL: no score is lifted */
    float popularity;
} fixture_t;

static void
s_fill (float *values, size_t count, double scale, uint64_t seed)
{
    rng_t rng;
    rng_seed (&rng, seed, 0);
    for (size_t i = 0; i < count; i++)
        values[i] = (float)(scale * rng_normal (&rng));
}

static fixture_t
s_new (size_t width)
{
    fixture_t self = {.width = width,
        .items = calloc (V * width, sizeof (float)),
        .hidden = calloc (B * width, sizeof (float)),
        .scores = calloc (V, sizeof (float))};
    assert_true (self.items && self.hidden && self.scores);
    s_fill (self.items, V * width, 1, 1);
    s_fill (self.hidden, B * width, 1, 2);
    return self;
}

static void
s_free (fixture_t *self)
{
    free (self->items);
    free (self->hidden);
    free (self->scores);
}

static int
s_next_best (const float *scores, const uint64_t *eligible, const char *taken)
{
    int best = -1;
    for (int i = 0; i < V; i++)
        if (!taken[i] && (!eligible || (eligible[i / 64] >> i % 64 & 1)) &&
            scores[i] > (best < 0 ? -INFINITY : scores[best]))
            best = i;
    return best;
}

/* The next best by (score descending, index ascending) that is eligible and not taken. */
static void
s_check_query (fixture_t *self, const top_t *top, size_t query)
{
    char taken[V] = {0};
    for (size_t i = 0; i < V; i++)
        self->scores[i] =
            dot (self->hidden + query * self->width, self->items + i * self->width,
                self->width) +
            (self->log_shares ? -self->popularity * self->log_shares[i] : 0);
    for (size_t i = 0; i < top->count; i++) {
        int best = s_next_best (self->scores, top->eligible, taken);
        assert_int_equal (top->items[i], best);
        assert_memory_equal (&top->scores[i], &self->scores[best], sizeof (float));
        taken[best] = 1;
    }
    if (top->count < top->k)
        assert_int_equal (s_next_best (self->scores, top->eligible, taken), -1);
}

/* Returns how many scores the last kernel computed from the floats. */
static size_t
s_check (fixture_t *self, size_t count, size_t k, const uint64_t *eligible)
{
    top_t tops[B];
    int64_t *items = calloc (B * k, sizeof *items);
    float *scores = calloc (B * k, sizeof *scores);
    const scan_kernel_t *kernel;
    size_t scored = 0;
    for (size_t i = 0; (kernel = scan_kernel (i)); i++) {
        scorer_t *scorer = scorer_new (self->items, V, self->width, kernel);
        for (size_t b = 0; b < count; b++)
            tops[b] = (top_t){eligible, k, items + b * k, scores + b * k, 99,
                self->log_shares, self->popularity};
        scored = scorer_top (scorer, self->hidden, tops, count);
        for (size_t b = 0; b < count; b++)
            s_check_query (self, &tops[b], b);
        scorer_destroy (&scorer);
    }
    free (items);
    free (scores);
    return scored;
}

static void
the_top_equals_a_full_sort (void **state)
{
    (void)state;
    static const size_t widths[] = {1, 3, 16, 24, 50, 64, 100, WIDTH_MOST};
    for (size_t i = 0; i < sizeof widths / sizeof *widths; i++) {
        fixture_t self = s_new (widths[i]);
        s_check (&self, 9, 1, NULL);
        s_check (&self, 17, 10, NULL);
        s_free (&self);
    }
}

static void
any_number_of_queries_is_fine (void **state)
{
    (void)state;
    fixture_t self = s_new (24);
    for (size_t count = 0; count <= SCAN_QUERIES; count++)
        s_check (&self, count, 10, NULL);
    s_check (&self, B, 10, NULL);
    s_check (&self, 3, 300, NULL);
    s_free (&self);
}

/* As training makes them: popular items are longer, neighbours alike, queries near some. */
static void
trained_embeddings_leave_few_to_score (void **state)
{
    (void)state;
    fixture_t self = s_new (64);
    rng_t rng;
    rng_seed (&rng, 3, 0);
    for (size_t i = 0; i < V; i++)
        for (size_t j = 0; j < 64; j++) {
            float *value = &self.items[i * 64 + j];
            *value = *value / (1 + (float)i / 300) +
                     (i % 25 ? self.items[i / 25 * 25 * 64 + j] : 0);
        }
    for (size_t b = 0; b < B; b++)
        for (size_t j = 0; j < 64; j++)
            self.hidden[b * 64 + j] =
                self.hidden[b * 64 + j] / 2 +
                self.items[rng_below (&rng, V) / 25 * 25 * 64 + j];
    size_t scored = s_check (&self, B, 10, NULL);
    assert_true (scored >= 10 * B && scored < V / 5 * B);
    s_free (&self);
}

/* The best item is behind in codes, as all of its (or the query's) roundings go the same
 * way: the bound is met almost exactly. */
static void
roundings_that_add_up_are_bounded (void **state)
{
    (void)state;
    enum { D = 64, BEST = 40 };
    for (int whose = 0; whose < 2; whose++) {
        fixture_t self = s_new (D);
        memset (self.items, 0, V * D * sizeof (float));
        float *best = self.items + BEST * D, *second = self.items;
        for (size_t j = 0; j < D; j++) {
            float rounded = j ? 10.499f : 127;
            self.hidden[j] = whose ? rounded : 1;
            best[j] = whose ? 1 : rounded;
            second[j] = whose ? 0 : j ? 10.2f : 127;
        }
        second[0] = whose ? 6 : 127;
        s_check (&self, 1, 1, NULL);
        s_free (&self);
    }
}

static void
equal_scores_come_in_the_items_order (void **state)
{
    (void)state;
    fixture_t self = s_new (24);
    for (size_t i = 0; i < V; i += 10)
        memcpy (self.items + i * 24, self.items, 24 * sizeof (float));
    memcpy (self.hidden, self.items, 24 * sizeof (float));
    s_check (&self, B, 10, NULL);
    s_check (&self, B, 200, NULL);
    for (size_t i = 0; i < V; i++)
        memcpy (self.items + i * 24, self.items, 24 * sizeof (float));
    s_check (&self, B, 10, NULL);
    s_free (&self);
}

static void
zeros_are_fine (void **state)
{
    (void)state;
    fixture_t self = s_new (24);
    memset (self.hidden, 0, 24 * sizeof (float));
    assert_int_equal (s_check (&self, 1, 10, NULL), SCAN_ITEMS);
    memset (self.items + 20 * 24, 0, (V - 20) * 24 * sizeof (float));
    s_check (&self, B, 30, NULL);
    memset (self.items, 0, 20 * 24 * sizeof (float));
    s_check (&self, B, 10, NULL);
    s_free (&self);
}

/* Sizes from the smallest to the largest floats, mixed, infinities and NaN among them. */
static void
s_check_sizes (void)
{
    static const double scales[] = {1e-45, 1e-38, 1e-30, 1e-19, 1e-6, 1, 1e9, 1e17,
        1e19, 1e30, 1e38, 1e39, (double)INFINITY, (double)NAN};
    enum { SCALES = sizeof scales / sizeof *scales };
    fixture_t self = s_new (24);
    for (size_t b = 0; b < B; b++)
        s_fill (self.hidden + b * 24, 24, scales[b % SCALES], b);
    for (size_t i = 0; i < SCALES; i++) {
        s_fill (self.items, V * 24, scales[i], i);
        s_check (&self, B, 10, NULL);
    }
    for (size_t i = 0; i < V; i++)
        s_fill (self.items + i * 24, 24, scales[i / 40 % SCALES], i);
    s_check (&self, B, 10, NULL);
    for (size_t i = 0; i < V; i++)
        s_fill (self.items + i * 24, 24, scales[(V - i) % (SCALES - 2)], i);
    s_check (&self, B, 10, NULL);
    s_free (&self);
}

static void
sizes_at_the_ends_of_floats_are_fine (void **state)
{
    (void)state;
    s_check_sizes ();
}

static void
a_thread_without_denormals_agrees_with_itself (void **state)
{
    (void)state;
    denormals_off ();
    s_check_sizes ();
}

static void
items_that_are_not_eligible_do_not_come_back (void **state)
{
    (void)state;
    fixture_t self = s_new (24);
    uint64_t eligible[V / 64 + 1];
    for (size_t i = 0; i < sizeof eligible / sizeof *eligible; i++)
        eligible[i] = 0xF0F0F0F0F0F0F0F0u + i;
    eligible[V / 64] &= ((uint64_t)1 << V % 64) - 1;
    s_check (&self, B, 10, eligible);
    s_free (&self);
}

/* None of those that come near a query: nearly each block hits in vain. */
static void
the_best_half_may_be_out (void **state)
{
    (void)state;
    fixture_t self = s_new (24);
    uint64_t eligible[V / 64 + 1] = {0};
    for (size_t b = 1; b < B; b++)
        memcpy (self.hidden + b * 24, self.hidden, 24 * sizeof (float));
    for (size_t i = 0; i < V; i++)
        if (dot (self.hidden, self.items + i * 24, 24) < 0)
            eligible[i / 64] |= (uint64_t)1 << i % 64;
    size_t scored = s_check (&self, B, 10, eligible);
    assert_true (scored < B * V / 4);
    s_free (&self);
}

/* Shares as they are: the most popular item is chosen V times as often as the last. */
static void
lifted_scores_are_ranked (void **state)
{
    (void)state;
    static float log_shares[V];
    uint64_t eligible[V / 64 + 1];
    for (size_t i = 0; i < V; i++)
        log_shares[i] = (float)log (0.13 / (double)(i / 3 + 1));
    memset (eligible, 0xF7, sizeof eligible);
    eligible[V / 64] &= ((uint64_t)1 << V % 64) - 1;
    fixture_t self = s_new (24);
    self.log_shares = log_shares;
    for (int tenths = 1; tenths <= 10; tenths += 3) {
        self.popularity = (float)tenths / 10;
        s_check (&self, B, 10, NULL);
        s_check (&self, 9, 100, eligible);
    }
    s_fill (self.items, V * 24, 1e-3, 5); /* the lift decides */
    size_t scored = s_check (&self, B, 10, NULL);
    assert_true (scored >= B * 10);
    s_fill (self.items, V * 24, 1e8, 5); /* it is lost in rounding */
    s_check (&self, B, 10, NULL);
    memset (self.hidden, 0, B * 24 * sizeof (float));
    s_check (&self, B, 10, NULL);
    s_free (&self);
}

static void
fewer_eligible_items_than_k_all_come_back (void **state)
{
    (void)state;
    fixture_t self = s_new (24);
    uint64_t eligible[V / 64 + 1] = {0};
    eligible[3] = 0x11;
    eligible[17] = 1; /* item 1088 */
    s_check (&self, B, 10, eligible);
    s_check (&self, 2, 2000, NULL);
    s_free (&self);
}

static void
k_0_gives_nothing (void **state)
{
    (void)state;
    fixture_t self = s_new (24);
    assert_int_equal (s_check (&self, B, 0, NULL), 0);
    s_free (&self);
}

static void
a_catalogue_of_any_size_is_fine (void **state)
{
    (void)state;
    fixture_t self = s_new (24);
    for (size_t v = 1; v < 70; v++) {
        scorer_t *scorer = scorer_new (self.items, v, 24, NULL);
        int64_t items[100];
        float scores[100];
        top_t top = {.k = 100, .items = items, .scores = scores};
        scorer_top (scorer, self.hidden, &top, 1);
        assert_int_equal (top.count, v);
        for (size_t i = 1; i < v; i++)
            assert_true (scores[i - 1] >= scores[i]);
        scorer_destroy (&scorer);
    }
    s_free (&self);
}

static void
a_model_of_several_parts_has_the_same_top (void **state)
{
    (void)state;
    sasrec_shape_t shape = {INT32_MAX, 4, 1, 1, 5, 1, false, false};
    size_t part;
    assert_true (sasrec_weights_part (&(sasrec_weights_t){.shape = shape}, 0, &part));
    shape.items = 2 * part + 5;
    sasrec_weights_t *weights = sasrec_weights_new (&shape);
    s_fill (sasrec_items (weights), shape.items * shape.width, 1, 3);
    scorer_t *scorers[] = {
        scorer_new (sasrec_items (weights), shape.items, shape.width, NULL),
        scorer_of (weights)};
    float hidden[4], scores[2][20];
    int64_t items[2][20];
    s_fill (hidden, 4, 1, 4);
    for (size_t i = 0; i < 2; i++) {
        top_t top = {.k = 20, .items = items[i], .scores = scores[i]};
        scorer_top (scorers[i], hidden, &top, 1);
        assert_int_equal (top.count, 20);
        scorer_destroy (&scorers[i]);
    }
    assert_memory_equal (items[0], items[1], sizeof items[0]);
    assert_memory_equal (scores[0], scores[1], sizeof scores[0]);
    sasrec_weights_destroy (&weights);
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (the_top_equals_a_full_sort),
        cmocka_unit_test (any_number_of_queries_is_fine),
        cmocka_unit_test (trained_embeddings_leave_few_to_score),
        cmocka_unit_test (roundings_that_add_up_are_bounded),
        cmocka_unit_test (equal_scores_come_in_the_items_order),
        cmocka_unit_test (zeros_are_fine),
        cmocka_unit_test (sizes_at_the_ends_of_floats_are_fine),
        cmocka_unit_test (a_thread_without_denormals_agrees_with_itself),
        cmocka_unit_test (items_that_are_not_eligible_do_not_come_back),
        cmocka_unit_test (the_best_half_may_be_out),
        cmocka_unit_test (lifted_scores_are_ranked),
        cmocka_unit_test (fewer_eligible_items_than_k_all_come_back),
        cmocka_unit_test (k_0_gives_nothing),
        cmocka_unit_test (a_catalogue_of_any_size_is_fine),
        cmocka_unit_test (a_model_of_several_parts_has_the_same_top),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

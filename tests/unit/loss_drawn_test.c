/* The losses that look at few items: against brute force in double, and against the full
 * softmax where they must agree. SPDX-License-Identifier: Apache-2.0 */
#include "model/train/loss.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "model/kernel/blas.h"
#include "tests/unit/model_samples.h"

#define WIDTH  8
#define ITEMS  40 /* rows of the table of a step */
#define ROWS   150
#define WEIGHT 0.25

typedef struct {
    float hidden[ROWS * WIDTH], table[ITEMS * WIDTH];
    float dhidden[ROWS * WIDTH], ditems[ITEMS * WIDTH];
    double want_dhidden[ROWS * WIDTH], want_ditems[ITEMS * WIDTH];
    float factors[ROWS];
    int32_t targets[ROWS], negatives[ROWS];
} case_t;

static int
s_setup (void **state)
{
    case_t *self = calloc (1, sizeof (*self));
    uint64_t seed = 11;
    sample_fill (self->hidden, ROWS * WIDTH, 1, &seed);
    sample_fill (self->table, ITEMS * WIDTH, 1, &seed);
    for (size_t r = 0; r < ROWS; r++) {
        self->targets[r] = (int32_t)((r * 13 + 5) % ITEMS);
        self->negatives[r] = (int32_t)((r * 13 + 6 + r % 7) % ITEMS);
        self->factors[r] = 0.5f + 0.5f * (float)(r % 4);
    }
    *state = self;
    return 0;
}

static int
s_teardown (void **state)
{
    free (*state);
    return 0;
}

static double
s_score (const case_t *self, size_t r, size_t item)
{
    double score = 0;
    for (size_t i = 0; i < WIDTH; i++)
        score +=
            (double)self->hidden[r * WIDTH + i] * (double)self->table[item * WIDTH + i];
    return score;
}

/* Adds the derivative by the score of row r and the item. */
static void
s_want (case_t *self, size_t r, size_t item, double by)
{
    by *= WEIGHT * (double)self->factors[r];
    for (size_t i = 0; i < WIDTH; i++) {
        size_t h = r * WIDTH + i, e = item * WIDTH + i;
        self->want_dhidden[h] += by * (double)self->table[e];
        self->want_ditems[e] += by * (double)self->hidden[h];
    }
}

/* -log of e^target / (e^target + (V - 1) / n * sum of e^others), n others. */
static double
s_sampled_row (case_t *self, size_t r, size_t drawn, size_t population)
{
    size_t target = (size_t)self->targets[r], others = drawn - (target < drawn);
    double raise = (double)(population - 1) / (double)others;
    double own = exp (s_score (self, r, target)), sum = own;
    for (size_t item = 0; item < drawn; item++)
        sum += item == target ? 0 : raise * exp (s_score (self, r, item));
    for (size_t item = 0; item < drawn; item++)
        if (item != target)
            s_want (self, r, item, raise * exp (s_score (self, r, item)) / sum);
    s_want (self, r, target, own / sum - 1);
    return log (sum / own);
}

static void
s_assert_close (const float *given, const double *want, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (fabs ((double)given[i] - want[i]) > 2e-5)
            fail_msg ("[%zu]: %g, want %g", i, (double)given[i], want[i]);
}

static double
s_run (case_t *self, loss_kind_t kind, size_t columns, loss_input_t input)
{
    input.hidden = self->hidden;
    input.targets = self->targets;
    input.rows = ROWS;
    input.items = self->table;
    input.weight = (float)WEIGHT;
    input.factors = self->factors;
    input.negatives = self->negatives;
    loss_t *loss = loss_new (kind, columns, WIDTH);
    double sum = loss_run (loss, &input, self->dhidden, self->ditems);
    loss_destroy (&loss);
    return sum;
}

static void
s_check_sampled (case_t *self, size_t drawn, size_t population)
{
    double want = 0;
    for (size_t r = 0; r < ROWS; r++)
        want += s_sampled_row (self, r, drawn, population);
    double loss = s_run (self, LOSS_SAMPLED, drawn,
        (loss_input_t){.drawn = drawn, .population = population});
    assert_true (fabs (loss - want) < 1e-5 * want);
    s_assert_close (self->dhidden, self->want_dhidden, ROWS * WIDTH);
    s_assert_close (self->ditems, self->want_ditems, ITEMS * WIDTH);
}

static void
test_sampled_is_brute_force (void **state)
{
    s_check_sampled (*state, 17, 1000);
}

static void
test_sampled_with_two_drawn (void **state)
{
    s_check_sampled (*state, 2, 1000);
}

static void
test_all_items_drawn_is_the_full_softmax (void **state)
{
    case_t *self = *state;
    double full = s_run (self, LOSS_FULL, ITEMS, (loss_input_t){0});
    float dhidden[ROWS * WIDTH], ditems[ITEMS * WIDTH];
    memcpy (dhidden, self->dhidden, sizeof (dhidden));
    memcpy (ditems, self->ditems, sizeof (ditems));
    memset (self->ditems, 0, sizeof (self->ditems));
    double sampled = s_run (
        self, LOSS_SAMPLED, ITEMS, (loss_input_t){.drawn = ITEMS, .population = ITEMS});
    assert_true (fabs (full - sampled) < 1e-6 * full);
    for (size_t i = 0; i < ROWS * WIDTH; i++)
        assert_true (fabsf (dhidden[i] - self->dhidden[i]) < 1e-6f);
    for (size_t i = 0; i < ITEMS * WIDTH; i++)
        assert_true (fabsf (ditems[i] - self->ditems[i]) < 1e-5f);
}

/* Over all draws of 3 of 6 items the sum that a softmax divides by is right on average:
 * e^-score of the target times it, minus 1, is what e^loss tells. */
static void
test_correction_has_no_bias (void **state)
{
    case_t *self = *state;
    enum { V = 6, N = 3 };
    double want = 0, mean = 0;
    size_t draws = 0;
    for (size_t item = 0; item < V; item++)
        want += exp (s_score (self, 0, item));
    for (size_t set = 0; set < 1u << V; set++) {
        if (__builtin_popcountll (set) != N)
            continue;
        float table[V * WIDTH];
        int32_t target = 0;
        size_t rows = 0;
        for (size_t pass = 0; pass < 2; pass++) /* drawn ones first */
            for (size_t item = 0; item < V; item++)
                if ((set >> item & 1) == (pass == 0)) {
                    target = item == 2 ? (int32_t)rows : target;
                    memcpy (table + rows++ * WIDTH, self->table + item * WIDTH,
                        sizeof (float) * WIDTH);
                }
        loss_input_t input = {.hidden = self->hidden,
            .targets = &target,
            .rows = 1,
            .items = table,
            .weight = 1,
            .drawn = N,
            .population = V};
        loss_t *loss = loss_new (LOSS_SAMPLED, N, WIDTH);
        mean += exp (loss_run (loss, &input, self->dhidden, self->ditems)) *
                exp (s_score (self, 0, 2));
        loss_destroy (&loss);
        draws++;
    }
    assert_int_equal (draws, 20);
    assert_true (fabs (mean / 20 - want) < 1e-5 * want);
}

static void
test_bce_is_brute_force (void **state)
{
    case_t *self = *state;
    double want = 0;
    for (size_t r = 0; r < ROWS; r++) {
        size_t target = (size_t)self->targets[r], other = (size_t)self->negatives[r];
        double a = s_score (self, r, target), b = s_score (self, r, other);
        want += log1p (exp (-a)) + log1p (exp (b));
        s_want (self, r, target, -1 / (1 + exp (a)));
        s_want (self, r, other, 1 / (1 + exp (-b)));
    }
    double loss = s_run (self, LOSS_BCE, 0, (loss_input_t){0});
    assert_true (fabs (loss - want) < 1e-5 * want);
    s_assert_close (self->dhidden, self->want_dhidden, ROWS * WIDTH);
    s_assert_close (self->ditems, self->want_ditems, ITEMS * WIDTH);
}

static void
test_names_are_told_and_found (void **state)
{
    (void)state;
    for (loss_kind_t kind = LOSS_FULL; kind <= LOSS_BCE; kind++)
        assert_int_equal (loss_by_name (loss_name (kind)), kind);
    assert_int_equal (loss_by_name ("hinge"), LOSS_DEFAULT);
}

int
main (void)
{
    blas_setup ();
#define TEST(test) cmocka_unit_test_setup_teardown (test, s_setup, s_teardown)
    const struct CMUnitTest tests[] = {
        TEST (test_sampled_is_brute_force),
        TEST (test_sampled_with_two_drawn),
        TEST (test_all_items_drawn_is_the_full_softmax),
        TEST (test_correction_has_no_bias),
        TEST (test_bce_is_brute_force),
        TEST (test_names_are_told_and_found),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

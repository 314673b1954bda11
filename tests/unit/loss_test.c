/* The tiled cross-entropy against a naive twin in double.
 * SPDX-License-Identifier: Apache-2.0 */
#include "model/train/loss.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

#include "model/kernel/blas.h"
#include "tests/unit/model_samples.h"

typedef struct {
    size_t rows, items, width;
    float *hidden, *table, *dhidden, *ditems, *factors;
    double *want_dhidden, *want_ditems;
    int32_t *targets;
    double loss, want_loss;
} case_t;

/* p = softmax of row r's scores; returns -log p[target]. */
static double
s_naive_row (const case_t *self, size_t r, double *p)
{
    double sum = 0, target = 0;
    for (size_t j = 0; j < self->items; j++) {
        double score = 0;
        for (size_t i = 0; i < self->width; i++)
            score += (double)self->hidden[r * self->width + i] *
                     (double)self->table[j * self->width + i];
        if ((int32_t)j == self->targets[r])
            target = score;
        p[j] = exp (score);
        sum += p[j];
    }
    for (size_t j = 0; j < self->items; j++)
        p[j] /= sum;
    return log (sum) - target;
}

static void
s_naive (case_t *self, double weight)
{
    double *p = calloc (self->items, sizeof (double));
    for (size_t r = 0; r < self->rows; r++) {
        self->want_loss += s_naive_row (self, r, p);
        double own = weight * (double)self->factors[r];
        p[self->targets[r]] -= 1;
        for (size_t j = 0; j < self->items; j++)
            for (size_t i = 0; i < self->width; i++) {
                size_t h = r * self->width + i, e = j * self->width + i;
                self->want_dhidden[h] += own * p[j] * (double)self->table[e];
                self->want_ditems[e] += own * p[j] * (double)self->hidden[h];
            }
    }
    free (p);
}

static case_t
s_case (size_t rows, size_t items, size_t width, float scale)
{
    case_t self = {.rows = rows, .items = items, .width = width};
    uint64_t state = rows * 31 + items;
    self.hidden = calloc (rows * width, sizeof (float));
    self.dhidden = calloc (rows * width, sizeof (float));
    self.want_dhidden = calloc (rows * width, sizeof (double));
    self.table = calloc (items * width, sizeof (float));
    self.ditems = calloc (items * width, sizeof (float));
    self.want_ditems = calloc (items * width, sizeof (double));
    self.targets = calloc (rows, sizeof (int32_t));
    self.factors = calloc (rows, sizeof (float));
    sample_fill (self.hidden, rows * width, scale, &state);
    sample_fill (self.table, items * width, scale, &state);
    for (size_t r = 0; r < rows; r++)
        self.targets[r] = (int32_t)((r * 13 + 5) % items);
    for (size_t r = 0; r < rows; r++)
        self.factors[r] = 1;
    return self;
}

static void
s_free (case_t *self)
{
    free (self->hidden);
    free (self->dhidden);
    free (self->want_dhidden);
    free (self->table);
    free (self->ditems);
    free (self->want_ditems);
    free (self->targets);
    free (self->factors);
}

static void
s_assert_close (const float *given, const double *want, size_t count, double tolerance)
{
    for (size_t i = 0; i < count; i++)
        if (fabs ((double)given[i] - want[i]) > tolerance)
            fail_msg ("[%zu]: %g, want %g", i, (double)given[i], want[i]);
}

static void
s_check (size_t rows, size_t items, size_t width, float scale)
{
    case_t c = s_case (rows, items, width, scale);
    loss_t *loss = loss_new (LOSS_FULL, items, width);
    for (size_t r = 0; r < rows; r++)
        c.factors[r] = 0.5f + 0.5f * (float)(r % 4);
    loss_input_t input = {.hidden = c.hidden,
        .targets = c.targets,
        .rows = rows,
        .items = c.table,
        .weight = 0.25f,
        .factors = c.factors};
    c.loss = loss_run (loss, &input, c.dhidden, c.ditems);
    s_naive (&c, 0.25);
    assert_true (fabs (c.loss - c.want_loss) < 1e-5 * (1 + fabs (c.want_loss)));
    s_assert_close (c.dhidden, c.want_dhidden, rows * width, 1e-5 * (double)scale);
    s_assert_close (c.ditems, c.want_ditems, items * width, 2e-5 * (double)scale);
    loss_destroy (&loss);
    s_free (&c);
}

static void
test_one_tile (void **state)
{
    (void)state;
    s_check (5, 11, 8, 1);
}

static void
test_many_tiles_and_a_rest (void **state)
{
    (void)state;
    s_check (300, 97, 16, 1);
}

static void
test_large_scores (void **state)
{
    (void)state;
    s_check (40, 50, 8, 5); /* scores beyond +-100: exp alone would overflow */
}

static void
test_gradient_may_overwrite_hidden (void **state)
{
    (void)state;
    case_t c = s_case (150, 30, 8, 1);
    loss_t *loss = loss_new (LOSS_FULL, c.items, c.width);
    s_naive (&c, 1);
    loss_input_t input = {.hidden = c.hidden,
        .targets = c.targets,
        .rows = c.rows,
        .items = c.table,
        .weight = 1};
    loss_run (loss, &input, c.hidden, c.ditems);
    s_assert_close (c.hidden, c.want_dhidden, c.rows * c.width, 1e-5);
    loss_destroy (&loss);
    s_free (&c);
}

static void
test_single_item_has_no_loss (void **state)
{
    (void)state;
    s_check (3, 1, 8, 1);
}

int
main (void)
{
    blas_setup ();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_one_tile),
        cmocka_unit_test (test_many_tiles_and_a_rest),
        cmocka_unit_test (test_large_scores),
        cmocka_unit_test (test_gradient_may_overwrite_hidden),
        cmocka_unit_test (test_single_item_has_no_loss),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

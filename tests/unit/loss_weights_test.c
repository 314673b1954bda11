/* Weights of targets: the gradient of each loss is the one of its weighed sum, by finite
 * differences. SPDX-License-Identifier: Apache-2.0 */
#include "model/train/loss.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "model/kernel/blas.h"
#include "model/train/weighed.h"
#include "tests/unit/model_samples.h"

#define WIDTH 4
#define ITEMS 9
#define ROWS  7
#define DRAWN 5

static const float s_weights[ROWS] = {1, 0, 3, 0.5f, 0, 0, 2};
static const int32_t s_targets[ROWS] = {0, 3, 8, 2, 2, 7, 5};
static const int32_t s_negatives[ROWS] = {1, 4, 0, 3, 7, 8, 2};

typedef struct {
    loss_kind_t kind;
    float hidden[ROWS * WIDTH], table[ITEMS * WIDTH];
    float dhidden[ROWS * WIDTH], ditems[ITEMS * WIDTH];
} case_t;

static loss_input_t
s_input (const case_t *self, size_t first, size_t rows)
{
    return (loss_input_t){.hidden = self->hidden + first * WIDTH,
        .targets = s_targets + first,
        .rows = rows,
        .items = self->table,
        .weight = 0.25f,
        .factors = s_weights + first,
        .negatives = s_negatives + first,
        .drawn = self->kind == LOSS_SAMPLED ? DRAWN : 0,
        .population = ITEMS};
}

static loss_t *
s_loss (const case_t *self)
{
    return loss_new (self->kind, self->kind == LOSS_SAMPLED ? DRAWN : ITEMS, WIDTH);
}

/* What is made small: row by row, so that no weight of the implementation is in it. */
static double
s_objective (const case_t *self)
{
    loss_t *loss = s_loss (self);
    float dhidden[WIDTH], ditems[ITEMS * WIDTH] = {0};
    double sum = 0;
    for (size_t r = 0; r < ROWS; r++) {
        loss_input_t input = s_input (self, r, 1);
        sum += 0.25 * (double)s_weights[r] * loss_run (loss, &input, dhidden, ditems);
    }
    loss_destroy (&loss);
    return sum;
}

/* As a learner does: only the rows with a weight. */
static void
s_gradient (case_t *self)
{
    loss_t *loss = s_loss (self);
    weighed_t *weighed = weighed_new (ROWS);
    loss_input_t input = s_input (self, 0, ROWS);
    memcpy (self->dhidden, self->hidden, sizeof self->hidden);
    weighed_gather (weighed, s_weights, WIDTH, &input, self->dhidden);
    input.hidden = self->dhidden;
    loss_run (loss, &input, self->dhidden, self->ditems);
    weighed_scatter (weighed, ROWS, WIDTH, self->dhidden);
    weighed_destroy (&weighed);
    loss_destroy (&loss);
}

static void
s_compare (const case_t *self, float *values, const float *gradient, size_t count)
{
    const float step = 1e-2f;
    for (size_t i = 0; i < count; i++) {
        float value = values[i];
        values[i] = value + step;
        double up = s_objective (self);
        values[i] = value - step;
        double down = s_objective (self);
        values[i] = value;
        double want = (up - down) / (2 * (double)step);
        if (fabs (want - (double)gradient[i]) > 2e-4)
            fail_msg ("%s [%zu]: %g, by differences %g", loss_name (self->kind), i,
                (double)gradient[i], want);
    }
}

static void
test_gradients_are_those_of_the_weighed_sum (void **state)
{
    (void)state;
    for (loss_kind_t kind = LOSS_FULL; kind <= LOSS_BCE; kind++) {
        case_t self = {.kind = kind};
        uint64_t seed = 5;
        sample_fill (self.hidden, ROWS * WIDTH, 1, &seed);
        sample_fill (self.table, ITEMS * WIDTH, 1, &seed);
        s_gradient (&self);
        s_compare (&self, self.hidden, self.dhidden, ROWS * WIDTH);
        s_compare (&self, self.table, self.ditems, ITEMS * WIDTH);
    }
}

int
main (void)
{
    blas_setup ();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_gradients_are_those_of_the_weighed_sum),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

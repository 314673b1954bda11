/* Adam against its definition, and the moving average.
 * SPDX-License-Identifier: Apache-2.0 */
#include "model/train/adam.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "tests/unit/model_samples.h"

#define COUNT 10000 /* more than a piece */

static const adam_settings_t s_settings = {
    .beta1 = 0.9f, .beta2 = 0.98f, .epsilon = 1e-8f, .decay = 0.1f, .average = 0};

/* Three steps of the paper's algorithm in double for one weight. */
static double
s_expected (double w, const double gradients[3], double rate)
{
    double m = 0, v = 0;
    for (int t = 1; t <= 3; t++) {
        double g = gradients[t - 1];
        m = 0.9 * m + 0.1 * g;
        v = 0.98 * v + 0.02 * g * g;
        double step = m / (1 - pow (0.9, t)) / (sqrt (v / (1 - pow (0.98, t))) + 1e-8);
        w = w * (1 - rate * 0.1) - rate * step;
    }
    return w;
}

static void
test_steps_follow_the_definition (void **state)
{
    (void)state;
    float w[2] = {0.5f, -1.0f}, g[2], h[2];
    float *lists[2] = {g, h};
    const double gradients[2][3] = {{0.1, -0.2, 0.05}, {3, 2, -1}};
    adam_t *adam = adam_new (w, 2, &s_settings);
    for (int t = 0; t < 3; t++) {
        for (int i = 0; i < 2; i++) {
            g[i] = (float)(gradients[i][t] * 0.25);
            h[i] = (float)(gradients[i][t] * 0.75);
        }
        adam_begin (adam, 0.01f);
        adam_update (adam, 0, lists, 2, 0, 2);
    }
    assert_true (fabs ((double)w[0] - s_expected (0.5, gradients[0], 0.01)) < 1e-6);
    assert_true (fabs ((double)w[1] - s_expected (-1.0, gradients[1], 0.01)) < 1e-6);
    assert_true (g[0] == 0 && g[1] == 0 && h[0] == 0 && h[1] == 0);
    adam_destroy (&adam);
}

static void
test_ranges_equal_one_pass (void **state)
{
    (void)state;
    static float w[COUNT], x[COUNT], g[COUNT], h[COUNT];
    uint64_t seed = 4;
    sample_fill (w, COUNT, 1, &seed);
    memcpy (x, w, sizeof (w));
    sample_fill (g, COUNT, 1, &seed);
    memcpy (h, g, sizeof (g));
    float *of_w[1] = {g}, *of_x[1] = {h};
    adam_t *one = adam_new (w, COUNT, &s_settings);
    adam_t *two = adam_new (x, COUNT, &s_settings);
    adam_begin (one, 0.01f);
    adam_update (one, 0, of_w, 1, 0, COUNT);
    adam_begin (two, 0.01f);
    adam_update (two, 0, of_x, 1, 5008, COUNT);
    adam_update (two, 0, of_x, 1, 0, 5008);
    assert_memory_equal (w, x, sizeof (w));
    adam_destroy (&one);
    adam_destroy (&two);
}

static void
test_average_of_still_weights_is_the_weights (void **state)
{
    (void)state;
    float w[1] = {2.5f}, g[1] = {0};
    float *lists[1] = {g};
    adam_settings_t settings = s_settings;
    settings.decay = 0;
    settings.average = 0.99f;
    adam_t *adam = adam_new (w, 1, &settings);
    for (int t = 0; t < 50; t++) {
        adam_begin (adam, 0.01f);
        adam_update (adam, 0, lists, 1, 0, 1);
    }
    assert_true (fabsf (adam_averaged (adam)[0] - 2.5f) < 1e-5f);
    adam_destroy (&adam);
}

#define ROW_COUNT 3
#define ROW_WIDTH 20

/* The same three rows, one Adam dense and one by rows. */
typedef struct {
    float dense[ROW_COUNT * ROW_WIDTH], sparse[ROW_COUNT * ROW_WIDTH];
    adam_t *of_dense, *of_sparse;
    uint64_t seed;
} rows_t;

static rows_t *
s_rows (float decay)
{
    rows_t *self = calloc (1, sizeof (*self));
    adam_settings_t settings = s_settings;
    settings.decay = decay;
    settings.average = 0.9f;
    self->seed = 5;
    sample_fill (self->dense, ROW_COUNT * ROW_WIDTH, 1, &self->seed);
    memcpy (self->sparse, self->dense, sizeof (self->dense));
    self->of_dense = adam_new (self->dense, ROW_COUNT * ROW_WIDTH, &settings);
    self->of_sparse = adam_new (self->sparse, ROW_COUNT * ROW_WIDTH, &settings);
    adam_track_rows (self->of_sparse, ROW_COUNT, ROW_WIDTH);
    return self;
}

static void
s_rows_free (rows_t *self)
{
    adam_destroy (&self->of_dense);
    adam_destroy (&self->of_sparse);
    free (self);
}

/* One step with random gradients for the rows listed, none for the others. */
static void
s_rows_step (rows_t *self, const int32_t *rows, size_t count)
{
    float full[ROW_COUNT * ROW_WIDTH] = {0}, packed[ROW_COUNT * ROW_WIDTH];
    sample_fill (packed, count * ROW_WIDTH, 1, &self->seed);
    for (size_t i = 0; i < count; i++)
        memcpy (full + rows[i] * ROW_WIDTH, packed + i * ROW_WIDTH,
            ROW_WIDTH * sizeof (float));
    adam_begin (self->of_dense, 0.01f);
    adam_update (self->of_dense, 0, (float *[]){full}, 1, 0, ROW_COUNT * ROW_WIDTH);
    adam_begin (self->of_sparse, 0.01f);
    adam_update_rows (self->of_sparse, rows, 0, count, (float *[]){packed}, 1);
}

/* Of one part of the state: "adam.first", ... */
static const float *
s_part (adam_t *adam, const char *name)
{
    part_t parts[ADAM_STATE_PARTS];
    size_t count = adam_state (adam, parts);
    for (size_t i = 0; i < count; i++)
        if (strcmp (parts[i].name, name) == 0)
            return parts[i].bytes;
    fail_msg ("no part %s", name);
    return NULL;
}

static void
s_assert_near (const float *x, const float *y, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (fabsf (x[i] - y[i]) > 1e-6f * (1 + fabsf (y[i])))
            fail_msg ("[%zu] %g and %g", i, (double)x[i], (double)y[i]);
}

static void
test_rows_touched_in_each_step_are_dense_adam (void **state)
{
    (void)state;
    rows_t *rows = s_rows (0.1f);
    for (size_t step = 0; step < 30; step++)
        s_rows_step (rows, (int32_t[]){2, 0, 1}, 3);
    adam_settle (rows->of_sparse);
    s_assert_near (rows->sparse, rows->dense, ROW_COUNT * ROW_WIDTH);
    s_assert_near (adam_averaged (rows->of_sparse), adam_averaged (rows->of_dense),
        ROW_COUNT * ROW_WIDTH);
    s_rows_free (rows);
}

/* Row 1 misses steps; when it is back, its moments are what zero gradients made of them. */
static void
test_moments_catch_up_on_missed_steps (void **state)
{
    (void)state;
    rows_t *rows = s_rows (0);
    s_rows_step (rows, (int32_t[]){0, 1, 2}, 3);
    for (size_t step = 0; step < 5; step++)
        s_rows_step (rows, (int32_t[]){0, 2}, 2);
    s_rows_step (rows, (int32_t[]){1}, 1);
    const char *const parts[] = {"adam.first", "adam.second"};
    for (size_t i = 0; i < 2; i++)
        s_assert_near (s_part (rows->of_sparse, parts[i]) + ROW_WIDTH,
            s_part (rows->of_dense, parts[i]) + ROW_WIDTH, ROW_WIDTH);
    s_rows_free (rows);
}

/* A row that is never touched rests; so does its average. One that is touched once, early:
 * its average ends as if it had been formed in each step. */
static void
test_averages_of_resting_rows_settle (void **state)
{
    (void)state;
    rows_t *rows = s_rows (0);
    float start[ROW_WIDTH], after[ROW_WIDTH];
    memcpy (start, rows->sparse, sizeof (start));
    s_rows_step (rows, (int32_t[]){1}, 1);
    s_rows_step (rows, (int32_t[]){2}, 1);
    s_rows_step (rows, (int32_t[]){2}, 1);
    memcpy (after, rows->sparse + 2 * ROW_WIDTH, sizeof (after));
    float average[ROW_WIDTH];
    adam_settle (rows->of_sparse);
    memcpy (average, adam_averaged (rows->of_sparse) + 2 * ROW_WIDTH, sizeof (average));
    for (size_t step = 4; step <= 20; step++) {
        s_rows_step (rows, (int32_t[]){1}, 1);
        float young = (float)(step - 1) / (float)(step + 9);
        float keep = young < 0.9f ? young : 0.9f;
        for (size_t i = 0; i < ROW_WIDTH; i++)
            average[i] = keep * average[i] + (1 - keep) * after[i];
        if (step == 9)
            adam_settle (rows->of_sparse); /* in between is harmless */
    }
    adam_settle (rows->of_sparse);
    s_assert_near (adam_averaged (rows->of_sparse), start, ROW_WIDTH);
    s_assert_near (rows->sparse, start, ROW_WIDTH);
    s_assert_near (adam_averaged (rows->of_sparse) + 2 * ROW_WIDTH, average, ROW_WIDTH);
    s_rows_free (rows);
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_steps_follow_the_definition),
        cmocka_unit_test (test_ranges_equal_one_pass),
        cmocka_unit_test (test_average_of_still_weights_is_the_weights),
        cmocka_unit_test (test_rows_touched_in_each_step_are_dense_adam),
        cmocka_unit_test (test_moments_catch_up_on_missed_steps),
        cmocka_unit_test (test_averages_of_resting_rows_settle),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

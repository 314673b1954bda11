/* The encoder: gradients against finite differences, serving against training, packed
 * against one by one. SPDX-License-Identifier: Apache-2.0 */
#include "model/net/encoder.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

#include "model/kernel/blas.h"
#include "tests/unit/model_samples.h"

#define TOKENS 9

static const sasrec_shape_t s_pre = {.items = 7,
    .width = 8,
    .blocks = 2,
    .heads = 2,
    .window = 6,
    .ffn_factor = 2,
    .post_norm = false,
    .relative_bias = true};
static const sasrec_shape_t s_post = {.items = 7,
    .width = 8,
    .blocks = 2,
    .heads = 1,
    .window = 6,
    .ffn_factor = 1,
    .post_norm = true};
/* Longer than a block of attention rows, so that blocks of rows meet. */
static const sasrec_shape_t s_long = {.items = 50,
    .width = 16,
    .blocks = 2,
    .heads = 2,
    .window = 150,
    .ffn_factor = 4,
    .post_norm = false,
    .relative_bias = true};

static const encoder_dropout_t s_dropout = {0.3f, 0.2f, 42};

/* sum of c * hidden, in double. */
static double
s_loss (const sasrec_weights_t *weights, encoder_scratch_t *scratch, const float *c)
{
    const float *hidden =
        encoder_forward (weights, scratch, sample_tokens, sample_offsets, 3, s_dropout);
    double sum = 0;
    for (size_t i = 0; i < TOKENS * weights->shape.width; i++)
        sum += (double)c[i] * (double)hidden[i];
    return sum;
}

static double
s_slope (
    sasrec_weights_t *weights, encoder_scratch_t *scratch, const float *c, float *value)
{
    float kept = *value, step = 4e-3f;
    *value = kept + step;
    double high = s_loss (weights, scratch, c);
    *value = kept - step;
    double low = s_loss (weights, scratch, c);
    *value = kept;
    return (high - low) / (2 * (double)step);
}

/* Float forward passes leave about 1e-6 / step of noise in a slope. */
static void
s_check_gradients (const sasrec_shape_t *shape)
{
    sasrec_weights_t *weights = sample_weights (shape, 1);
    sasrec_weights_t *gradients = sasrec_weights_new (shape);
    encoder_scratch_t *scratch = encoder_scratch_new (shape, TOKENS, 3, true);
    uint64_t state = 5;
    float *c = calloc (TOKENS * shape->width, sizeof (float));
    sample_fill (c, TOKENS * shape->width, 1, &state);
    s_loss (weights, scratch, c);
    encoder_backward (weights, scratch, c, gradients);
    for (size_t i = 0; i < sasrec_tensor_count (shape); i++) {
        sasrec_tensor_t tensor = sasrec_tensor (weights, i);
        const float *gradient = sasrec_tensor (gradients, i).values;
        for (size_t j = 0; j < tensor.rows * tensor.columns; j++) {
            double slope = s_slope (weights, scratch, c, &tensor.values[j]);
            double given = (double)gradient[j];
            if (fabs (slope - given) > 4e-3 + 0.01 * fabs (slope))
                fail_msg (
                    "%s[%zu]: slope %g, gradient %g", tensor.name, j, slope, given);
        }
    }
    free (c);
    encoder_scratch_destroy (&scratch);
    sasrec_weights_destroy (&gradients);
    sasrec_weights_destroy (&weights);
}

static void
test_gradients_pre_norm (void **state)
{
    (void)state;
    s_check_gradients (&s_pre);
}

static void
test_gradients_post_norm (void **state)
{
    (void)state;
    s_check_gradients (&s_post);
}

static void
s_assert_close (const float *a, const float *b, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (fabsf (a[i] - b[i]) > 2e-5f * (1.0f + fabsf (b[i])))
            fail_msg ("[%zu]: %g and %g", i, (double)a[i], (double)b[i]);
}

static void
s_check_last (const sasrec_shape_t *shape, const int32_t *tokens, const size_t *offsets,
    size_t count)
{
    size_t d = shape->width;
    sasrec_weights_t *weights = sample_weights (shape, 3);
    encoder_scratch_t *all = encoder_scratch_new (shape, offsets[count], count, true);
    encoder_scratch_t *last = encoder_scratch_new (shape, offsets[count], count, false);
    float *hidden = calloc (count * d, sizeof (float));
    encoder_last (weights, last, tokens, offsets, count, hidden);
    const float *full =
        encoder_forward (weights, all, tokens, offsets, count, (encoder_dropout_t){0});
    for (size_t b = 0; b < count; b++)
        s_assert_close (hidden + b * d, full + (offsets[b + 1] - 1) * d, d);
    free (hidden);
    encoder_scratch_destroy (&all);
    encoder_scratch_destroy (&last);
    sasrec_weights_destroy (&weights);
}

static void
test_last_is_last_row_of_forward (void **state)
{
    (void)state;
    s_check_last (&s_pre, sample_tokens, sample_offsets, 3);
    s_check_last (&s_post, sample_tokens, sample_offsets, 3);
}

static void
s_fill_tokens (int32_t *tokens, size_t count, int32_t items)
{
    for (size_t t = 0; t < count; t++)
        tokens[t] = (int32_t)((t * t * 7 + t * 3 + 1) % (size_t)items);
}

static void
test_last_is_last_row_of_long_forward (void **state)
{
    (void)state;
    int32_t tokens[284];
    const size_t offsets[4] = {0, 150, 220, 284};
    s_fill_tokens (tokens, 284, 50);
    s_check_last (&s_long, tokens, offsets, 3);
}

static void
test_packed_is_one_by_one (void **state)
{
    (void)state;
    const size_t offsets[4] = {0, 150, 220, 284}, d = s_long.width;
    int32_t tokens[284];
    s_fill_tokens (tokens, 284, 50);
    sasrec_weights_t *weights = sample_weights (&s_long, 9);
    encoder_scratch_t *packed = encoder_scratch_new (&s_long, 284, 3, true);
    encoder_scratch_t *single = encoder_scratch_new (&s_long, 150, 1, true);
    const float *all =
        encoder_forward (weights, packed, tokens, offsets, 3, (encoder_dropout_t){0});
    for (size_t b = 0; b < 3; b++) {
        const size_t alone[2] = {0, offsets[b + 1] - offsets[b]};
        const float *one = encoder_forward (
            weights, single, tokens + offsets[b], alone, 1, (encoder_dropout_t){0});
        s_assert_close (one, all + offsets[b] * d, alone[1] * d);
    }
    encoder_scratch_destroy (&packed);
    encoder_scratch_destroy (&single);
    sasrec_weights_destroy (&weights);
}

static void
test_later_items_do_not_change_earlier_rows (void **state)
{
    (void)state;
    const size_t offsets[2] = {0, 150}, d = s_long.width;
    int32_t tokens[150];
    s_fill_tokens (tokens, 150, 50);
    sasrec_weights_t *weights = sample_weights (&s_long, 9);
    encoder_scratch_t *a = encoder_scratch_new (&s_long, 150, 1, true);
    encoder_scratch_t *b = encoder_scratch_new (&s_long, 150, 1, true);
    const float *before =
        encoder_forward (weights, a, tokens, offsets, 1, (encoder_dropout_t){0});
    tokens[100] = (tokens[100] + 1) % 50;
    const float *after =
        encoder_forward (weights, b, tokens, offsets, 1, (encoder_dropout_t){0});
    s_assert_close (after, before, 100 * d);
    assert_true (fabsf (after[100 * d] - before[100 * d]) > 1e-4f);
    encoder_scratch_destroy (&a);
    encoder_scratch_destroy (&b);
    sasrec_weights_destroy (&weights);
}

int
main (void)
{
    blas_setup ();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_gradients_pre_norm),
        cmocka_unit_test (test_gradients_post_norm),
        cmocka_unit_test (test_last_is_last_row_of_forward),
        cmocka_unit_test (test_last_is_last_row_of_long_forward),
        cmocka_unit_test (test_packed_is_one_by_one),
        cmocka_unit_test (test_later_items_do_not_change_earlier_rows),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

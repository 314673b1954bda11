/* Layers that the network test cannot see into: dropout's masks, and exp.
 * SPDX-License-Identifier: Apache-2.0 */
#include "model/net/layers.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

#include "model/kernel/simd.h"
#include "tests/unit/model_samples.h"

#define COUNT 20000

static void
test_exp_is_exp (void **state)
{
    (void)state;
    for (float x = -87; x < 88; x += 0.0137f) {
        double want = exp ((double)x);
        assert_true (fabs ((double)simd_exp (x) - want) < 3e-7 * want);
    }
    assert_true (simd_exp (-1000) < 2e-38f);
}

static void
s_mask (dropout_t dropout, float *out)
{
    static float ones[COUNT];
    for (size_t i = 0; i < COUNT; i++)
        ones[i] = 1;
    layers_residual_backward (ones, COUNT / 100, 100, dropout, out);
}

static void
test_dropout_keeps_the_mean (void **state)
{
    (void)state;
    static float out[COUNT];
    s_mask ((dropout_t){0.3f, 7}, out);
    double sum = 0;
    size_t dropped = 0;
    for (size_t i = 0; i < COUNT; i++) {
        sum += (double)out[i];
        dropped += out[i] == 0.0f ? 1 : 0;
    }
    assert_true (fabs (sum / COUNT - 1.0) < 0.02);
    assert_true (fabs ((double)dropped / COUNT - 0.3) < 0.015);
}

static void
test_dropout_depends_on_the_key (void **state)
{
    (void)state;
    static float a[COUNT], b[COUNT], c[COUNT];
    s_mask ((dropout_t){0.5f, 7}, a);
    s_mask ((dropout_t){0.5f, 8}, b);
    s_mask ((dropout_t){0.5f, 7}, c);
    size_t same = 0;
    for (size_t i = 0; i < COUNT; i++) {
        same += a[i] == b[i] ? 1 : 0;
        assert_true (a[i] == c[i]);
    }
    assert_true (fabs ((double)same / COUNT - 0.5) < 0.02);
}

static void
test_no_dropout_is_the_identity (void **state)
{
    (void)state;
    static float out[COUNT];
    s_mask ((dropout_t){0}, out);
    for (size_t i = 0; i < COUNT; i++)
        assert_true (out[i] == 1.0f);
}

static void
test_norm_has_mean_zero_and_deviation_one (void **state)
{
    (void)state;
    float x[3 * 33], y[3 * 33], stats[6], gain[33], bias[33] = {0};
    uint64_t seed = 3;
    sample_fill (x, 3 * 33, 5, &seed);
    for (size_t i = 0; i < 33; i++)
        gain[i] = 1;
    layers_norm (x, 3, 33, gain, bias, stats, y);
    for (size_t r = 0; r < 3; r++) {
        double sum = 0, square = 0;
        for (size_t i = 0; i < 33; i++) {
            sum += (double)y[r * 33 + i];
            square += (double)y[r * 33 + i] * (double)y[r * 33 + i];
        }
        assert_true (fabs (sum) < 1e-4 && fabs (square / 33 - 1) < 1e-4);
    }
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_exp_is_exp),
        cmocka_unit_test (test_dropout_keeps_the_mean),
        cmocka_unit_test (test_dropout_depends_on_the_key),
        cmocka_unit_test (test_no_dropout_is_the_identity),
        cmocka_unit_test (test_norm_has_mean_zero_and_deviation_one),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

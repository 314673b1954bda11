/* Adam against its definition, and the moving average.
 * SPDX-License-Identifier: Apache-2.0 */
#include "model/adam.h"

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
        adam_update (adam, lists, 2, 0, 2);
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
    adam_update (one, of_w, 1, 0, COUNT);
    adam_begin (two, 0.01f);
    adam_update (two, of_x, 1, 5008, COUNT);
    adam_update (two, of_x, 1, 0, 5008);
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
        adam_update (adam, lists, 1, 0, 1);
    }
    assert_true (fabsf (adam_averaged (adam)[0] - 2.5f) < 1e-5f);
    adam_destroy (&adam);
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_steps_follow_the_definition),
        cmocka_unit_test (test_ranges_equal_one_pass),
        cmocka_unit_test (test_average_of_still_weights_is_the_weights),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

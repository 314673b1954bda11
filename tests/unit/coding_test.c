/* Codes of 8 bits: what they say is near the values, and every kernel that this CPU has says
 * the same. SPDX-License-Identifier: Apache-2.0 */
#include "model/kernel/coding.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/rng.h"

enum { WIDTH_MOST = 4096, MOST = 127 };

typedef struct {
    int8_t codes[WIDTH_MOST];
    coded_t coded;
} result_t;

static const size_t s_widths[] = {
    1, 3, 7, 8, 9, 24, 50, 64, 100, 256, 1000, WIDTH_MOST};
#define WIDTHS (sizeof s_widths / sizeof *s_widths)

static void
s_fill (float *values, size_t width, double scale)
{
    rng_t rng;
    rng_seed (&rng, width, 0);
    for (size_t i = 0; i < width; i++)
        values[i] = (float)(scale * rng_normal (&rng));
}

static void
s_code (const coding_kernel_t *kernel, const float *values, size_t width, int most,
    result_t *result)
{
    memset (result, 0, sizeof *result);
    kernel->code (values, width, most, result->codes, &result->coded);
}

/* By all kernels; the result is the first one's. */
static void
s_code_alike (const float *values, size_t width, int most, result_t *result)
{
    const coding_kernel_t *kernel;
    s_code (coding_kernel (0), values, width, most, result);
    for (size_t i = 1; (kernel = coding_kernel (i)); i++) {
        result_t other;
        s_code (kernel, values, width, most, &other);
        assert_memory_equal (other.codes, result->codes, sizeof other.codes);
        assert_memory_equal (&other.coded.step, &result->coded.step, sizeof (float));
        assert_memory_equal (&other.coded.coded, &result->coded.coded, sizeof (double));
        assert_memory_equal (&other.coded.error, &result->coded.error, sizeof (double));
    }
}

static void
s_assert_near (const float *values, size_t width, int most, const result_t *result)
{
    double step = (double)result->coded.step, coded = 0, error = 0;
    for (size_t i = 0; i < width; i++) {
        double near = step * result->codes[i], left = (double)values[i] - near;
        assert_true (abs (result->codes[i]) <= most);
        assert_true (fabs (left) <= 0.5001 * step);
        coded += near * near;
        error += left * left;
    }
    assert_true (fabs (sqrt (coded) - result->coded.coded) <= 1e-12 * sqrt (coded));
    assert_true (fabs (sqrt (error) - result->coded.error) <= 1e-12 * sqrt (error));
    for (size_t i = width; i < WIDTH_MOST; i++)
        assert_int_equal (result->codes[i], 0);
}

static void
codes_are_near_the_values (void **state)
{
    (void)state;
    static const double scales[] = {1e-25, 1e-3, 1, 1e4, 1e15};
    float values[WIDTH_MOST];
    result_t result;
    for (size_t i = 0; i < WIDTHS; i++)
        for (size_t j = 0; j < sizeof scales / sizeof *scales; j++)
            for (int most = 63; most <= MOST; most += MOST - 63) {
                s_fill (values, s_widths[i], scales[j]);
                s_code_alike (values, s_widths[i], most, &result);
                s_assert_near (values, s_widths[i], most, &result);
            }
}

/* Half a step between two codes, and the largest value of all, alike and apart. */
static void
ties_are_rounded_alike (void **state)
{
    (void)state;
    float values[256];
    result_t result;
    for (size_t i = 0; i < 256; i++)
        values[i] = (float)i * 0.5f - 63.5f;
    for (size_t width = 1; width <= 256; width++) {
        s_code_alike (values, width, MOST, &result);
        s_assert_near (values, width, MOST, &result);
    }
}

static void
what_is_too_small_is_all_error (void **state)
{
    (void)state;
    static const float scales[] = {0, 1e-45f, 1e-38f, 1e-29f};
    float values[64];
    result_t result;
    for (size_t i = 0; i < sizeof scales / sizeof *scales; i++) {
        for (size_t j = 0; j < 64; j++)
            values[j] = scales[i];
        s_code_alike (values, 64, MOST, &result);
        assert_true (result.coded.coded == 0);
        assert_true (result.coded.error >= 8 * (double)scales[i]);
        assert_true (result.coded.error <= 9 * (double)scales[i]);
    }
}

static void
what_has_no_bound_has_an_infinite_error (void **state)
{
    (void)state;
    static const float wild[] = {NAN, -NAN, INFINITY, -INFINITY, 1e17f, -3e38f};
    result_t result;
    for (size_t i = 0; i < sizeof wild / sizeof *wild; i++)
        for (size_t place = 0; place < 21; place++) {
            float values[21];
            s_fill (values, 21, 1);
            values[place] = wild[i];
            s_code_alike (values, 21, MOST, &result);
            assert_true (isinf (result.coded.error) && result.coded.coded == 0);
            for (size_t j = 0; j < 21; j++)
                assert_int_equal (result.codes[j], 0);
        }
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (codes_are_near_the_values),
        cmocka_unit_test (ties_are_rounded_alike),
        cmocka_unit_test (what_is_too_small_is_all_error),
        cmocka_unit_test (what_has_no_bound_has_an_infinite_error),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

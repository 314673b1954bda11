/* One order of rounding, whatever the CPU. SPDX-License-Identifier: Apache-2.0 */
#include "model/kernel/dot.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/rng.h"

enum { WIDTH_MOST = 100 };

/* The header's words, every result forced to a float. */
static float
s_dot (const float *a, const float *b, size_t width)
{
    volatile float sums[16] = {0}, product;
    for (size_t i = 0; i < width; i++) {
        product = a[i] * b[i];
        sums[i % 16] += product;
    }
    for (size_t half = 8; half; half /= 2)
        for (size_t i = 0; i < half; i++)
            sums[i] += sums[i + half];
    return sums[0];
}

static void
products_are_summed_in_the_order_described (void **state)
{
    (void)state;
    float a[WIDTH_MOST], b[WIDTH_MOST];
    rng_t rng;
    rng_seed (&rng, 1, 0);
    for (size_t round = 0; round < 200; round++)
        for (size_t width = 1; width <= WIDTH_MOST; width++) {
            for (size_t i = 0; i < width; i++) {
                a[i] = (float)rng_normal (&rng);
                b[i] = (float)rng_normal (&rng);
            }
            float found = dot (a, b, width), wanted = s_dot (a, b, width);
            assert_memory_equal (&found, &wanted, sizeof found);
        }
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (products_are_summed_in_the_order_described),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

/* Cosines against the definition in double precision. SPDX-License-Identifier: Apache-2.0 */
#include "model/serve/similar.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/rng.h"

enum { V = 700, D = 21, K = 50, NOTHING = 9 };

static float s_items[V * D];

static int
s_setup (void **state)
{
    (void)state;
    rng_t rng;
    rng_seed (&rng, 3, 0);
    for (size_t i = 0; i < V * D; i++)
        s_items[i] = (float)rng_normal (&rng) * (float)(1 + i / D % 7);
    memset (s_items + NOTHING * D, 0, D * sizeof *s_items);
    memcpy (s_items + 300 * D, s_items + 4 * D, D * sizeof *s_items); /* ties: */
    memcpy (s_items + 301 * D, s_items + 4 * D, D * sizeof *s_items);
    return 0;
}

static double
s_product (size_t a, size_t b)
{
    double product = 0;
    for (size_t d = 0; d < D; d++)
        product += (double)s_items[a * D + d] * (double)s_items[b * D + d];
    return product;
}

static double
s_cosine (size_t a, size_t b)
{
    return s_product (a, b) / sqrt (s_product (a, a) * s_product (b, b));
}

static void
test_the_nearest_come_first (void **state)
{
    (void)state;
    int64_t found[K];
    float scores[K];
    for (size_t item = 0; item < V; item += 31) {
        top_t top = {.k = K, .items = found, .scores = scores};
        similar_top (s_items, V, D, item, &top);
        assert_int_equal (top.count, K);
        size_t above = 0; /* others that are clearly better than the last of these */
        for (size_t other = 0; other < V; other++)
            above += other != item && other != NOTHING &&
                     s_cosine (item, other) > (double)scores[K - 1] + 1e-5;
        assert_true (above < K);
        for (size_t i = 0; i < K; i++) {
            assert_int_not_equal (found[i], item);
            assert_int_not_equal (found[i], NOTHING);
            assert_true (
                fabs ((double)scores[i] - s_cosine (item, (size_t)found[i])) < 1e-5);
            assert_true (i == 0 || scores[i] <= scores[i - 1]);
        }
    }
}

static void
test_equal_ones_come_in_their_order (void **state)
{
    (void)state;
    int64_t found[2];
    float scores[2];
    top_t top = {.k = 2, .items = found, .scores = scores};
    similar_top (s_items, V, D, 4, &top);
    assert_int_equal (found[0], 300);
    assert_int_equal (found[1], 301);
}

static void
test_fewer_than_k_are_all_there_are (void **state)
{
    (void)state;
    int64_t found[K];
    float scores[K];
    top_t top = {.k = K, .items = found, .scores = scores};
    similar_top (s_items, 12, D, 0, &top);
    assert_int_equal (top.count, 10);
}

static void
test_without_a_direction_nothing_is_near (void **state)
{
    (void)state;
    int64_t found[K];
    float scores[K];
    top_t top = {.k = K, .items = found, .scores = scores};
    similar_top (s_items, V, D, NOTHING, &top);
    assert_int_equal (top.count, 0);
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_the_nearest_come_first),
        cmocka_unit_test (test_equal_ones_come_in_their_order),
        cmocka_unit_test (test_fewer_than_k_are_all_there_are),
        cmocka_unit_test (test_without_a_direction_nothing_is_near),
    };
    return cmocka_run_group_tests (tests, s_setup, NULL);
}

/* Tests of base/rng. SPDX-License-Identifier: Apache-2.0 */
#include "base/rng.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>

#define DRAWS 200000

/* The published vector: state {1, 2, 3, 4} of the reference implementation. */
static void
test_generator_is_xoshiro256starstar (void **state)
{
    (void)state;
    rng_t rng = {{1, 2, 3, 4}};
    const uint64_t expected[] = {11520, 0, 1509978240, 1215971899390074240};
    for (int i = 0; i < 4; i++)
        assert_true (rng_next (&rng) == expected[i]);
}

static void
test_same_seed_gives_the_same_numbers (void **state)
{
    (void)state;
    rng_t a, b;
    rng_seed (&a, 42, 7);
    rng_seed (&b, 42, 7);
    for (int i = 0; i < 100; i++)
        assert_true (rng_next (&a) == rng_next (&b));
}

static void
test_streams_and_seeds_differ (void **state)
{
    (void)state;
    rng_t a, b, c;
    rng_seed (&a, 42, 0);
    rng_seed (&b, 42, 1);
    rng_seed (&c, 43, 0);
    int equal = 0;
    for (int i = 0; i < 100; i++) {
        uint64_t x = rng_next (&a), y = rng_next (&b), z = rng_next (&c);
        equal += x == y || y == z || x == z;
    }
    assert_int_equal (equal, 0);
}

static void
test_below_is_even_and_within_the_limit (void **state)
{
    (void)state;
    rng_t rng;
    rng_seed (&rng, 1, 1);
    int hits[7] = {0};
    for (int i = 0; i < DRAWS; i++) {
        uint64_t value = rng_below (&rng, 7);
        assert_true (value < 7);
        hits[value]++;
    }
    for (int i = 0; i < 7; i++) /* 5 standard deviations of a binomial: 782 */
        assert_true (abs (hits[i] - DRAWS / 7) < 782);
}

static void
test_below_takes_every_limit (void **state)
{
    (void)state;
    rng_t rng;
    rng_seed (&rng, 1, 1);
    assert_true (rng_below (&rng, 1) == 0);
    assert_true (rng_below (&rng, UINT64_MAX) < UINT64_MAX);
    uint64_t limit = (UINT64_C (1) << 63) + 1; /* half of all draws are refused */
    for (int i = 0; i < 100; i++)
        assert_true (rng_below (&rng, limit) < limit);
}

static void
test_uniform_has_mean_and_range (void **state)
{
    (void)state;
    rng_t rng;
    rng_seed (&rng, 2, 0);
    double sum = 0;
    for (int i = 0; i < DRAWS; i++) {
        double value = rng_uniform (&rng);
        assert_true (value >= 0 && value < 1);
        sum += value;
    }
    assert_true (fabs (sum / DRAWS - 0.5) < 0.0035); /* 5 standard errors */
}

static void
test_normal_has_mean_and_variance (void **state)
{
    (void)state;
    rng_t rng;
    rng_seed (&rng, 3, 0);
    double sum = 0, squares = 0;
    for (int i = 0; i < DRAWS; i++) {
        double value = rng_normal (&rng);
        assert_true (isfinite (value));
        sum += value;
        squares += value * value;
    }
    assert_true (fabs (sum / DRAWS) < 0.0112); /* 5 standard errors */
    assert_true (fabs (squares / DRAWS - 1) < 0.0159);
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_generator_is_xoshiro256starstar),
        cmocka_unit_test (test_same_seed_gives_the_same_numbers),
        cmocka_unit_test (test_streams_and_seeds_differ),
        cmocka_unit_test (test_below_is_even_and_within_the_limit),
        cmocka_unit_test (test_below_takes_every_limit),
        cmocka_unit_test (test_uniform_has_mean_and_range),
        cmocka_unit_test (test_normal_has_mean_and_variance),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

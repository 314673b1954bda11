/* Tests of model/drift/psi. SPDX-License-Identifier: Apache-2.0 */
#include "model/drift/psi.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static void
s_assert_close (double value, double expected)
{
    if (!(fabs (value - expected) < 1e-12))
        fail_msg ("%.15g instead of %.15g", value, expected);
}

/* (1/8 - 1/2) ln (1/4) + (7/8 - 1/2) ln (7/4) = 3/8 ln 7. */
static void
test_the_index_is_that_of_its_formula (void **state)
{
    (void)state;
    const uint64_t expected[] = {4, 4}, actual[] = {1, 7};
    s_assert_close (psi_index (expected, actual, 2), 3.0 / 8 * log (7));
    s_assert_close (psi_index (actual, expected, 2), 3.0 / 8 * log (7));
}

/* Half a request of 18: (1/36 - 1/2) ln (1/18) + (1 - 1/2) ln 2. */
static void
test_an_empty_bin_gives_a_finite_number (void **state)
{
    (void)state;
    const uint64_t expected[] = {9, 9}, actual[] = {0, 18};
    s_assert_close (
        psi_index (expected, actual, 2), 17.0 / 36 * log (18) + log (2) / 2);
}

/* 40 in a million are no news to a sample of 100 that has none. */
static void
test_what_the_smaller_sample_cannot_have_is_no_drift (void **state)
{
    (void)state;
    const uint64_t expected[] = {100, 0, 0}, actual[] = {999960, 40, 0};
    assert_true (psi_index (expected, actual, 3) < 1e-6);
    const uint64_t many[] = {900000, 100000, 0};
    assert_true (psi_index (expected, many, 3) > 0.25);
}

static void
test_nothing_is_no_drift (void **state)
{
    (void)state;
    const uint64_t expected[] = {5, 5}, none[] = {0, 0};
    s_assert_close (psi_index (expected, none, 2), 0);
    s_assert_close (psi_index (none, expected, 2), 0);
}

static void
test_an_empty_bin_counts_for_more_when_more_is_known (void **state)
{
    (void)state;
    const uint64_t few[] = {9, 9}, few_now[] = {0, 18};
    const uint64_t many[] = {9000, 9000}, many_now[] = {0, 18000};
    assert_true (psi_index (many, many_now, 2) > 2 * psi_index (few, few_now, 2));
}

static void
test_equal_shares_have_no_drift_whatever_their_size (void **state)
{
    (void)state;
    const uint64_t expected[] = {1000, 3000, 0, 6000},
                   actual[] = {100000, 300000, 0, 600000};
    s_assert_close (psi_index (expected, actual, 4), 0);
    s_assert_close (psi_index (expected, expected, 4), 0);
}

static void
test_one_bin_cannot_drift (void **state)
{
    (void)state;
    const uint64_t expected[] = {10}, actual[] = {7000};
    s_assert_close (psi_index (expected, actual, 1), 0);
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_the_index_is_that_of_its_formula),
        cmocka_unit_test (test_an_empty_bin_gives_a_finite_number),
        cmocka_unit_test (test_what_the_smaller_sample_cannot_have_is_no_drift),
        cmocka_unit_test (test_nothing_is_no_drift),
        cmocka_unit_test (test_an_empty_bin_counts_for_more_when_more_is_known),
        cmocka_unit_test (test_equal_shares_have_no_drift_whatever_their_size),
        cmocka_unit_test (test_one_bin_cannot_drift),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

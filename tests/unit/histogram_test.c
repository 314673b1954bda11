/* Tests of model/drift/histogram. SPDX-License-Identifier: Apache-2.0 */
#include "model/drift/histogram.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define COUNT(array) (sizeof (array) / sizeof *(array))

static void
test_a_bound_is_inside_its_bin (void **state)
{
    (void)state;
    const double bounds[] = {1, 2};
    histogram_t histogram = histogram_new (bounds, 2);
    assert_int_equal (histogram_bin (&histogram, -1e300), 0);
    assert_int_equal (histogram_bin (&histogram, 1), 0);
    assert_int_equal (histogram_bin (&histogram, 1.5), 1);
    assert_int_equal (histogram_bin (&histogram, 2), 1);
    assert_int_equal (histogram_bin (&histogram, INFINITY), 2);
    histogram_add (&histogram, 7);
    assert_int_equal (histogram.counts[2], 1);
    assert_int_equal (histogram_total (&histogram), 1);
}

static void
s_assert_ascends (const histogram_t *histogram)
{
    assert_true (histogram->bound_count < HISTOGRAM_BINS);
    for (size_t i = 1; i < histogram->bound_count; i++)
        assert_true (histogram->bounds[i] > histogram->bounds[i - 1]);
}

static void
test_different_values_are_shared_equally (void **state)
{
    (void)state;
    double values[100];
    for (size_t i = 0; i < 100; i++)
        values[i] = (double)(i * 37 % 100);
    histogram_t histogram = histogram_shares (values, 100, 4);
    assert_int_equal (histogram.bound_count, 3);
    for (size_t i = 0; i < 4; i++)
        assert_int_equal (histogram.counts[i], 25);
    assert_true (histogram.bounds[0] == 24.5); /* between two values */
}

static void
test_a_frequent_value_has_its_own_bin (void **state)
{
    (void)state;
    double values[100];
    for (size_t i = 0; i < 100; i++)
        values[i] = i < 60 ? 5 : (double)i;
    histogram_t histogram = histogram_shares (values, 100, 10);
    s_assert_ascends (&histogram);
    assert_int_equal (histogram.counts[histogram_bin (&histogram, 5)], 60);
    assert_int_equal (histogram.counts[histogram_bin (&histogram, 4)], 0);
    assert_int_equal (histogram_total (&histogram), 100);
}

/* Else a shop whose histories all have one length could never drift. */
static void
test_one_value_alone_has_empty_bins_beside_it (void **state)
{
    (void)state;
    double values[80];
    for (size_t i = 0; i < 80; i++)
        values[i] = 20;
    histogram_t histogram = histogram_shares (values, 80, 3);
    assert_int_equal (histogram.bound_count, 2);
    assert_int_equal (histogram_bin (&histogram, 19), 0);
    assert_int_equal (histogram_bin (&histogram, 20), 1);
    assert_int_equal (histogram_bin (&histogram, 21), 2);
    assert_int_equal (histogram.counts[1], 80);
}

/* Frequent values and rare ones by turns make as many bins as there may be. */
static void
test_bins_never_run_out (void **state)
{
    (void)state;
    double values[1200];
    for (size_t shares = 1; shares <= HISTOGRAM_SHARES_LIMIT; shares++)
        for (size_t heavy = 1; heavy <= 100; heavy++) {
            for (size_t i = 0; i < COUNT (values); i++)
                values[i] = (double)(i / 100) * 2 + (i % 100 < heavy ? 0 : 1);
            histogram_t histogram = histogram_shares (values, COUNT (values), shares);
            s_assert_ascends (&histogram);
            assert_int_equal (histogram_total (&histogram), COUNT (values));
        }
    histogram_t empty = histogram_shares (values, 0, 4);
    assert_int_equal (empty.bound_count, 0);
}

static void
test_round_bounds_are_round_and_cover_the_values (void **state)
{
    (void)state;
    double values[1000], shifted[1000];
    for (size_t i = 0; i < 1000; i++) {
        values[i] = 3 + (double)(i * 7 % 1000) / 500; /* 3 to 5 */
        shifted[i] = values[i] + 0.004;
    }
    histogram_t histogram = histogram_round (values, 1000);
    s_assert_ascends (&histogram);
    assert_true (histogram.bound_count >= 10);
    assert_true (histogram.bounds[0] <= 2.1);
    assert_true (histogram.bounds[histogram.bound_count - 1] >= 5.9);
    double step = histogram.bounds[1] - histogram.bounds[0];
    assert_true (fabs (step - 0.2) < 1e-9);
    histogram_t again = histogram_round (shifted, 1000);
    assert_int_equal (again.bound_count, histogram.bound_count);
    assert_memory_equal (again.bounds, histogram.bounds, sizeof again.bounds);
}

static void
test_round_bounds_of_any_scale (void **state)
{
    (void)state;
    static const double scales[] = {0, 1e-9, 1e-3, 1, 3.7, 250, 1e8};
    for (size_t s = 0; s < COUNT (scales); s++) {
        double values[300];
        for (size_t i = 0; i < 300; i++)
            values[i] = -2 * scales[s] + scales[s] * (double)i / 300;
        histogram_t histogram = histogram_round (values, 300);
        s_assert_ascends (&histogram);
        assert_in_range (histogram.bound_count, 10, 25);
        assert_int_equal (histogram_total (&histogram), 300);
    }
    static const double alone[] = {4, -1e9, 1e16, -1e30};
    for (size_t i = 0; i < COUNT (alone); i++) {
        double one = alone[i];
        histogram_t histogram = histogram_round (&one, 1);
        s_assert_ascends (&histogram);
        assert_in_range (histogram.bound_count, 10, 25);
        assert_true (histogram.bounds[0] < one);
    }
}

static void
test_json_and_back (void **state)
{
    (void)state;
    const double bounds[] = {-1.5, 0, 7};
    histogram_t histogram = histogram_new (bounds, 3), back;
    histogram_add (&histogram, 3);
    json_t *object = json_pack ("{s:o}", "it", histogram_json (&histogram));
    char error[160] = "";
    assert_int_equal (histogram_read (object, "it", &back, error), 0);
    assert_memory_equal (&back, &histogram, sizeof back);
    assert_int_equal (histogram_read (object, "other", &back, error), 0);
    assert_int_equal (histogram_total (&back), 0);
    json_decref (object);
}

static void
test_what_is_no_histogram_is_refused (void **state)
{
    (void)state;
    static const struct {
        const char *json, *reason;
    } cases[] = {
        {"[]", "it: must be an object"},
        {"{}", "bounds must be an array"},
        {"{\"bounds\":{}}", "bounds must be an array"},
        {"{\"bounds\":[1,1],\"counts\":[0,0,0]}", "ascend"},
        {"{\"bounds\":[1,1.0000000000000002],\"counts\":[0,0,0]}", "ascend"},
        {"{\"bounds\":[2,1],\"counts\":[0,0,0]}", "ascend"},
        {"{\"bounds\":[\"1\"],\"counts\":[0,0]}", "ascend"},
        {"{\"bounds\":[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,"
         "25,26,27,28,29,30,31,32],\"counts\":[]}",
            "at most 31"},
        {"{\"bounds\":[1]}", "counts must be an array"},
        {"{\"bounds\":[1],\"counts\":[1]}", "one longer than bounds"},
        {"{\"bounds\":[1],\"counts\":[1,2,3]}", "one longer than bounds"},
        {"{\"bounds\":[1],\"counts\":[1,-1]}", "integers from 0"},
        {"{\"bounds\":[1],\"counts\":[1,2.0]}", "integers from 0"},
        {"{\"bounds\":[1],\"counts\":[1,9007199254740992]}", "integers from 0"},
    };
    for (size_t i = 0; i < COUNT (cases); i++) {
        char error[160] = "";
        histogram_t histogram;
        json_t *value = json_loads (cases[i].json, 0, NULL);
        json_t *object = json_pack ("{s:o}", "it", value);
        assert_int_equal (histogram_read (object, "it", &histogram, error), -1);
        if (strncmp (error, "it: ", 4) != 0 || !strstr (error, cases[i].reason))
            fail_msg ("%s: \"%s\"", cases[i].json, error);
        json_decref (object);
    }
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_a_bound_is_inside_its_bin),
        cmocka_unit_test (test_different_values_are_shared_equally),
        cmocka_unit_test (test_a_frequent_value_has_its_own_bin),
        cmocka_unit_test (test_one_value_alone_has_empty_bins_beside_it),
        cmocka_unit_test (test_bins_never_run_out),
        cmocka_unit_test (test_round_bounds_are_round_and_cover_the_values),
        cmocka_unit_test (test_round_bounds_of_any_scale),
        cmocka_unit_test (test_json_and_back),
        cmocka_unit_test (test_what_is_no_histogram_is_refused),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

/* Open files, allowed and needed. SPDX-License-Identifier: Apache-2.0 */
#include "actors/descriptors.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <cmocka.h>

static const descriptors_t s_usual = {100, 2, 512};

static void
test_all_limits_fit_where_there_is_room (void **state)
{
    (void)state;
    char error[160];
    assert_int_equal (descriptors_fit (&s_usual, 20000, error), 512);
    assert_int_equal (descriptors_fit (&s_usual, SIZE_MAX, error), 512);
}

static void
test_less_room_is_shared_by_the_listeners (void **state)
{
    (void)state;
    char error[160];
    size_t fit = descriptors_fit (&s_usual, 1024, error);
    assert_in_range (fit, 300, 511);
    size_t sum = s_usual.own + DESCRIPTORS_ADMIN + DESCRIPTORS_SPARE +
                 2 * (fit + DESCRIPTORS_SPARE);
    assert_in_range (sum, 1022, 1024);
}

static void
test_too_little_is_refused_with_the_numbers (void **state)
{
    (void)state;
    char error[160] = "";
    assert_int_equal (descriptors_fit (&s_usual, 64, error), 0);
    assert_non_null (strstr (error, "64 open files are too few"));
    assert_non_null (strstr (error, "LimitNOFILE"));
}

static void
test_the_limit_is_raised_to_the_hard_one (void **state)
{
    (void)state;
    struct rlimit limit;
    getrlimit (RLIMIT_NOFILE, &limit);
    limit.rlim_cur = 128;
    assert_int_equal (setrlimit (RLIMIT_NOFILE, &limit), 0);
    assert_int_equal (descriptors_raise (), limit.rlim_max);
    getrlimit (RLIMIT_NOFILE, &limit);
    assert_int_equal (limit.rlim_cur, limit.rlim_max);
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_all_limits_fit_where_there_is_room),
        cmocka_unit_test (test_less_room_is_shared_by_the_listeners),
        cmocka_unit_test (test_too_little_is_refused_with_the_numbers),
        cmocka_unit_test (test_the_limit_is_raised_to_the_hard_one),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

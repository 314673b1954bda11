/* Tests of base/rate. SPDX-License-Identifier: Apache-2.0 */
#include "base/rate.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#define SECOND_US INT64_C (1000000)

static void
test_rates_are_read_and_written (void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t count;
        int period_s;
        const char *printed;
    } cases[] = {{"100/s", 100, 1, "100/s"}, {"6000/m", 6000, 60, "6000/m"},
        {"10/h", 10, 3600, "10/h"}, {"7", 7, 1, "7/s"}, {"", 0, 1, ""}, {"0", 0, 1, ""},
        {"1000000/s", 1000000, 1, "1000000/s"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        rate_t rate;
        char text[RATE_TEXT_SIZE];
        assert_true (rate_parse (cases[i].text, &rate));
        assert_int_equal (rate.count, cases[i].count);
        assert_int_equal (rate.period_s, cases[i].period_s);
        assert_string_equal (rate_print (&rate, text), cases[i].printed);
    }
}

static void
test_what_is_no_rate_is_refused (void **state)
{
    (void)state;
    static const char *const texts[] = {"0/s", "0/h", "/s", "x", "10/d", "10/", "10/ss",
        "-1/s", "1.5/s", "1000001/s", "99999999999999999999999/s", " 10/s"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        rate_t rate;
        assert_false (rate_parse (texts[i], &rate));
        assert_int_equal (rate.count, 0);
    }
}

static void
test_a_bucket_gives_what_it_holds_and_then_its_rate (void **state)
{
    (void)state;
    const rate_t rate = {10, 1};
    bucket_t bucket = {0};
    int64_t now_us = 5 * SECOND_US;
    for (int i = 0; i < 10; i++)
        assert_int_equal (bucket_take (&bucket, &rate, now_us), 0);
    assert_int_equal (bucket_take (&bucket, &rate, now_us), SECOND_US / 10);
    now_us += SECOND_US / 10;
    assert_int_equal (bucket_take (&bucket, &rate, now_us), 0);
    assert_true (bucket_take (&bucket, &rate, now_us) > 0);
    now_us += 100 * SECOND_US; /* it holds no more than before */
    for (int i = 0; i < 10; i++)
        assert_int_equal (bucket_take (&bucket, &rate, now_us), 0);
    assert_true (bucket_take (&bucket, &rate, now_us) > 0);
}

static void
test_a_refused_request_costs_nothing (void **state)
{
    (void)state;
    const rate_t rate = {1, 60};
    bucket_t bucket = {0};
    assert_int_equal (bucket_take (&bucket, &rate, SECOND_US), 0);
    for (int i = 0; i < 100; i++)
        assert_int_equal (bucket_take (&bucket, &rate, SECOND_US), 60 * SECOND_US);
    assert_int_equal (bucket_take (&bucket, &rate, 61 * SECOND_US), 0);
}

static void
test_no_limit_is_none (void **state)
{
    (void)state;
    const rate_t rate = {0, 1};
    bucket_t bucket = {0};
    for (int i = 0; i < 1000; i++)
        assert_int_equal (bucket_take (&bucket, &rate, SECOND_US), 0);
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_rates_are_read_and_written),
        cmocka_unit_test (test_what_is_no_rate_is_refused),
        cmocka_unit_test (test_a_bucket_gives_what_it_holds_and_then_its_rate),
        cmocka_unit_test (test_a_refused_request_costs_nothing),
        cmocka_unit_test (test_no_limit_is_none),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

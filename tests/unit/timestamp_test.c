/* Tests of cli/files/timestamp. SPDX-License-Identifier: Apache-2.0 */
#include "cli/files/timestamp.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static void
test_reads_what_it_should (void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t unix_us;
    } cases[] = {
        {"1970-01-01", 0},
        {"1970-01-01T00:00:01Z", 1000000},
        {"2000-02-29T12:00:00Z", 951825600000000},
        {"2026-02-28T09:30:00.25+01:00", 1772267400250000},
        {"2026-02-28 09:30:00.25+01:00", 1772267400250000},
        {"2026-02-28t09:30:00z", 1772271000000000},
        {"1969-12-31T23:59:59.999999Z", -1},
        {"2016-12-31T23:59:60Z", 1483228800000000},
        {"9999-12-31T23:59:59Z", 253402300799000000},
        {"0001-01-01", -62135596800000000},
        {"0", 0},
        {"1772267400", 1772267400000000},
        {"1772267400.25", 1772267400250000},
        {"1772267400.1234567", 1772267400123456},
        {"-1.5", -1500000},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int64_t unix_us = 77;
        if (timestamp_parse (cases[i].text, &unix_us) == -1 ||
            unix_us != cases[i].unix_us)
            fail_msg ("%s gave %lld", cases[i].text, (long long)unix_us);
    }
}

static void
test_refuses_the_rest (void **state)
{
    (void)state;
    static const char *const cases[] = {"", " ", "yesterday", "2026-2-3", "2026-13-01",
        "2026-00-10", "2026-02-29", "1900-02-29", "2026-04-31", "0000-01-01",
        "2026-02-28T", "2026-02-28T9:30:00Z", "2026-02-28T24:00:00Z",
        "2026-02-28T09:60:00Z", "2026-02-28T09:30:61Z", "2026-02-28T09:30:00",
        "2026-02-28T09:30:00.Z", "2026-02-28T09:30:00+1", "2026-02-28T09:30:00+24:00",
        "2026-02-28T09:30:00Zx", "2026-02-28x", "1.", ".5", "1e9", "+1", "--1", "0x10",
        "1700000000000", "99999999999999999999", "9999-12-31T23:59:59-00:01", "1 "};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int64_t unix_us;
        if (timestamp_parse (cases[i], &unix_us) == 0)
            fail_msg ("'%s' was taken as %lld", cases[i], (long long)unix_us);
    }
}

static void
test_writes_what_it_reads (void **state)
{
    (void)state;
    static const int64_t cases[] = {0, 1, -1, 951782400000000, 951868799999999,
        1772267400250000, -62135596800000000, 253402300799999999};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[TIMESTAMP_SIZE];
        int64_t unix_us;
        timestamp_format (cases[i], text);
        assert_int_equal (timestamp_parse (text, &unix_us), 0);
        assert_int_equal (unix_us, cases[i]);
    }
    char text[TIMESTAMP_SIZE];
    timestamp_format (1772267400250000, text);
    assert_string_equal (text, "2026-02-28T08:30:00.250000Z");
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_reads_what_it_should),
        cmocka_unit_test (test_refuses_the_rest),
        cmocka_unit_test (test_writes_what_it_reads),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

/* Tests of base/timestamp. SPDX-License-Identifier: Apache-2.0 */
#include "base/timestamp.h"

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
        /* PostgreSQL, Python, pandas, MySQL, BigQuery, Ruby, and what ISO 8601 allows */
        {"2026-01-01 10:00:00+00", 1767261600000000},
        {"2026-01-01 10:00:00.5+05:30", 1767241800500000},
        {"1880-01-01 00:00:00+00:53:28", -2840144008000000},
        {"2026-01-01T10:00:00", 1767261600000000},
        {"2026-01-01T10:00:00.123456", 1767261600123456},
        {"2026-01-01 10:00:00", 1767261600000000},
        {"2026-01-01 10:00:00 UTC", 1767261600000000},
        {"2026-01-01 10:00:00.25 UTC", 1767261600250000},
        {"2026-01-01 11:00:00 +0100", 1767261600000000},
        {"2026-01-01T11:00:00+0100", 1767261600000000},
        {"2026-01-01T05:00-05", 1767261600000000},
        {"2026-01-01 10:00:00,25", 1767261600250000},
        {"2026/01/01 10:00:00", 1767261600000000},
        /* numbers: the unit follows from the size */
        {"1700000000000", 1700000000000000},
        {"1700000000000.5", 1700000000000500},
        {"1700000000123456", 1700000000123456},
        {"1700000000123456789", 1700000000123456},
        {"8.81250949e+08", 881250949000000},
        {"881250949.0", 881250949000000},
        {"20260101", 1767225600000000},
        {"20260101.0", 1767225600000000}, /* a column with gaps, by pandas */
        {"2.0240229e+07", 1709164800000000},
        {"18991231", 18991231000000},
        {"21010101", 21010101000000},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int64_t unix_us = 77;
        if (timestamp_parse (cases[i].text, &unix_us) == -1 ||
            unix_us != cases[i].unix_us)
            fail_msg ("%s gave %lld", cases[i].text, (long long)unix_us);
    }
}

static void
test_tells_how_it_was_written (void **state)
{
    (void)state;
    static const struct {
        const char *text;
        timestamp_kind_t unit;
        timestamp_kind_t kind;
        int64_t unix_us;
    } cases[] = {
        {"0", TIMESTAMP_AUTO, TIMESTAMP_AUTO, 0},
        {"900", TIMESTAMP_AUTO, TIMESTAMP_S, 900000000},
        {"99999999999", TIMESTAMP_AUTO, TIMESTAMP_S, 99999999999000000},
        {"100000000000", TIMESTAMP_AUTO, TIMESTAMP_MS, 100000000000000},
        {"900", TIMESTAMP_MS, TIMESTAMP_MS, 900000},
        {"20260101", TIMESTAMP_AUTO, TIMESTAMP_DAY, 1767225600000000},
        {"20260101", TIMESTAMP_S, TIMESTAMP_S, 20260101000000},
        {"20261301", TIMESTAMP_S, TIMESTAMP_S, 20261301000000},
        {"2026-01-01", TIMESTAMP_MS, TIMESTAMP_TEXT_UTC, 1767225600000000},
        {"2026-01-01 00:00Z", TIMESTAMP_AUTO, TIMESTAMP_TEXT, 1767225600000000},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int64_t unix_us;
        timestamp_kind_t kind;
        assert_int_equal (
            timestamp_read (cases[i].text, cases[i].unit, &unix_us, &kind), 0);
        assert_int_equal (kind, cases[i].kind);
        assert_int_equal (unix_us, cases[i].unix_us);
    }
    int64_t unix_us;
    timestamp_kind_t kind;
    assert_int_equal (timestamp_read ("900", TIMESTAMP_DAY, &unix_us, &kind), -1);
    assert_int_equal (timestamp_read ("20261301", TIMESTAMP_DAY, &unix_us, &kind), -1);
}

static void
test_refuses_the_rest (void **state)
{
    (void)state;
    static const char *const cases[] = {"", " ", "yesterday", "2026-2-3", "2026-13-01",
        "2026-00-10", "2026-02-29", "1900-02-29", "2026-04-31", "0000-01-01",
        "2026-02-28T", "2026-02-28T9:30:00Z", "2026-02-28T24:00:00Z",
        "2026-02-28T09:60:00Z", "2026-02-28T09:30:61Z", "2026-02-28T09",
        "2026-02-28T09:30:00.Z", "2026-02-28T09:30:00+1", "2026-02-28T09:30:00+24:00",
        "2026-02-28T09:30:00+01:60", "2026-02-28T09:30:00+01:", "2026-02-28/01",
        "2026-02/28", "2026-02-28T09:30:00Zx", "2026-02-28x", "1.", ".5", "1e", "1e400",
        "+1", "--1", "0x10", "inf", "nan", "1e5x", "99999999999999999999",
        "9999-12-31T23:59:59-00:01", "1 ", "20261301", "20260001", "20260100",
        "20260132", "20250229", "20260101.5", "20261301.0", "19000000", "21001301"};
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
        cmocka_unit_test (test_tells_how_it_was_written),
        cmocka_unit_test (test_refuses_the_rest),
        cmocka_unit_test (test_writes_what_it_reads),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

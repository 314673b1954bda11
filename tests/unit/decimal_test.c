/* Numbers as text, against printf. SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/decimal.h"
#include "base/rng.h"

static void
check_int (int64_t value)
{
    char ours[DECIMAL_SIZE], theirs[DECIMAL_SIZE];
    snprintf (theirs, sizeof theirs, "%" PRId64, value);
    assert_int_equal (decimal_int (value, ours), strlen (theirs));
    assert_string_equal (ours, theirs);
}

static void
check_float (float value)
{
    char ours[DECIMAL_SIZE], theirs[DECIMAL_SIZE];
    snprintf (theirs, sizeof theirs, "%.9g", (double)value);
    size_t length = decimal_float (value, ours);
    assert_string_equal (ours, theirs);
    assert_int_equal (length, strlen (theirs));
    assert_true (strtof (ours, NULL) == value);
}

static void
test_integers_are_as_printf_writes_them (void **state)
{
    (void)state;
    int64_t power = 1;
    for (int i = 0; i < 19; i++) {
        check_int (power - 1);
        check_int (power);
        check_int (-power);
        check_int (1 - power);
        power = i < 18 ? power * 10 : power;
    }
    check_int (INT64_MAX);
    check_int (INT64_MIN);
}

static void
test_floats_at_the_edges_are_as_printf_writes_them (void **state)
{
    (void)state;
    for (int exponent = -46; exponent <= 38; exponent++) {
        char text[16];
        snprintf (text, sizeof text, "1e%d", exponent);
        float power = strtof (text, NULL);
        check_float (power);
        check_float (-power);
        check_float (nextafterf (power, 0));
        check_float (nextafterf (power, INFINITY));
    }
    const float values[] = {0.0f, 0.1f, -1.5f, 0.5f, 123456789.0f, 999999999.0f,
        99999999.5f, 0.000123456789f, 1.17549435e-38f, 3.40282347e+38f, 1e-45f,
        16777216.0f, 16777217.0f, 8388607.5f, 4194303.75f};
    for (size_t i = 0; i < sizeof values / sizeof *values; i++)
        check_float (values[i]);
}

static void
test_floats_of_any_bits_are_as_printf_writes_them (void **state)
{
    (void)state;
    rng_t rng;
    rng_seed (&rng, 1, 2);
    for (int i = 0; i < 300000; i++) {
        uint32_t bits = (uint32_t)rng_below (&rng, UINT64_C (1) << 32);
        if (i % 2) /* of the sizes that scores have */
            bits = (bits & 0x807fffffu) | (uint32_t)(113 + bits % 45) << 23;
        float value;
        memcpy (&value, &bits, sizeof value);
        if (isfinite (value) && value != 0)
            check_float (value);
    }
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_integers_are_as_printf_writes_them),
        cmocka_unit_test (test_floats_at_the_edges_are_as_printf_writes_them),
        cmocka_unit_test (test_floats_of_any_bits_are_as_printf_writes_them),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

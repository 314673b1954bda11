/* Tests of base/fingerprint. SPDX-License-Identifier: Apache-2.0 */
#include "base/fingerprint.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

/* BLAKE2b with 128 bits, as b2sum -l 128 prints it. */
static void
test_it_is_the_hash_of_the_bytes (void **state)
{
    (void)state;
    char text[FINGERPRINT_SIZE];
    fingerprint ("abc", 3, text);
    assert_string_equal (text, "cf4ab791c62b8d2b2109c90275287816");
    fingerprint ("", 0, text);
    assert_string_equal (text, "cae66941d9efbd404e4d88758ea67670");
}

static void
test_other_bytes_have_another (void **state)
{
    (void)state;
    char text[FINGERPRINT_SIZE], other[FINGERPRINT_SIZE];
    fingerprint ("{\"k\":1}", 7, text);
    fingerprint ("{\"k\":2}", 7, other);
    assert_string_not_equal (text, other);
    fingerprint ("{\"k\":1}", 6, other);
    assert_string_not_equal (text, other);
}

static void
test_the_parts_of_a_uuid_are_apart (void **state)
{
    (void)state;
    char text[UUID_TEXT_SIZE], other[UUID_TEXT_SIZE];
    const char *const parts[] = {"a", "bc"};
    const char *const others[] = {"ab", "c"};
    fingerprint_uuid (parts, 2, text);
    assert_true (uuid_valid (text));
    assert_int_equal (text[14], '8'); /* the version */
    assert_non_null (strchr ("89ab", text[19]));
    fingerprint_uuid (parts, 2, other);
    assert_string_equal (text, other);
    fingerprint_uuid (others, 2, other);
    assert_string_not_equal (text, other);
    fingerprint_uuid (parts, 1, other);
    assert_string_not_equal (text, other);
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_it_is_the_hash_of_the_bytes),
        cmocka_unit_test (test_other_bytes_have_another),
        cmocka_unit_test (test_the_parts_of_a_uuid_are_apart),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

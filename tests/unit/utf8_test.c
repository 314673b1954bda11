/* base/utf8. SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/utf8.h"

/* The encoding of a code point by the definition; its length. */
static size_t
s_encode (uint32_t point, char text[5])
{
    size_t length = point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
    static const unsigned first[] = {0, 0, 0xc0, 0xe0, 0xf0};
    memset (text, 0, 5);
    for (size_t i = length; i-- > 1; point >>= 6)
        text[i] = (char)(0x80 | (point & 0x3f));
    text[0] = (char)(first[length] | point);
    return length;
}

static void
test_every_code_point_but_surrogates_has_a_length (void **state)
{
    (void)state;
    char text[5];
    for (uint32_t point = 1; point <= 0x1fffff; point++) {
        size_t length = s_encode (point, text);
        bool valid = point <= 0x10ffff && (point < 0xd800 || point > 0xdfff);
        assert_int_equal (utf8_length (text), valid ? length : 0);
        text[length - 1] = '\0'; /* cut */
        assert_int_equal (utf8_length (text), length == 1 ? 1 : 0);
    }
}

static void
test_overlong_and_stray_bytes_are_none (void **state)
{
    (void)state;
    static const char *const bad[] = {"\x80", "\xbf", "\xc0\x80", "\xc1\xbf",
        "\xe0\x9f\xbf", "\xf0\x8f\xbf\xbf", "\xf5\x80\x80\x80", "\xff", "\xc3z"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal (utf8_length (bad[i]), 0);
}

static void
test_a_text_is_plain_has_controls_or_is_invalid (void **state)
{
    (void)state;
    assert_int_equal (utf8_check (""), UTF8_PLAIN);
    assert_int_equal (utf8_check ("a\xc2\xa0\xe2\x82\xac"), UTF8_PLAIN);
    assert_int_equal (utf8_check ("a\n"), UTF8_CONTROL);
    assert_int_equal (utf8_check ("a\x7f\xff"), UTF8_CONTROL); /* the first counts */
    assert_int_equal (utf8_check ("\xc2\x9f"), UTF8_CONTROL);
    assert_int_equal (utf8_check ("\xff\n"), UTF8_INVALID);
}

static void
test_plain_is_what_a_terminal_does_not_obey (void **state)
{
    (void)state;
    char text[] = "a\x1b[31m\xc2\x9b\xc3\xa9\xff\t\x7f\xe2\x82";
    utf8_plain (text);
    assert_string_equal (text, "a?[31m??\xc3\xa9?\?\?\?\?");
}

static void
test_trim_takes_an_unfinished_character_off_and_nothing_else (void **state)
{
    (void)state;
    static const char *const rows[][2] = {{"", ""}, {"ab", "ab"},
        {"a\xc3\xa9", "a\xc3\xa9"}, {"a\xe2\x82\xac", "a\xe2\x82\xac"},
        {"a\xf0\x9f\x98\x80", "a\xf0\x9f\x98\x80"}, {"a\xc3", "a"}, {"a\xe2", "a"},
        {"a\xe2\x82", "a"}, {"a\xf0\x9f", "a"}, {"a\xf0\x9f\x98", "a"}, {"\xf0", ""}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[8];
        strcpy (text, rows[i][0]);
        utf8_trim (text);
        assert_string_equal (text, rows[i][1]);
    }
}

/* Every length at which a text of characters of 1 to 4 bytes can be cut. */
static void
test_a_copy_is_cut_between_characters (void **state)
{
    (void)state;
    const char *text = "a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80z";
    const size_t whole[] = {0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10, 11};
    for (size_t size = 1; size <= strlen (text) + 1; size++) {
        char copy[16];
        memset (copy, '#', sizeof copy);
        utf8_copy (copy, size, text);
        assert_int_equal (strlen (copy), whole[size - 1]);
        assert_memory_equal (copy, text, whole[size - 1]);
        assert_int_equal (copy[size], '#');
    }
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_every_code_point_but_surrogates_has_a_length),
        cmocka_unit_test (test_overlong_and_stray_bytes_are_none),
        cmocka_unit_test (test_plain_is_what_a_terminal_does_not_obey),
        cmocka_unit_test (test_trim_takes_an_unfinished_character_off_and_nothing_else),
        cmocka_unit_test (test_a_text_is_plain_has_controls_or_is_invalid),
        cmocka_unit_test (test_a_copy_is_cut_between_characters),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

/* Queries, decoding and texts of URLs. SPDX-License-Identifier: Apache-2.0 */
#include "actors/http/query.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static void
test_find_decodes_the_value (void **state)
{
    (void)state;
    char value[32];
    assert_int_equal (
        query_find ("a=1&prefix=J%C3%BCrgen+K&k=3", "prefix", value, sizeof value),
        QUERY_FOUND);
    assert_string_equal (value, "J\xc3\xbcrgen K");
}

static void
test_find_takes_whole_names_only (void **state)
{
    (void)state;
    char value[32];
    assert_int_equal (query_find ("kk=1&ak=2", "k", value, sizeof value), QUERY_ABSENT);
    assert_int_equal (query_find (NULL, "k", value, sizeof value), QUERY_ABSENT);
    assert_int_equal (query_find ("", "k", value, sizeof value), QUERY_ABSENT);
    assert_int_equal (query_find ("&&k=7&", "k", value, sizeof value), QUERY_FOUND);
    assert_string_equal (value, "7");
}

static void
test_find_a_name_without_value_is_empty (void **state)
{
    (void)state;
    char value[32];
    assert_int_equal (
        query_find ("verbose&k=1", "verbose", value, sizeof value), QUERY_FOUND);
    assert_string_equal (value, "");
}

static void
test_find_refuses_doubt (void **state)
{
    (void)state;
    static const char *const bad[] = {
        "k=1&k=2", "k=%", "k=%4", "k=%zz", "k=%00", "k=12345678"};
    char value[8];
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal (query_find (bad[i], "k", value, sizeof value), QUERY_BAD);
}

static void
test_lists_stand_together_or_apart (void **state)
{
    (void)state;
    char values[8];
    static const char *const same[] = {"ids=1,2,30", "ids=1&ids=2&k=5&ids=30",
        "a=b&ids=1%2C2&ids=30", "ids=1&ids=2,30"};
    for (size_t i = 0; i < sizeof same / sizeof same[0]; i++) {
        assert_int_equal (
            query_find_list (same[i], "ids", values, sizeof values), QUERY_FOUND);
        assert_string_equal (values, "1,2,30");
    }
    assert_int_equal (
        query_find_list ("k=1", "ids", values, sizeof values), QUERY_ABSENT);
    assert_int_equal (
        query_find_list ("ids=1&ids", "ids", values, sizeof values), QUERY_FOUND);
    assert_string_equal (values, "1,");
}

static void
test_lists_fit_or_are_bad (void **state)
{
    (void)state;
    char values[8];
    static const char *const bad[] = {"ids=1&ids=%", "ids=12345678",
        "ids=1234567&ids=", "ids=123456&ids=8", "ids=1&ids=%00"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal (
            query_find_list (bad[i], "ids", values, sizeof values), QUERY_BAD);
}

static void
test_decode_leaves_plus_in_paths (void **state)
{
    (void)state;
    char value[8];
    assert_true (query_decode ("a+b%2F", 6, false, value, sizeof value));
    assert_string_equal (value, "a+b/");
}

static void
test_integers_are_digits_in_range (void **state)
{
    (void)state;
    static const char *const bad[] = {"", "0", "1001", "-1", "+1", " 1", "1 ", "1.",
        "1.5", ".0", "1.0.0", "1.0x", "1e2", "0x1", "99999999999999999999",
        "9223372036854775808"};
    int64_t value = 0;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false (query_integer (bad[i], 1, 1000, &value));
    assert_true (query_integer ("7.00", 1, 1000, &value));
    assert_int_equal (value, 7);
    assert_true (query_integer ("1000", 1, 1000, &value));
    assert_int_equal (value, 1000);
    assert_true (query_integer ("9223372036854775807", 0, INT64_MAX, &value));
    assert_true (value == INT64_MAX);
}

static void
test_integer_lists (void **state)
{
    (void)state;
    static const char *const bad[] = {
        "", ",", "1,", ",1", "1,,2", "1;2", "1,2,3,4", "a"};
    int64_t values[3];
    size_t count;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false (query_integers (bad[i], 0, 100, values, 3, &count));
    assert_true (query_integers ("10.0,0,30", 0, 100, values, 3, &count));
    assert_int_equal (count, 3);
    assert_int_equal (values[2], 30);
}

static void
test_texts_are_utf8_without_control_characters (void **state)
{
    (void)state;
    static const char *const bad[] = {"\x01", "a\n", "\x7f", "\xc2\x85", "\xff", "\x80",
        "\xc0\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe2\x82", "four!!!"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false (query_text_valid (bad[i], 6));
    assert_true (query_text_valid ("", 6));
    assert_true (query_text_valid ("a\xe2\x82\xac", 6));
    assert_true (query_text_valid ("\xf0\x9f\x98\x80", 6));
}

static void
test_prefer_wait (void **state)
{
    (void)state;
    static const struct {
        const char *header;
        int wait;
    } cases[] = {{NULL, -1}, {"", -1}, {"wait", -1}, {"wait=", -1}, {"wait=x", -1},
        {"wait=-1", -1}, {"wait=0", -1}, {"wait=1.5", -1}, {"await=3", -1},
        {"wait=99999999999999999999", -1}, {"wait=\"5\"", -1}, {"wait=5x", -1},
        {"wait=5", 5}, {"WAIT=5", 5}, {"wait=600", 30}, {"respond-async, wait=7", 7},
        {"wait=7;foo=1, other", 7}, {" wait=7 , x", 7}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_int_equal (query_prefer_wait (cases[i].header, 30), cases[i].wait);
}

static void
test_preferences (void **state)
{
    (void)state;
    static const char *const yes[] = {"handling=strict", "Handling=STRICT",
        "wait=3, handling=strict", " handling=strict ;x, y"};
    static const char *const no[] = {"", "handling", "handling=lenient",
        "handling=strictly", "xhandling=strict", "wait=3;handling=strict"};
    for (size_t i = 0; i < sizeof yes / sizeof yes[0]; i++)
        assert_true (query_prefers (yes[i], "handling=strict"));
    for (size_t i = 0; i < sizeof no / sizeof no[0]; i++)
        assert_false (query_prefers (no[i], "handling=strict"));
    assert_false (query_prefers (NULL, "handling=strict"));
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_find_decodes_the_value),
        cmocka_unit_test (test_find_takes_whole_names_only),
        cmocka_unit_test (test_find_a_name_without_value_is_empty),
        cmocka_unit_test (test_find_refuses_doubt),
        cmocka_unit_test (test_lists_stand_together_or_apart),
        cmocka_unit_test (test_lists_fit_or_are_bad),
        cmocka_unit_test (test_decode_leaves_plus_in_paths),
        cmocka_unit_test (test_integers_are_digits_in_range),
        cmocka_unit_test (test_integer_lists),
        cmocka_unit_test (test_texts_are_utf8_without_control_characters),
        cmocka_unit_test (test_prefer_wait),
        cmocka_unit_test (test_preferences),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

/* Tests of base/strbuf. SPDX-License-Identifier: Apache-2.0 */
#include "base/strbuf.h"

#include <jansson.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

/* The JSON of one text. */
static void
s_assert_json_string (const char *text, const char *expected)
{
    strbuf_t buf = STRBUF_EMPTY;
    strbuf_add_json_string (&buf, text);
    assert_string_equal (buf.data, expected);
    strbuf_free (&buf);
}

static void
test_grows_and_stays_a_string (void **state)
{
    (void)state;
    strbuf_t buf = STRBUF_EMPTY;
    for (size_t i = 0; i < 1000; i++) {
        strbuf_add (&buf, "abc");
        assert_int_equal (buf.length, 3 * (i + 1));
        assert_int_equal (strlen (buf.data), buf.length);
    }
    strbuf_free (&buf);
    assert_null (buf.data);
}

static void
test_formats_text_longer_than_its_room (void **state)
{
    (void)state;
    strbuf_t buf = STRBUF_EMPTY;
    char longer[500];
    memset (longer, 'x', sizeof longer - 1);
    longer[sizeof longer - 1] = '\0';
    strbuf_addf (&buf, "%d-%s-%d", 1, longer, 2);
    assert_int_equal (buf.length, 503);
    assert_string_equal (buf.data + 501, "-2");
    strbuf_free (&buf);
}

static void
test_holds_any_bytes (void **state)
{
    (void)state;
    strbuf_t buf = STRBUF_EMPTY;
    strbuf_add_bytes (&buf, "a\0b", 3);
    assert_int_equal (buf.length, 3);
    assert_memory_equal (buf.data, "a\0b", 4);
    strbuf_free (&buf);
}

static void
test_take_of_an_empty_one_is_an_empty_string (void **state)
{
    (void)state;
    strbuf_t buf = STRBUF_EMPTY;
    char *text = strbuf_take (&buf);
    assert_string_equal (text, "");
    assert_null (buf.data);
    free (text);
}

static void
test_clear_keeps_the_memory (void **state)
{
    (void)state;
    strbuf_t buf = STRBUF_EMPTY;
    strbuf_add (&buf, "abc");
    const char *data = buf.data;
    strbuf_clear (&buf);
    strbuf_add (&buf, "d");
    assert_ptr_equal (buf.data, data);
    assert_string_equal (buf.data, "d");
    strbuf_free (&buf);
}

static void
test_json_string_escapes (void **state)
{
    (void)state;
    s_assert_json_string ("", "\"\"");
    s_assert_json_string ("a\"b\\c", "\"a\\\"b\\\\c\"");
    s_assert_json_string ("1\n2\t3\r\x01\x1b", "\"1\\n2\\t3\\u000d\\u0001\\u001b\"");
    s_assert_json_string ("<&>/", "\"<&>/\"");
    s_assert_json_string ("\x7f\xc2\x9b", "\"\\u007f\\u009b\"");
}

static void
test_json_string_keeps_utf8 (void **state)
{
    (void)state;
    const char *text = "\"\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80 \xf4\x8f\xbf\xbf\"";
    char inner[32] = "";
    memcpy (inner, text + 1, strlen (text) - 2);
    s_assert_json_string (inner, text);
}

static void
test_json_string_replaces_invalid_utf8 (void **state)
{
    (void)state;
#define BAD "\xef\xbf\xbd"
    s_assert_json_string ("\x80", "\"" BAD "\"");
    s_assert_json_string ("a\xc3", "\"a" BAD "\"");
    s_assert_json_string ("\xc0\xaf", "\"" BAD BAD "\"");         /* overlong */
    s_assert_json_string ("\xe0\x80\x80", "\"" BAD BAD BAD "\""); /* overlong */
    s_assert_json_string ("\xed\xa0\x80", "\"" BAD BAD BAD "\""); /* a surrogate */
    s_assert_json_string ("\xf5\x80", "\"" BAD BAD "\"");         /* too large */
    s_assert_json_string ("\xe2\x82", "\"" BAD BAD "\"");         /* cut */
    s_assert_json_string ("\xf0\x9f\x98z", "\"" BAD BAD BAD "z\"");
}

/* Whatever the bytes, a JSON parser takes the result. */
static void
test_json_string_of_every_pair_of_bytes_parses (void **state)
{
    (void)state;
    strbuf_t buf = STRBUF_EMPTY;
    for (int a = 1; a < 256; a++)
        for (int b = 1; b < 256; b++) {
            char text[3] = {(char)a, (char)b, '\0'};
            strbuf_clear (&buf);
            strbuf_add_json_string (&buf, text);
            json_t *value = json_loads (buf.data, JSON_DECODE_ANY, NULL);
            assert_non_null (value);
            json_decref (value);
        }
    strbuf_free (&buf);
}

static void
test_json_int_takes_the_extremes (void **state)
{
    (void)state;
    strbuf_t buf = STRBUF_EMPTY;
    const int64_t values[] = {0, -1, INT64_MAX, INT64_MIN};
    strbuf_add_json_int_array (&buf, values, 4);
    assert_string_equal (buf.data, "[0,-1,9223372036854775807,-9223372036854775808]");
    strbuf_free (&buf);
}

static void
test_json_float_reads_back_as_the_same_float (void **state)
{
    (void)state;
    const float values[] = {0.0f, -0.0f, 0.1f, -1.5f, 1.17549435e-38f, 3.40282347e+38f,
        1.40129846e-45f, 16777217.0f, 3.14159274f};
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        strbuf_t buf = STRBUF_EMPTY;
        strbuf_add_json_float (&buf, values[i]);
        json_t *value = json_loads (buf.data, JSON_DECODE_ANY, NULL);
        float again = (float)json_number_value (value);
        assert_true (json_is_number (value));
        assert_memory_equal (&again, &values[i], sizeof again); /* -0 is not 0 */
        json_decref (value);
        strbuf_free (&buf);
    }
}

static void
test_json_float_that_is_not_finite_is_null (void **state)
{
    (void)state;
    strbuf_t buf = STRBUF_EMPTY;
    const float values[] = {NAN, INFINITY, -INFINITY, 1.0f};
    strbuf_add_json_float_array (&buf, values, 4);
    assert_string_equal (buf.data, "[null,null,null,1]");
    strbuf_free (&buf);
}

static void
test_json_arrays_may_be_empty (void **state)
{
    (void)state;
    strbuf_t buf = STRBUF_EMPTY;
    strbuf_add_json_int_array (&buf, NULL, 0);
    strbuf_add_json_float_array (&buf, NULL, 0);
    assert_string_equal (buf.data, "[][]");
    strbuf_free (&buf);
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_grows_and_stays_a_string),
        cmocka_unit_test (test_formats_text_longer_than_its_room),
        cmocka_unit_test (test_holds_any_bytes),
        cmocka_unit_test (test_take_of_an_empty_one_is_an_empty_string),
        cmocka_unit_test (test_clear_keeps_the_memory),
        cmocka_unit_test (test_json_string_escapes),
        cmocka_unit_test (test_json_string_keeps_utf8),
        cmocka_unit_test (test_json_string_replaces_invalid_utf8),
        cmocka_unit_test (test_json_string_of_every_pair_of_bytes_parses),
        cmocka_unit_test (test_json_int_takes_the_extremes),
        cmocka_unit_test (test_json_float_reads_back_as_the_same_float),
        cmocka_unit_test (test_json_float_that_is_not_finite_is_null),
        cmocka_unit_test (test_json_arrays_may_be_empty),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

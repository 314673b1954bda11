/* Tests of base/jsonread. SPDX-License-Identifier: Apache-2.0 */
#include "base/jsonread.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static json_t *
s_read (const char *text)
{
    json_fault_t fault;
    json_t *object = json_read_object (text, strlen (text), &fault);
    if (!object)
        fail_msg ("%s: %s", text, fault.detail);
    return object;
}

static json_fault_t
s_fault_of (const char *text, size_t length)
{
    json_fault_t fault = {.line = -1};
    json_t *object = json_read_object (text, length, &fault);
    if (object)
        fail_msg ("accepted: %s", text);
    assert_true (*fault.detail);
    return fault;
}

static void
test_reads_an_object (void **state)
{
    (void)state;
    json_t *object = s_read ("{\"k\": 3, \"text\": \"[[[[[[[[[[[[ \\\" [[[[[[[[[[\"}");
    assert_int_equal (json_object_size (object), 2);
    json_decref (object);
}

static void
test_bad_texts_have_line_and_column (void **state)
{
    (void)state;
    static const char *const bad[] = {"", " ", "{", "}", "{]", "{\"a\":}", "{\"a\":1,}",
        "{\"a\":1}x", "{\"a\":1}{}", "{a:1}", "{'a':1}", "{\"a\":01}", "{\"a\":+1}",
        "{\"a\":.5}", "{\"a\":1.}", "{\"a\":NaN}", "{\"a\":Infinity}", "{\"a\":-}",
        "{\"a\":0x10}", "{\"a\":tru}", "{\"a\":\"\xff\"}", "{\"a\":\"\xed\xa0\x80\"}",
        "{\"a\":\"\\ud800\"}", "{\"a\":\"\n\"}", "{\"a\":\"", "{\"a\":\"\\x\"}",
        "{\"a\":1 \"b\":2}", "// note\n{}", "\xef\xbb\xbf{}"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        json_fault_t fault = s_fault_of (bad[i], strlen (bad[i]));
        if (fault.line < 1 || fault.column < 1)
            fail_msg ("%s: line %d column %d", bad[i], fault.line, fault.column);
        assert_string_equal (fault.pointer, "");
        for (const char *at = fault.detail; *at; at++)
            assert_true (*at >= 0x20 && *at < 0x7f);
    }
}

static void
test_line_of_a_fault_is_the_right_one (void **state)
{
    (void)state;
    const char *text = "{\n  \"a\": 1,\n  \"b\" 2\n}";
    json_fault_t fault = s_fault_of (text, strlen (text));
    assert_int_equal (fault.line, 3);
    assert_int_equal (fault.column, 7);
}

static void
test_text_with_a_nul_is_refused (void **state)
{
    (void)state;
    assert_true (s_fault_of ("{\"a\0b\":1}", 9).line >= 1);
    assert_true (s_fault_of ("{}\0", 3).line >= 1);
    assert_true (s_fault_of (NULL, 0).line >= 1);
}

static void
test_duplicate_keys_are_refused (void **state)
{
    (void)state;
    const char *text = "{\"k\":1,\n\"k\":2}";
    json_fault_t fault = s_fault_of (text, strlen (text));
    assert_int_equal (fault.line, 2);
    assert_non_null (strstr (fault.detail, "duplicate"));
    text = "{\"a\":{\"k\":1,\"\\u006b\":2}}";
    assert_int_equal (s_fault_of (text, strlen (text)).line, 1);
}

static void
test_root_must_be_an_object (void **state)
{
    (void)state;
    static const char *const bad[] = {"[]", "1", "\"a\"", "null", "true"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        json_fault_t fault = s_fault_of (bad[i], strlen (bad[i]));
        assert_int_equal (fault.line, 0);
        assert_string_equal (fault.pointer, "");
        assert_string_equal (fault.detail, "the JSON text must be an object");
    }
}

static void
test_depth_is_limited (void **state)
{
    (void)state;
    json_decref (s_read ("{\"a\":[[[[[[[1]]]]]]],\"b\":[{\"c\":[]}]}")); /* 8 levels */
    const char *text = "{\"a\":\n [[[[[[[[1]]]]]]]]}";
    json_fault_t fault = s_fault_of (text, strlen (text));
    assert_string_equal (fault.detail, "nested deeper than 8 levels");
    assert_int_equal (fault.line, 2);
    assert_int_equal (fault.column, 9);
}

static void
test_depth_bomb_is_refused_before_it_is_parsed (void **state)
{
    (void)state;
    size_t length = 4 << 20;
    char *bomb = malloc (length);
    memset (bomb, '[', length);
    json_fault_t fault = s_fault_of (bomb, length);
    assert_int_equal (fault.column, 9);
    /* Hidden behind an escaped quote. */
    memcpy (bomb, "{\"\\\"\":", 6);
    assert_string_equal (
        s_fault_of (bomb, length).detail, "nested deeper than 8 levels");
    free (bomb);
}

static void
test_integer_in_range_is_read (void **state)
{
    (void)state;
    json_t *object = s_read ("{\"a\":0,\"b\":9007199254740991,\"n\":null}");
    json_fault_t fault;
    int64_t value = -5;
    assert_int_equal (
        json_read_integer (object, "a", 0, JSON_INTEGER_MAX, &value, &fault), 0);
    assert_int_equal (value, 0);
    assert_int_equal (
        json_read_integer (object, "b", 0, JSON_INTEGER_MAX, &value, &fault), 0);
    assert_true (value == JSON_INTEGER_MAX);
    value = 7;
    assert_int_equal (json_read_integer (object, "none", 0, 9, &value, &fault), 0);
    assert_int_equal (json_read_integer (object, "n", 0, 9, &value, &fault), 0);
    assert_int_equal (value, 7);
    json_decref (object);
}

static void
test_integer_of_wrong_type_or_range_is_a_field_fault (void **state)
{
    (void)state;
    static const char *const bad[] = {"0", "1001", "-1", "1.5", "0.0", "1e4", "1e-2",
        "1e300", "-1e300", "9223372036854775808", "-9223372036854775809",
        "99999999999999999999999", "\"5\"", "true", "[5]", "{}", "9007199254740992",
        "9223372036854775807"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        char text[64];
        snprintf (text, sizeof text, "{\"k\":%s}", bad[i]);
        json_t *object = s_read (text);
        json_fault_t fault = {.line = -1};
        int64_t value = 7;
        assert_int_equal (json_read_integer (object, "k", 1, 1000, &value, &fault), -1);
        assert_string_equal (fault.detail, "k must be an integer from 1 to 1000");
        assert_string_equal (fault.pointer, "/k");
        assert_int_equal (fault.line, 0);
        assert_int_equal (value, 7);
        json_decref (object);
    }
}

static void
test_a_number_without_a_fraction_is_an_integer (void **state)
{
    (void)state;
    static const char *const same[] = {"100", "100.0", "1e2", "1000.0e-1"};
    for (size_t i = 0; i < sizeof same / sizeof same[0]; i++) {
        char text[64];
        snprintf (text, sizeof text, "{\"k\":%s,\"h\":[%s]}", same[i], same[i]);
        json_t *object = s_read (text);
        json_fault_t fault;
        int64_t value = 0, *values;
        size_t count;
        assert_int_equal (json_read_integer (object, "k", 1, 1000, &value, &fault), 0);
        assert_int_equal (value, 100);
        assert_int_equal (
            json_read_integers (object, "h", 1, 1, 1000, &values, &count, &fault), 0);
        assert_int_equal (values[0], 100);
        free (values);
        json_decref (object);
    }
}

static void
test_integers_beyond_64_bits_are_for_their_reader (void **state)
{
    (void)state;
    json_t *object = s_read ("{\"other\":99999999999999999999999,\"k\":7,\"h\":[3]}");
    json_fault_t fault;
    int64_t value = 0, *values;
    size_t count;
    assert_int_equal (json_read_integer (object, "k", 1, 9, &value, &fault), 0);
    assert_int_equal (value, 7);
    assert_int_equal (
        json_read_integers (object, "h", 1, 0, 9, &values, &count, &fault), 0);
    assert_int_equal (values[0], 3);
    free (values);
    json_decref (object);
}

static void
test_a_number_that_no_double_holds_is_for_its_reader (void **state)
{
    (void)state;
    char digits[421];
    memset (digits, '9', 420);
    digits[420] = '\0';
    const char *const beyond[] = {"1e999", "-1e999", "1.5E+400", digits};
    for (size_t i = 0; i < sizeof beyond / sizeof beyond[0]; i++) {
        char text[1024];
        snprintf (text, sizeof text,
            "{\"a\":[1,%s],\"b\":%s, \"1e999\":\"1e999\\\"\",\"c\":1e-999,\"k\":7}",
            beyond[i], beyond[i]);
        json_t *object = s_read (text);
        json_fault_t fault;
        int64_t value = 0;
        double number = 0;
        const char *string = NULL;
        assert_int_equal (json_read_integer (object, "k", 1, 9, &value, &fault), 0);
        assert_int_equal (value, 7);
        assert_int_equal (json_read_number (object, "c", &number, &fault), 0);
        assert_int_equal (json_read_string (object, "1e999", 1, 9, &string, &fault), 0);
        assert_string_equal (string, "1e999\"");
        assert_int_equal (json_read_number (object, "b", &number, &fault), -1);
        assert_int_equal (json_read_integer (object, "b", 1, 9, &value, &fault), -1);
        assert_int_equal (json_read_string (object, "b", 0, 9, &string, &fault), -1);
        assert_true (json_has_nul (object));
        assert_true (json_has_nul (json_object_get (object, "a")));
        assert_false (json_has_nul (json_object_get (object, "1e999")));
        json_decref (object);
    }
}

static void
test_a_nul_in_a_name_is_no_name_of_ours (void **state)
{
    (void)state;
    json_t *object = s_read ("{\"a\\u0000b\":{\"\\u0000\":1},\"\\\\u0000\":2,\"k\":7}");
    assert_int_equal (json_object_size (object), 3);
    assert_null (json_object_get (object, "a"));
    assert_non_null (json_object_get (object, "\\u0000")); /* a backslash and a word */
    assert_int_equal (json_number_value (json_object_get (object, "k")), 7);
    json_decref (object);
}

static void
test_bool_is_true_or_false_only (void **state)
{
    (void)state;
    json_t *object = s_read ("{\"t\":true,\"f\":false,\"one\":1}");
    json_fault_t fault;
    bool value = false;
    assert_int_equal (json_read_bool (object, "t", &value, &fault), 0);
    assert_true (value);
    assert_int_equal (json_read_bool (object, "none", &value, &fault), 0);
    assert_true (value);
    assert_int_equal (json_read_bool (object, "f", &value, &fault), 0);
    assert_false (value);
    assert_int_equal (json_read_bool (object, "one", &value, &fault), -1);
    assert_string_equal (fault.detail, "one must be true or false");
    json_decref (object);
}

static void
test_string_length_is_in_bytes (void **state)
{
    (void)state;
    json_t *object = s_read ("{\"u\":\"\xc3\xa9\xc3\xa9\",\"empty\":\"\"}");
    json_fault_t fault;
    const char *value = "anon";
    assert_int_equal (json_read_string (object, "u", 1, 4, &value, &fault), 0);
    assert_string_equal (value, "\xc3\xa9\xc3\xa9");
    assert_int_equal (json_read_string (object, "u", 1, 3, &value, &fault), -1);
    assert_string_equal (fault.pointer, "/u");
    assert_int_equal (json_read_string (object, "empty", 1, 3, &value, &fault), -1);
    assert_int_equal (json_read_string (object, "empty", 0, 3, &value, &fault), 0);
    assert_string_equal (value, "");
    json_decref (object);
}

static void
test_string_with_control_characters_is_refused (void **state)
{
    (void)state;
    static const char *const bad[] = {"\"a\\nb\"", "\"\\u0001\"", "\"\\u007f\"",
        "\"\\u0085\"", "\"a\\u0000b\"", "\"\x7f\"", "\"\xc2\x9b\"", "5", "[]"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        char text[64];
        snprintf (text, sizeof text, "{\"u\":%s}", bad[i]);
        json_t *object = s_read (text);
        json_fault_t fault;
        const char *value = "anon";
        assert_int_equal (json_read_string (object, "u", 1, 128, &value, &fault), -1);
        assert_string_equal (value, "anon");
        assert_string_equal (fault.detail,
            "u must be a string of 1 to 128 bytes without control characters");
        json_decref (object);
    }
}

static void
test_integers_are_read (void **state)
{
    (void)state;
    json_t *object = s_read ("{\"h\":[10,20,9007199254740991],\"empty\":[]}");
    json_fault_t fault;
    int64_t *values;
    size_t count;
    assert_int_equal (json_read_integers (
                          object, "h", 3, 0, JSON_INTEGER_MAX, &values, &count, &fault),
        0);
    assert_int_equal (count, 3);
    assert_int_equal (values[0], 10);
    assert_true (values[2] == JSON_INTEGER_MAX);
    free (values);
    assert_int_equal (
        json_read_integers (object, "empty", 3, 0, 9, &values, &count, &fault), 0);
    assert_int_equal (count, 0);
    assert_null (values);
    json_decref (object);
}

static void
test_bad_integers_are_a_field_fault (void **state)
{
    (void)state;
    static const char *const bad[][3] = {
        {"{}", "/h", "h must be an array of integers"},
        {"{\"h\":null}", "/h", "h must be an array of integers"},
        {"{\"h\":\"10\"}", "/h", "h must be an array of integers"},
        {"{\"h\":{}}", "/h", "h must be an array of integers"},
        {"{\"h\":[1,2,3,4]}", "/h", "h must be an array of at most 3 integers"},
        {"{\"h\":[1,-1]}", "/h/1",
            "h[1] must be an integer from 0 to 9007199254740991"},
        {"{\"h\":[9007199254740992]}", "/h/0",
            "h[0] must be an integer from 0 to 9007199254740991"},
        {"{\"h\":[1.5]}", "/h/0", "h[0] must be an integer from 0 to 9007199254740991"},
        {"{\"h\":[1,2,\"3\"]}", "/h/2",
            "h[2] must be an integer from 0 to 9007199254740991"},
        {"{\"h\":[null]}", "/h/0",
            "h[0] must be an integer from 0 to 9007199254740991"},
        {"{\"h\":[[1]]}", "/h/0", "h[0] must be an integer from 0 to 9007199254740991"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        json_t *object = s_read (bad[i][0]);
        json_fault_t fault = {.line = -1};
        int64_t *values = NULL;
        size_t count = 0;
        assert_int_equal (json_read_integers (object, "h", 3, 0, JSON_INTEGER_MAX,
                              &values, &count, &fault),
            -1);
        assert_string_equal (fault.pointer, bad[i][1]);
        assert_string_equal (fault.detail, bad[i][2]);
        assert_int_equal (fault.line, 0);
        assert_null (values);
        json_decref (object);
    }
}

static void
test_strings_are_read_or_a_field_fault (void **state)
{
    (void)state;
    json_t *object = s_read ("{\"ids\":[\"a\",\"bc\"],\"empty\":[],\"odd\":[\"a\",7],"
                             "\"long\":[\"abcd\"],\"text\":\"a\"}");
    json_fault_t fault;
    const json_t *ids = json_read_strings (object, "ids", 2, 1, 3, &fault);
    assert_int_equal (json_array_size (ids), 2);
    assert_string_equal (json_string_value (json_array_get (ids, 1)), "bc");
    assert_int_equal (
        json_array_size (json_read_strings (object, "empty", 2, 1, 3, &fault)), 0);
    static const char *const bad[][2] = {{"odd", "/odd/1"}, {"long", "/long/0"},
        {"text", "/text"}, {"absent", "/absent"}};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_null (json_read_strings (object, bad[i][0], 2, 1, 3, &fault));
        assert_string_equal (fault.pointer, bad[i][1]);
    }
    assert_null (json_read_strings (object, "ids", 1, 1, 3, &fault));
    assert_string_equal (fault.detail, "ids must be an array of at most 1 strings");
    json_decref (object);
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_reads_an_object),
        cmocka_unit_test (test_bad_texts_have_line_and_column),
        cmocka_unit_test (test_line_of_a_fault_is_the_right_one),
        cmocka_unit_test (test_text_with_a_nul_is_refused),
        cmocka_unit_test (test_duplicate_keys_are_refused),
        cmocka_unit_test (test_root_must_be_an_object),
        cmocka_unit_test (test_depth_is_limited),
        cmocka_unit_test (test_depth_bomb_is_refused_before_it_is_parsed),
        cmocka_unit_test (test_integer_in_range_is_read),
        cmocka_unit_test (test_integer_of_wrong_type_or_range_is_a_field_fault),
        cmocka_unit_test (test_a_number_without_a_fraction_is_an_integer),
        cmocka_unit_test (test_integers_beyond_64_bits_are_for_their_reader),
        cmocka_unit_test (test_a_number_that_no_double_holds_is_for_its_reader),
        cmocka_unit_test (test_a_nul_in_a_name_is_no_name_of_ours),
        cmocka_unit_test (test_bool_is_true_or_false_only),
        cmocka_unit_test (test_string_length_is_in_bytes),
        cmocka_unit_test (test_string_with_control_characters_is_refused),
        cmocka_unit_test (test_integers_are_read),
        cmocka_unit_test (test_bad_integers_are_a_field_fault),
        cmocka_unit_test (test_strings_are_read_or_a_field_fault),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

/* Fields of a body that nobody knows. SPDX-License-Identifier: Apache-2.0 */
#include "actors/http/fields.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static const char *const s_known[] = {"history", "k", NULL};

static int
s_check (const char *text, const char *at, bool strict, strbuf_t *warnings,
    json_fault_t *fault)
{
    json_t *object = json_read_object (text, strlen (text), fault);
    assert_non_null (object);
    int rc = fields_check (object, s_known, at, strict, warnings, fault);
    json_decref (object);
    return rc;
}

static json_t *
s_warnings (const char *text, const char *at)
{
    strbuf_t warnings = STRBUF_EMPTY, array = STRBUF_EMPTY;
    json_fault_t fault;
    assert_int_equal (s_check (text, at, false, &warnings, &fault), 0);
    strbuf_addf (&array, "[%s]", warnings.length > 0 ? warnings.data : "");
    json_t *found = json_loads (array.data, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null (found);
    strbuf_free (&array);
    strbuf_free (&warnings);
    return found;
}

static const char *
s_text (const json_t *warnings, size_t index, const char *key)
{
    return json_string_value (json_object_get (json_array_get (warnings, index), key));
}

static void
test_known_fields_are_no_news (void **state)
{
    (void)state;
    json_t *warnings = s_warnings ("{\"k\":1,\"history\":[]}", "");
    assert_int_equal (json_array_size (warnings), 0);
    json_decref (warnings);
}

static void
test_a_slip_is_named_with_what_was_meant (void **state)
{
    (void)state;
    json_t *warnings = s_warnings ("{\"histroy\":[1],\"colour\":2}", "/3");
    assert_int_equal (json_array_size (warnings), 2);
    assert_string_equal (s_text (warnings, 0, "pointer"), "/3/histroy");
    assert_string_equal (s_text (warnings, 0, "detail"),
        "histroy is no field of this: did you mean history?");
    assert_string_equal (s_text (warnings, 1, "detail"), "colour is no field of this");
    json_decref (warnings);
}

static void
test_strict_refuses (void **state)
{
    (void)state;
    strbuf_t warnings = STRBUF_EMPTY;
    json_fault_t fault;
    assert_int_equal (s_check ("{\"histroy\":1}", "/3", true, &warnings, &fault), -1);
    assert_string_equal (fault.pointer, "/histroy");
    assert_true (fault.unknown);
    assert_int_equal (warnings.length, 0);
    assert_int_equal (s_check ("{\"k\":1}", "", true, &warnings, &fault), 0);
}

/* Of an object without what the fault misses. */
static json_fault_t
s_guess (const char *text)
{
    json_fault_t fault;
    json_t *object = json_read_object (text, strlen (text), &fault);
    assert_non_null (object);
    json_fail (&fault, "/history", "history is missing");
    fields_guess (object, s_known, &fault);
    json_decref (object);
    assert_string_equal (fault.pointer, "/history");
    return fault;
}

static void
test_what_is_missing_may_be_there_misspelt (void **state)
{
    (void)state;
    assert_string_equal (s_guess ("{\"colour\":2,\"histroy\":[1]}").detail,
        "\"history\" is missing; did you mean it by \"histroy\"?");
    assert_string_equal (
        s_guess ("{\"colour\":2,\"K\":1}").detail, "history is missing");
    assert_string_equal (s_guess ("{}").detail, "history is missing");
    /* It is there: something else is wrong with it. */
    assert_string_equal (
        s_guess ("{\"history\":7,\"histroy\":[1]}").detail, "history is missing");
}

static void
test_odd_keys_are_shown_safely (void **state)
{
    (void)state;
    json_t *warnings = s_warnings ("{\"a/b~\":1,\"x\\u0007\\n\":2,\"\":3}", "");
    assert_string_equal (s_text (warnings, 0, "pointer"), "/a~1b~0");
    assert_string_equal (s_text (warnings, 1, "pointer"), "/x??");
    assert_string_equal (s_text (warnings, 2, "pointer"), "/");
    json_decref (warnings);
}

static void
test_endless_keys_and_endlessly_many_stay_short (void **state)
{
    (void)state;
    strbuf_t text = STRBUF_EMPTY, warnings = STRBUF_EMPTY;
    json_fault_t fault;
    for (int i = 0; i < 2000; i++)
        strbuf_addf (&text, "%s\"\xc3\xa9%0200d\":1", i ? "," : "{", i);
    strbuf_add (&text, "}");
    assert_int_equal (s_check (text.data, "", false, &warnings, &fault), 0);
    assert_in_range (warnings.length, 1000, 5000);
    assert_int_equal (s_check (text.data, "", true, &warnings, &fault), -1);
    assert_true (strlen (fault.pointer) < sizeof fault.pointer);
    strbuf_free (&text);
    strbuf_free (&warnings);
}

static void
test_a_fault_gets_its_place (void **state)
{
    (void)state;
    json_fault_t fault = {.pointer = "/item_id"};
    fields_place (&fault, "");
    assert_string_equal (fault.pointer, "/item_id");
    fields_place (&fault, "/requests/12");
    assert_string_equal (fault.pointer, "/requests/12/item_id");
    memset (fault.pointer, 'x', sizeof fault.pointer - 1);
    fields_place (&fault, "/9");
    assert_int_equal (strlen (fault.pointer), sizeof fault.pointer - 1);
}

static void
test_parameters_of_a_query_are_looked_at_as_well (void **state)
{
    (void)state;
    strbuf_t warnings = STRBUF_EMPTY;
    json_fault_t fault;
    const char *query = "histroy=1&k=2&&=3&%zz=4&a%22b&k";
    assert_int_equal (fields_check_query (NULL, s_known, true, &warnings, &fault), 0);
    assert_int_equal (fields_check_query ("k=1", s_known, true, &warnings, &fault), 0);
    assert_int_equal (fields_check_query (query, s_known, false, &warnings, &fault), 0);
    assert_string_equal (warnings.data,
        "{\"detail\":\"histroy is no parameter of this: did you mean history?\","
        "\"parameter\":\"histroy\"},"
        "{\"detail\":\"%zz is no parameter of this\",\"parameter\":\"%zz\"},"
        "{\"detail\":\"a\\\"b is no parameter of this\",\"parameter\":\"a\\\"b\"}");
    assert_int_equal (fields_check_query (query, s_known, true, &warnings, &fault), -1);
    assert_string_equal (fault.pointer, "histroy");
    strbuf_free (&warnings);
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_parameters_of_a_query_are_looked_at_as_well),
        cmocka_unit_test (test_known_fields_are_no_news),
        cmocka_unit_test (test_a_slip_is_named_with_what_was_meant),
        cmocka_unit_test (test_strict_refuses),
        cmocka_unit_test (test_what_is_missing_may_be_there_misspelt),
        cmocka_unit_test (test_odd_keys_are_shown_safely),
        cmocka_unit_test (test_endless_keys_and_endlessly_many_stay_short),
        cmocka_unit_test (test_a_fault_gets_its_place),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

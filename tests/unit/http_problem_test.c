/* Problems as JSON. SPDX-License-Identifier: Apache-2.0 */
#include "actors/http/problem.h"

#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static json_t *
s_written (const problem_t *problem)
{
    strbuf_t text = STRBUF_EMPTY;
    problem_write (problem, &text);
    json_t *object = json_loads (text.data, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null (object);
    strbuf_free (&text);
    return object;
}

static const char *
s_text (const json_t *object, const char *key)
{
    return json_string_value (json_object_get (object, key));
}

static void
test_every_type_is_a_client_or_server_error (void **state)
{
    (void)state;
    for (problem_type_t type = 0; type < PROBLEM_COUNT; type++) {
        problem_t problem = {.type = type, .detail = "why"};
        json_t *object = s_written (&problem);
        int status = (int)json_integer_value (json_object_get (object, "status"));
        assert_int_equal (status, problem_status (type));
        assert_in_range (status, 400, 599);
        assert_memory_equal (s_text (object, "type"), "/problems/", 10);
        assert_true (strlen (s_text (object, "title")) > 0);
        assert_string_equal (s_text (object, "detail"), "why");
        json_decref (object);
    }
}

static void
test_a_field_is_named_by_its_pointer (void **state)
{
    (void)state;
    problem_t problem = {.type = PROBLEM_INVALID_FIELD,
        .detail = "history[3] must be \"an\" integer",
        .pointer = "/history/3"};
    json_t *object = s_written (&problem);
    const json_t *error = json_array_get (json_object_get (object, "errors"), 0);
    assert_string_equal (s_text (error, "pointer"), "/history/3");
    assert_string_equal (s_text (error, "detail"), problem.detail);
    assert_null (json_object_get (object, "line"));
    json_decref (object);
}

static void
test_several_fields_are_named_in_their_order (void **state)
{
    (void)state;
    const json_fault_t faults[] = {
        {.detail = "one", .pointer = "/0/item_id"}, {.detail = "two", .pointer = "/7"}};
    problem_t problem = {.type = PROBLEM_INVALID_FIELD,
        .detail = "2 of 9",
        .faults = faults,
        .fault_count = 2,
        .warnings = "{\"detail\":\"w\",\"pointer\":\"/x\"}"};
    json_t *object = s_written (&problem);
    const json_t *errors = json_object_get (object, "errors");
    assert_int_equal (json_array_size (errors), 2);
    assert_string_equal (s_text (json_array_get (errors, 0), "detail"), "one");
    assert_string_equal (s_text (json_array_get (errors, 1), "pointer"), "/7");
    const json_t *warning = json_array_get (json_object_get (object, "warnings"), 0);
    assert_string_equal (s_text (warning, "pointer"), "/x");
    json_decref (object);
}

static void
test_a_syntax_error_has_line_and_column (void **state)
{
    (void)state;
    problem_t problem = {
        .type = PROBLEM_INVALID_JSON, .detail = "x", .line = 2, .column = 17};
    json_t *object = s_written (&problem);
    assert_int_equal (json_integer_value (json_object_get (object, "line")), 2);
    assert_int_equal (json_integer_value (json_object_get (object, "column")), 17);
    assert_null (json_object_get (object, "errors"));
    json_decref (object);
}

static void
test_only_a_uuid_makes_an_instance (void **state)
{
    (void)state;
    problem_t problem = {.type = PROBLEM_FAILED, .detail = "x", .request_id = "mine"};
    json_t *object = s_written (&problem);
    assert_string_equal (s_text (object, "request_id"), "mine");
    assert_null (json_object_get (object, "instance"));
    json_decref (object);
    problem.request_id = "01890a5d-ac96-774b-bcce-b302099a8057";
    object = s_written (&problem);
    assert_string_equal (
        s_text (object, "instance"), "urn:uuid:01890a5d-ac96-774b-bcce-b302099a8057");
    json_decref (object);
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_every_type_is_a_client_or_server_error),
        cmocka_unit_test (test_a_field_is_named_by_its_pointer),
        cmocka_unit_test (test_several_fields_are_named_in_their_order),
        cmocka_unit_test (test_a_syntax_error_has_line_and_column),
        cmocka_unit_test (test_only_a_uuid_makes_an_instance),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

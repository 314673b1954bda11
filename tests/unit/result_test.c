/* Tests of proto/result. SPDX-License-Identifier: Apache-2.0 */
#include "proto/result.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static result_t *
s_read (const char *text, json_fault_t *fault)
{
    return result_from_json (text, strlen (text), fault);
}

static const char s_full[] = "{\"request_id\":\"r\",\"user_id\":\"u\",\"result\":{"
                             "\"item_ids\":[7,9007199254740991"
                             "],\"scores\":[2.5,-0.100000001]},\"error\":null,\"model_"
                             "version\":\"v1\",\"source\":"
                             "\"popular\",\"history_used\":3,\"unknown_dropped\":1,"
                             "\"removed\":{\"seen\":2,\"allow\":9,"
                             "\"categories\":4,\"hidden\":5,\"min_score\":1}}";

static void
test_a_completed_result_is_written_as_it_was_read (void **state)
{
    (void)state;
    json_fault_t fault;
    result_t *result = s_read (s_full, &fault);
    assert_non_null (result);
    strbuf_t text = STRBUF_EMPTY;
    result_to_json (result, &text);
    assert_string_equal (text.data, s_full);
    strbuf_free (&text);
    result_destroy (&result);
    assert_null (result);
}

static void
test_a_failed_result_keeps_its_reason (void **state)
{
    (void)state;
    json_fault_t fault;
    result_t *result = s_read ("{\"request_id\":\"r\",\"error\":\"bo\\\"om\"}", &fault);
    assert_non_null (result);
    assert_int_equal (result->status, RESULT_FAILED);
    strbuf_t text = STRBUF_EMPTY;
    result_to_json (result, &text);
    result_t *again = result_from_json (text.data, text.length, &fault);
    assert_non_null (again);
    assert_int_equal (again->status, RESULT_FAILED);
    assert_string_equal (again->error, "bo\"om");
    assert_int_equal (again->count, 0);
    strbuf_free (&text);
    result_destroy (&again);
    result_destroy (&result);
}

static void
test_a_strangers_minimal_result_is_complete (void **state)
{
    (void)state;
    json_fault_t fault;
    result_t *result = s_read (
        "{\"request_id\":\"r\",\"result\":{\"item_ids\":[1],\"scores\":[3]}}", &fault);
    assert_non_null (result);
    assert_int_equal (result->status, RESULT_COMPLETED);
    assert_int_equal (result->source, RESULT_FROM_UNKNOWN);
    assert_int_equal (result->count, 1);
    assert_true (result->scores[0] == 3.0f);
    strbuf_t text = STRBUF_EMPTY;
    result_payload_to_json (result, &text); /* nothing is made up */
    assert_string_equal (text.data, "{\"item_ids\":[1],\"scores\":[3]}");
    strbuf_free (&text);
    result_destroy (&result);
}

static void
test_payload_carries_provenance (void **state)
{
    (void)state;
    json_fault_t fault;
    result_t *result = s_read (s_full, &fault);
    strbuf_t text = STRBUF_EMPTY;
    result_payload_to_json (result, &text);
    assert_string_equal (text.data,
        "{\"item_ids\":[7,9007199254740991],\"scores\":[2.5,-0.100000001],"
        "\"model_version\":\"v1\",\"source\":\"popular\",\"history_used\":3,"
        "\"unknown_dropped\":1,"
        "\"removed\":{\"seen\":2,\"allow\":9,\"categories\":4,"
        "\"hidden\":5,\"min_score\":1}}");
    strbuf_free (&text);
    result_destroy (&result);
}

static void
test_keys_stand_beside_the_ids (void **state)
{
    (void)state;
    static const char text[] =
        "{\"request_id\":\"r\",\"result\":{\"item_ids\":[7511847843820715,7],"
        "\"item_keys\":[\"SKU-12\",null],\"scores\":[2,1]},\"error\":null}";
    json_fault_t fault;
    result_t *result = s_read (text, &fault);
    assert_non_null (result);
    result_t *copy = result_copy (result);
    result_destroy (&result);
    strbuf_t again = STRBUF_EMPTY;
    result_to_json (copy, &again);
    assert_string_equal (again.data, text);
    strbuf_free (&again);
    result_destroy (&copy);
}

static void
test_keys_are_as_many_as_ids (void **state)
{
    (void)state;
    static const char *const bad[] = {
        "[]", "[\"a\"]", "[\"a\",1]", "7", "[\"a\",\"b\",\"c\"]"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char text[160];
        json_fault_t fault;
        snprintf (text, sizeof text,
            "{\"request_id\":\"r\",\"result\":{\"item_ids\":[1,2],\"item_keys\":%s,"
            "\"scores\":[2,1]}}",
            bad[i]);
        assert_null (s_read (text, &fault));
        assert_string_equal (fault.pointer, "/result/item_keys");
    }
}

static void
test_every_truncated_message_is_refused (void **state)
{
    (void)state;
    json_fault_t fault;
    for (size_t length = 0; length < strlen (s_full); length++)
        assert_null (result_from_json (s_full, length, &fault));
}

static void
test_bad_fields_are_named (void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *pointer;
    } cases[] = {
        {"{\"result\":{\"item_ids\":[],\"scores\":[]}}", "/request_id"},
        {"{\"request_id\":\"r\"}", "/result"},
        {"{\"request_id\":\"r\",\"result\":[],\"error\":1}", "/result"},
        {"{\"request_id\":\"r\",\"result\":{\"scores\":[]}}", "/item_ids"},
        {"{\"request_id\":\"r\",\"result\":{\"item_ids\":[1],\"scores\":[]}}",
            "/result/scores"},
        {"{\"request_id\":\"r\",\"result\":{\"item_ids\":[1],\"scores\":[\"1\"]}}",
            "/result/scores"},
        {"{\"request_id\":\"r\",\"result\":{\"item_ids\":[1],\"scores\":[1e300]}}",
            "/result/scores"},
        {"{\"request_id\":\"r\",\"result\":{\"item_ids\":[],\"scores\":[]},"
         "\"history_used\":-1}",
            "/history_used"},
        {"{\"request_id\":\"r\",\"result\":{\"item_ids\":[],\"scores\":[]},"
         "\"removed\":{\"seen\":\"two\"}}",
            "/removed"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        json_fault_t fault = {0};
        assert_null (s_read (cases[i].text, &fault));
        assert_string_equal (fault.pointer, cases[i].pointer);
    }
}

static void
test_a_copy_has_no_receipt (void **state)
{
    (void)state;
    json_fault_t fault;
    result_t *result = s_read (s_full, &fault);
    result->receipt.held = true;
    result_t *copy = result_copy (result);
    result_destroy (&result);
    assert_false (copy->receipt.held);
    assert_int_equal (copy->item_ids[0], 7);
    assert_true (copy->scores[0] == 2.5f);
    result_destroy (&copy);
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_a_completed_result_is_written_as_it_was_read),
        cmocka_unit_test (test_a_failed_result_keeps_its_reason),
        cmocka_unit_test (test_a_strangers_minimal_result_is_complete),
        cmocka_unit_test (test_payload_carries_provenance),
        cmocka_unit_test (test_keys_stand_beside_the_ids),
        cmocka_unit_test (test_keys_are_as_many_as_ids),
        cmocka_unit_test (test_every_truncated_message_is_refused),
        cmocka_unit_test (test_bad_fields_are_named),
        cmocka_unit_test (test_a_copy_has_no_receipt),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

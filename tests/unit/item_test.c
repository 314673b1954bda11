/* Items as clients say them. SPDX-License-Identifier: Apache-2.0 */
#include "proto/item.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static int
s_read (const char *text, bool patch, strbuf_t *out, json_fault_t *fault)
{
    json_t *object = json_read_object (text, strlen (text), fault);
    assert_non_null (object);
    strbuf_clear (out);
    int rc = item_read (object, patch, out, fault);
    json_decref (object);
    return rc;
}

static void
s_assert_read (const char *text, bool patch, const char *expected)
{
    strbuf_t out = STRBUF_EMPTY;
    json_fault_t fault;
    if (s_read (text, patch, &out, &fault))
        fail_msg ("%s: %s", text, fault.detail);
    json_t *is = json_loads (out.data, 0, NULL),
           *should = json_loads (expected, 0, NULL);
    assert_non_null (should);
    if (!json_equal (is, should))
        fail_msg ("%s is read as %s", text, out.data);
    json_decref (is);
    json_decref (should);
    strbuf_free (&out);
}

#define NOTHING                                                                        \
    "\"hidden\":false,\"available_from\":null,\"expires_at\":null,"                    \
    "\"attributes\":null,\"image_url\":null"

static void
test_a_whole_item_has_all_fields (void **state)
{
    (void)state;
    s_assert_read ("{}", false, "{\"title\":null,\"categories\":[]," NOTHING "}");
    s_assert_read (
        "{\"title\":\"T\",\"hidden\":true,\"categories\":[\"a\",\"b\"],\"category\":"
        "\"b\","
        "\"available_from\":\"2026-01-02T03:04:05+01:00\",\"expires_at\":null,"
        "\"attributes\":{\"x\":[null]},\"image_url\":\"/i.png\",\"in_model\":true}",
        false,
        "{\"title\":\"T\",\"categories\":[\"a\",\"b\"],\"hidden\":true,"
        "\"available_from\":\"2026-01-02T02:04:05.000000Z\",\"expires_at\":null,"
        "\"attributes\":{\"x\":[null]},\"image_url\":\"/i.png\"}");
}

static void
test_one_category_is_a_list_of_one (void **state)
{
    (void)state;
    s_assert_read ("{\"category\":\"a\"}", false,
        "{\"title\":null,\"categories\":[\"a\"]," NOTHING "}");
    s_assert_read ("{\"category\":\"a\"}", true, "{\"categories\":[\"a\"]}");
    s_assert_read ("{\"category\":null}", true, "{\"categories\":[]}");
}

static void
test_a_patch_has_what_it_names (void **state)
{
    (void)state;
    s_assert_read ("{}", true, "{}");
    s_assert_read ("{\"title\":null,\"hidden\":true,\"attributes\":{\"a\":null}}", true,
        "{\"title\":null,\"hidden\":true,\"attributes\":{\"a\":null}}");
    s_assert_read ("{\"hidden\":null,\"expires_at\":null,\"categories\":null}", true,
        "{\"hidden\":false,\"expires_at\":null,\"categories\":[]}");
}

static void
test_what_is_wrong_is_named_and_nothing_is_added (void **state)
{
    (void)state;
    static const struct {
        const char *text, *pointer;
    } cases[] = {
        {"{\"title\":7}", "/title"},
        {"{\"title\":\"a\\u0001\"}", "/title"},
        {"{\"category\":\"\"}", "/category"},
        {"{\"categories\":\"a\"}", "/categories"},
        {"{\"categories\":[\"a\",\"\"]}", "/categories/1"},
        {"{\"hidden\":1}", "/hidden"},
        {"{\"available_from\":\"2026-01-02\"}", "/available_from"},
        {"{\"expires_at\":\"tomorrow\"}", "/expires_at"},
        {"{\"expires_at\":1767312000}", "/expires_at"},
        {"{\"attributes\":[]}", "/attributes"},
        {"{\"attributes\":{\"a\":[\"\\u0000\"]}}", "/attributes"},
        {"{\"image_url\":\"javascript:alert(1)\"}", "/image_url"},
        {"{\"image_url\":\"//elsewhere/i.png\"}", "/image_url"},
    };
    strbuf_t out = STRBUF_EMPTY;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        json_fault_t fault = {0};
        assert_int_equal (s_read (cases[i].text, i % 2, &out, &fault), -1);
        assert_string_equal (fault.pointer, cases[i].pointer);
        assert_int_equal (out.length, 0);
    }
    strbuf_free (&out);
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_a_whole_item_has_all_fields),
        cmocka_unit_test (test_one_category_is_a_list_of_one),
        cmocka_unit_test (test_a_patch_has_what_it_names),
        cmocka_unit_test (test_what_is_wrong_is_named_and_nothing_is_added),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

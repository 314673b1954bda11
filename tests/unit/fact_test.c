/* The JSON of facts. SPDX-License-Identifier: Apache-2.0 */
#include "proto/fact.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static fact_message_t *
s_read (const char *text)
{
    json_fault_t fault = {0};
    fact_message_t *message = fact_message_from_json (text, strlen (text), &fault);
    if (!message)
        fail_msg ("%s: %s", text, fault.detail);
    return message;
}

static void
s_assert_json (fact_message_t *message, const char *key, const char *expected)
{
    strbuf_t text = STRBUF_EMPTY;
    fact_message_to_json (message, &text);
    assert_string_equal (text.data, expected);
    assert_string_equal (message->key, key);
    fact_message_destroy (&message);
    strbuf_free (&text);
}

static void
test_what_is_written_is_read (void **state)
{
    (void)state;
    static const char *const texts[] = {"{\"item_id\":0}",
        "{\"item_id\":7,\"hidden\":true}",
        "{\"item_id\":7,\"available_from\":\"1969-12-31T23:59:59.999000Z\","
        "\"expires_at\":\"2026-01-02T03:04:05.250000Z\",\"categories\":[\"a\",\"b\\n\"]"
        "}"};
    s_assert_json (s_read (texts[0]), "0", texts[0]);
    s_assert_json (s_read (texts[1]), "7", texts[1]);
    s_assert_json (s_read (texts[2]), "7", texts[2]);
    fact_message_t *message = s_read (texts[2]);
    assert_int_equal (message->fact.from_ms, -1);
    assert_string_equal (message->fact.categories, "a\x1f"
                                                   "b\n");
    fact_message_destroy (&message);
}

static void
test_complete_and_alive_are_about_no_item (void **state)
{
    (void)state;
    s_assert_json (fact_message_new_complete (true), "complete", "{\"complete\":true}");
    s_assert_json (fact_message_new_complete (false), "alive", "{\"complete\":false}");
    fact_message_t *message = s_read ("{\"complete\":true}");
    assert_true (message->complete && !message->about_item);
    fact_message_destroy (&message);
    message = s_read ("{\"complete\":false}");
    assert_false (message->complete || message->about_item);
    fact_message_destroy (&message);
}

/* That it is hidden counts, whatever strangers call its categories. */
static void
test_odd_categories_are_left_out (void **state)
{
    (void)state;
    s_assert_json (
        s_read ("{\"item_id\":1,\"hidden\":true,\"categories\":[7,\"\",\"a\"]}"), "1",
        "{\"item_id\":1,\"hidden\":true,\"categories\":[\"a\"]}");
    s_assert_json (
        s_read ("{\"item_id\":1,\"categories\":\"a\"}"), "1", "{\"item_id\":1}");
}

static void
test_bad_fields_are_named (void **state)
{
    (void)state;
    static const struct {
        const char *text, *pointer;
    } cases[] = {
        {"{}", "/item_id"},
        {"{\"item_id\":-1}", "/item_id"},
        {"{\"item_id\":1,\"hidden\":1}", "/hidden"},
        {"{\"item_id\":1,\"expires_at\":\"2026-01-02\"}", "/expires_at"},
        {"{\"item_id\":1,\"available_from\":7}", "/available_from"},
        {"{\"complete\":7}", "/complete"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        json_fault_t fault = {0};
        assert_null (
            fact_message_from_json (cases[i].text, strlen (cases[i].text), &fault));
        assert_string_equal (fault.pointer, cases[i].pointer);
    }
}

static void
test_times_that_cannot_be_written_are_none_or_hide (void **state)
{
    (void)state;
    fact_t fact = {.from_ms = INT64_MAX, .until_ms = FACT_NEVER};
    fact_settle_times (&fact);
    assert_true (fact.hidden && fact.from_ms == FACT_ALWAYS);
    fact = (fact_t){.from_ms = FACT_ALWAYS, .until_ms = INT64_MIN};
    fact_settle_times (&fact);
    assert_true (fact.hidden && fact.until_ms == FACT_NEVER);
    fact = (fact_t){.from_ms = INT64_MIN + 1, .until_ms = INT64_MAX - 1};
    fact_settle_times (&fact);
    assert_true (
        !fact.hidden && fact.from_ms == FACT_ALWAYS && fact.until_ms == FACT_NEVER);
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_what_is_written_is_read),
        cmocka_unit_test (test_complete_and_alive_are_about_no_item),
        cmocka_unit_test (test_odd_categories_are_left_out),
        cmocka_unit_test (test_bad_fields_are_named),
        cmocka_unit_test (test_times_that_cannot_be_written_are_none_or_hide),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

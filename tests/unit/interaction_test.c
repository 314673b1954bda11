/* The JSON of interactions. SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "proto/interaction.h"

static interaction_t *
s_read (const char *text, const char *name)
{
    json_fault_t fault;
    return interaction_from_json (text, strlen (text), name, &fault);
}

static void
test_all_fields_are_read (void **state)
{
    (void)state;
    interaction_t *self =
        s_read ("{\"user_id\":\"u\",\"item_id\":5,\"more\":[],\"created_at\":"
                "\"2026-01-02T03:04:05.5+01:00\",\"event_id\":"
                "\"0b4b3c1e-8a54-4d0e-9d5a-3f1f5e1c7a11\"}",
            "n");
    assert_non_null (self);
    assert_string_equal (self->user_id, "u");
    assert_int_equal (self->item_id, 5);
    assert_string_equal (self->event_id, "0b4b3c1e-8a54-4d0e-9d5a-3f1f5e1c7a11");
    assert_string_equal (self->created_at, "2026-01-02T03:04:05.5+01:00");
    assert_string_equal (self->event, "");
    assert_false (self->has_value);
    interaction_destroy (&self);
}

static void
test_a_key_names_the_item (void **state)
{
    (void)state;
    interaction_t *self = s_read ("{\"user_id\":\"u\",\"item_id\":\"007\"}", "n");
    assert_non_null (self);
    assert_string_equal (self->item_key, "007");
    assert_int_equal (self->item_id, -1);
    interaction_destroy (&self);
}

static void
test_what_was_done_is_read (void **state)
{
    (void)state;
    static const struct {
        const char *text, *event;
        bool has_value;
        double value;
    } cases[] = {
        {"{\"user_id\":\"u\",\"item_id\":5,\"event\":\"purchase\",\"value\":2.5}",
            "purchase", true, 2.5},
        {"{\"user_id\":\"u\",\"item_id\":5,\"value\":-3}", "", true, -3},
        {"{\"user_id\":\"u\",\"item_id\":5,\"event\":\"big view\",\"value\":null}",
            "big view", false, 0},
        {"{\"user_id\":\"u\",\"item_id\":5,\"event\":null,\"value\":0}", "", true, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        interaction_t *self = s_read (cases[i].text, "n");
        assert_non_null (self);
        assert_string_equal (self->event, cases[i].event);
        assert_int_equal (self->has_value, cases[i].has_value);
        assert_true (self->value >= cases[i].value && self->value <= cases[i].value);
        interaction_destroy (&self);
    }
}

/* A message that is delivered again is the same event; another one is not. */
static void
test_without_an_event_id_the_message_is_the_event (void **state)
{
    (void)state;
    const char *text = "{\"user_id\":\"u\",\"item_id\":5}";
    interaction_t *one = s_read (text, "t/1/2"), *again = s_read (text, "t/1/2"),
                  *other = s_read (text, "t/1/3");
    assert_true (uuid_valid (one->event_id));
    assert_string_equal (one->event_id, again->event_id);
    assert_string_not_equal (one->event_id, other->event_id);
    assert_string_equal (one->created_at, "");
    interaction_destroy (&one);
    interaction_destroy (&again);
    interaction_destroy (&other);
}

static void
test_what_is_wrong_is_named (void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *pointer;
    } cases[] = {
        {"{\"item_id\":5}", "/user_id"},
        {"{\"user_id\":\"\",\"item_id\":5}", "/user_id"},
        {"{\"user_id\":7,\"item_id\":5}", "/user_id"},
        {"{\"user_id\":\"u\"}", "/item_id"},
        {"{\"user_id\":\"u\",\"item_id\":-1}", "/item_id"},
        {"{\"user_id\":\"u\",\"item_id\":9007199254740992}", "/item_id"},
        {"{\"user_id\":\"u\",\"item_id\":1.5}", "/item_id"},
        {"{\"user_id\":\"u\",\"item_id\":1,\"event_id\":\"x\"}", "/event_id"},
        {"{\"user_id\":\"u\",\"item_id\":1,\"event_id\":"
         "\"0b4b3c1e-8a54-4d0e-9d5a-3f1f5e1c7a1g\"}",
            "/event_id"},
        {"{\"user_id\":\"u\",\"item_id\":1,\"created_at\":\"yesterday\"}",
            "/created_at"},
        {"{\"user_id\":\"u\",\"item_id\":1,\"created_at\":17}", "/created_at"},
        {"{\"user_id\":\"u\",\"item_id\":1,\"event\":\"\"}", "/event"},
        {"{\"user_id\":\"u\",\"item_id\":1,\"event\":\"a\\nb\"}", "/event"},
        {"{\"user_id\":\"u\",\"item_id\":1,\"event\":"
         "\"12345678901234567890123456789012345678901234567890123456789012345\"}",
            "/event"},
        {"{\"user_id\":\"u\",\"item_id\":1,\"value\":\"2\"}", "/value"},
        {"[]", ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        json_fault_t fault;
        assert_null (
            interaction_from_json (cases[i].text, strlen (cases[i].text), "n", &fault));
        assert_string_equal (fault.pointer, cases[i].pointer);
        assert_true (fault.detail[0]);
    }
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_all_fields_are_read),
        cmocka_unit_test (test_a_key_names_the_item),
        cmocka_unit_test (test_what_was_done_is_read),
        cmocka_unit_test (test_without_an_event_id_the_message_is_the_event),
        cmocka_unit_test (test_what_is_wrong_is_named),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

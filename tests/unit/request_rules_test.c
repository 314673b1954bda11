/* Tests of proto/rules. SPDX-License-Identifier: Apache-2.0 */
#include "proto/rules.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/item_key.h"

static strbuf_t s_texts; /* of all keys here: the rules that are merged share them */

static int
s_read (rules_t *rules, const char *text, json_fault_t *fault)
{
    json_t *object = json_read_object (text, strlen (text), fault);
    assert_non_null (object);
    int rc = rules_read (rules, object, fault);
    json_decref (object);
    return rc;
}

static rules_t
s_rules (const char *text)
{
    json_fault_t fault;
    rules_t rules = {.texts = &s_texts};
    assert_int_equal (s_read (&rules, text, &fault), 0);
    return rules;
}

/* As members they are written with a comma before each. */
static void
s_check (const rules_t *rules, const char *expected)
{
    strbuf_t text = STRBUF_EMPTY;
    rules_add_members (rules, &text);
    assert_string_equal (text.data ? text.data : "", expected);
    strbuf_free (&text);
}

static void
what_is_not_said_is_not_written (void **state)
{
    (void)state;
    rules_t rules = s_rules ("{\"k\":3,\"exclude\":null,\"seen\":\"exclude\"}");
    s_check (&rules, "");
    rules_free (&rules);
}

static void
all_rules_are_written_as_they_were_read (void **state)
{
    (void)state;
    static const char text[] =
        ",\"seen\":\"only\",\"exclude\":[1,\"SKU-2\",9007199254740991],\"allow\":[],"
        "\"categories\":{\"any\":[\"b\",\"a\"],\"all\":[\"\xc3\xa9\"],\"none\":[\"c\"]}"
        ","
        "\"include_hidden\":true,"
        "\"min_score\":-2.5,\"diversity\":0.25,\"popularity\":1";
    char object[sizeof text + 2];
    snprintf (object, sizeof object, "{%s}", text + 1);
    rules_t rules = s_rules (object);
    s_check (&rules, text);
    rules_free (&rules);
    s_check (&rules, "");
}

static void
bad_rules_are_named (void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"{\"seen\":\"exclud\"}", "/seen"},
        {"{\"seen\":\"only\",\"include_seen\":false}", "/include_seen"},
        {"{\"exclude\":[1,\"\"]}", "/exclude/1"},
        {"{\"exclude\":7}", "/exclude"},
        {"{\"allow\":[-1]}", "/allow/0"},
        {"{\"categories\":[]}", "/categories"},
        {"{\"categories\":{\"not\":[\"a\"]}}", "/categories"},
        {"{\"categories\":{\"any\":[]}}", "/categories/any"},
        {"{\"categories\":{\"any\":\"a\"}}", "/categories/any"},
        {"{\"categories\":{\"all\":[\"a\",7]}}", "/categories/all/1"},
        {"{\"categories\":{\"none\":[\"\"]}}", "/categories/none/0"},
        {"{\"include_hidden\":\"yes\"}", "/include_hidden"},
        {"{\"min_score\":\"0\"}", "/min_score"},
        {"{\"min_score\":1e10}", "/min_score"},
        {"{\"diversity\":1.01}", "/diversity"},
        {"{\"diversity\":-0.1}", "/diversity"},
        {"{\"diversity\":true}", "/diversity"},
        {"{\"popularity\":2}", "/popularity"},
        {"{\"popularity\":[]}", "/popularity"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        json_fault_t fault = {0};
        rules_t rules = {.texts = &s_texts};
        assert_int_equal (s_read (&rules, cases[i][0], &fault), -1);
        assert_string_equal (fault.pointer, cases[i][1]);
        assert_true (fault.detail[0]);
        rules_free (&rules);
    }
}

static void
rules_of_a_set_hold_beside_those_of_a_request (void **state)
{
    (void)state;
    static const struct {
        const char *own, *set, *both;
    } cases[] = {
        {"{}", "{}", ""},
        {"{}", "{\"seen\":\"only\",\"diversity\":0.5,\"min_score\":0}",
            ",\"seen\":\"only\",\"min_score\":0,\"diversity\":0.5"},
        {"{\"seen\":\"exclude\",\"diversity\":0,\"min_score\":-1}",
            "{\"seen\":\"only\",\"diversity\":0.5,\"min_score\":0}",
            ",\"min_score\":-1,\"diversity\":0"},
        {"{\"include_seen\":false}", "{\"include_seen\":true}", ""},
        {"{\"popularity\":1}", "{\"diversity\":1}",
            ",\"diversity\":1,\"popularity\":1"},
        {"{\"exclude\":[1,2]}", "{\"exclude\":[3]}", ",\"exclude\":[1,2,3]"},
        {"{}", "{\"allow\":[1,2]}", ",\"allow\":[1,2]"},
        {"{\"allow\":[2,3]}", "{}", ",\"allow\":[2,3]"},
        {"{\"allow\":[3,2]}", "{\"allow\":[1,2,3]}", ",\"allow\":[2,3]"},
        {"{\"allow\":[4]}", "{\"allow\":[5]}", ",\"allow\":[]"},
        {"{\"exclude\":[\"a\",2]}", "{\"exclude\":[3,\"a\"]}",
            ",\"exclude\":[\"a\",2,3,\"a\"]"},
        {"{\"allow\":[\"a\",4,\"c\"]}", "{\"allow\":[4,\"c\",\"d\",\"a\"]}",
            ",\"allow\":[4,\"c\",\"a\"]"},
        {"{\"allow\":[]}", "{\"allow\":[5]}", ",\"allow\":[]"},
        {"{\"categories\":{\"any\":[\"a\"],\"all\":[\"b\"],\"none\":[\"c\"]}}",
            "{\"categories\":{\"any\":[\"d\"],\"all\":[\"e\"],\"none\":[\"f\"]}}",
            ",\"categories\":{\"any\":[\"a\"],\"all\":[\"b\",\"e\"],\"none\":[\"c\","
            "\"f\"]}"},
        {"{}", "{\"categories\":{\"any\":[\"d\"]}}",
            ",\"categories\":{\"any\":[\"d\"]}"},
        {"{\"include_hidden\":false}", "{\"include_hidden\":true}", ""},
        {"{}", "{\"include_hidden\":true}", ",\"include_hidden\":true"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        json_fault_t fault;
        rules_t own = s_rules (cases[i].own), set = s_rules (cases[i].set);
        assert_int_equal (rules_merge (&own, &set, &fault), 0);
        s_check (&own, cases[i].both);
        rules_free (&own);
        rules_free (&set);
    }
}

/* A page asks by keys, and the set has the integers that stood in an answer. */
static void
an_item_is_allowed_by_its_key_and_by_its_integer (void **state)
{
    (void)state;
    char by_integer[64];
    json_fault_t fault;
    snprintf (by_integer, sizeof by_integer, "{\"allow\":[5,%lld]}",
        (long long)item_key_id ("SKU-2", 0));
    rules_t own = s_rules (by_integer), set = s_rules ("{\"allow\":[\"SKU-2\",\"5\"]}");
    assert_int_equal (rules_merge (&own, &set, &fault), 0);
    s_check (&own, ",\"allow\":[\"SKU-2\"]");
    rules_free (&own);
    rules_free (&set);
}

static char *
s_excluding (size_t count)
{
    strbuf_t text = STRBUF_EMPTY;
    for (size_t i = 0; i < count; i++)
        strbuf_add (&text, i ? ",1" : "{\"exclude\":[1");
    strbuf_add (&text, "]}");
    return strbuf_take (&text);
}

static void
lists_that_are_too_long_together_are_refused (void **state)
{
    (void)state;
    json_fault_t fault = {0};
    char *most = s_excluding (PROTO_EXCLUDE_LIMIT);
    rules_t own = s_rules (most), set = s_rules ("{\"exclude\":[1]}");
    assert_int_equal (rules_merge (&own, &set, &fault), -1);
    assert_string_equal (fault.pointer, "/exclude");
    rules_free (&own);
    rules_free (&set);
    free (most);
}

static void
names_of_sets_are_plain (void **state)
{
    (void)state;
    char longest[PROTO_RULES_NAME_SIZE + 1];
    memset (longest, 'a', sizeof longest);
    longest[PROTO_RULES_NAME_SIZE] = '\0';
    assert_false (rules_name_valid (longest));
    longest[PROTO_RULES_NAME_SIZE - 1] = '\0';
    assert_true (rules_name_valid (longest));
    assert_true (rules_name_valid ("home-page_2.b"));
    assert_false (rules_name_valid (""));
    assert_false (rules_name_valid ("home page"));
    assert_false (rules_name_valid ("h\xc3\xb6he"));
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (what_is_not_said_is_not_written),
        cmocka_unit_test (all_rules_are_written_as_they_were_read),
        cmocka_unit_test (bad_rules_are_named),
        cmocka_unit_test (rules_of_a_set_hold_beside_those_of_a_request),
        cmocka_unit_test (an_item_is_allowed_by_its_key_and_by_its_integer),
        cmocka_unit_test (lists_that_are_too_long_together_are_refused),
        cmocka_unit_test (names_of_sets_are_plain),
    };
    int rc = cmocka_run_group_tests (tests, NULL, NULL);
    strbuf_free (&s_texts);
    return rc;
}

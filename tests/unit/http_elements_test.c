/* One object, an array, or one on each line. SPDX-License-Identifier: Apache-2.0 */
#include "actors/http/elements.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

/* -1: refused. */
static int
s_count (const char *text, bool lines, bool *single, json_fault_t *fault)
{
    json_t *array = elements_read (text, strlen (text), lines, single, fault);
    int count = array ? (int)json_array_size (array) : -1;
    json_decref (array);
    return count;
}

static void
test_the_forms (void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool lines;
        int count;
        bool single;
    } cases[] = {
        {"{\"a\":1}", false, 1, true},
        {"\n {\n \"a\":\n1}\n", false, 1, true},
        {"[]", false, 0, false},
        {"[{\"a\":1},{\"a\":2},7]", false, 3, false},
        {"{\"a\":1}\n{\"a\":2}\n", false, 2, false},
        {"{\"a\":1}\r\n\r\n{\"a\":2}", false, 2, false},
        {"{\"a\":1}", true, 1, false},
        {"\n\n", true, 0, false},
        {"", true, 0, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        bool single;
        json_fault_t fault;
        assert_int_equal (
            s_count (cases[i].text, cases[i].lines, &single, &fault), cases[i].count);
        assert_int_equal (single, cases[i].single);
    }
}

static void
test_what_is_wrong_has_the_line_of_the_body (void **state)
{
    (void)state;
    bool single;
    json_fault_t fault;
    assert_int_equal (s_count ("{\"a\":1}\n\n{\"a\":}\n", false, &single, &fault), -1);
    assert_int_equal (fault.line, 3);
    assert_int_equal (s_count ("[\n{\"a\":1},\n}]", false, &single, &fault), -1);
    assert_int_equal (fault.line, 3);
    assert_int_equal (s_count ("{\"a\":", false, &single, &fault), -1);
    assert_int_equal (fault.line, 1);
    assert_int_equal (s_count ("", false, &single, &fault), -1);
}

static void
test_content_types (void **state)
{
    (void)state;
    assert_true (elements_are_lines ("application/x-ndjson"));
    assert_true (elements_are_lines ("Application/JSONL; charset=utf-8"));
    assert_false (elements_are_lines ("application/json"));
    assert_false (elements_are_lines ("application/x-ndjsonp"));
    assert_false (elements_are_lines (NULL));
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_the_forms),
        cmocka_unit_test (test_what_is_wrong_has_the_line_of_the_body),
        cmocka_unit_test (test_content_types),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

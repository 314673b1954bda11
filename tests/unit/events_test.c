/* Lists of events. SPDX-License-Identifier: Apache-2.0 */
#include "model/data/events.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

static void
s_assert_role (
    const events_t *events, const char *event, float weight, bool seen, bool dropped)
{
    const dataset_role_t *role = &events->roles[events_kind (events, event)];
    assert_true (role->weight >= weight && role->weight <= weight);
    assert_int_equal (role->seen, seen);
    assert_int_equal (role->dropped, dropped);
}

static events_t
s_read (const events_lists_t *lists)
{
    events_t events;
    char error[160] = "";
    if (events_read (&events, lists, error))
        fail_msg ("%s", error);
    return events;
}

static void
test_without_lists_everything_is_a_target (void **state)
{
    (void)state;
    const events_lists_t lists = {.targets = ""};
    assert_false (events_given (&lists));
    events_t events = s_read (&lists);
    s_assert_role (&events, "view", 1, true, false);
    s_assert_role (&events, NULL, 1, true, false);
}

static void
test_targets_are_those_named (void **state)
{
    (void)state;
    const events_lists_t lists = {.targets = "purchase,cart",
        .weights = "purchase=3,view=0",
        .dropped = "dislike",
        .seen = "purchase,return"};
    assert_true (events_given (&lists));
    events_t events = s_read (&lists);
    s_assert_role (&events, "purchase", 3, true, false);
    s_assert_role (&events, "cart", 1, false, false);
    s_assert_role (&events, "return", 0, true, false);
    s_assert_role (&events, "view", 0, false, false);
    s_assert_role (&events, "something else", 0, false, false);
    s_assert_role (&events, "", 0, false, false);
    assert_true (events.roles[events_kind (&events, "dislike")].dropped);
}

static void
test_weights_alone_leave_the_others_as_they_are (void **state)
{
    (void)state;
    const events_lists_t lists = {.weights = "purchase=3,view=0.5,scroll=0"};
    events_t events = s_read (&lists);
    s_assert_role (&events, "purchase", 3, true, false);
    s_assert_role (&events, "view", 0.5f, true, false);
    s_assert_role (&events, "scroll", 0, true, false);
    s_assert_role (&events, "cart", 1, true, false);
}

static void
test_none_is_what_does_not_say (void **state)
{
    (void)state;
    const events_lists_t lists = {.targets = "none", .dropped = "view"};
    events_t events = s_read (&lists);
    s_assert_role (&events, NULL, 1, true, false);
    s_assert_role (&events, "", 1, true, false);
    s_assert_role (&events, "purchase", 0, true, false);
}

static void
test_what_is_wrong_is_said (void **state)
{
    (void)state;
    static const struct {
        events_lists_t lists;
        const char *said;
    } cases[] = {
        {{.targets = "a,,b"}, "--events"},
        {{.targets = "a,"}, "--events"},
        {{.targets = "a,b,a"}, "--events names a twice"},
        {{.weights = "a"}, "--event-weight"},
        {{.weights = "a="}, "--event-weight"},
        {{.weights = "a=x"}, "--event-weight"},
        {{.weights = "a=-1"}, "--event-weight"},
        {{.weights = "a=nan"}, "--event-weight"},
        {{.weights = "a=1001"}, "--event-weight"},
        {{.weights = "=1"}, "--event-weight"},
        {{.weights = "a=1,a=2"}, "--event-weight names a twice"},
        {{.targets = "a", .weights = "b=2"}, "--events does not name it"},
        {{.targets = "a", .dropped = "a"}, "--drop-events leaves a out"},
        {{.weights = "a=1", .dropped = "a"}, "--drop-events leaves a out"},
        {{.dropped = "a,a"}, "--drop-events names a twice"},
        {{.dropped = "a", .seen = "a"}, "which --seen names"},
        {{.seen = "a,b,a"}, "--seen names a twice"},
        {{.targets =
                 "12345678901234567890123456789012345678901234567890123456789012345"},
            "1 to 64 bytes"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        events_t events;
        char error[160] = "";
        assert_int_equal (events_read (&events, &cases[i].lists, error), -1);
        if (!strstr (error, cases[i].said))
            fail_msg ("%zu: %s", i, error);
    }
}

static void
test_more_than_there_is_room_for (void **state)
{
    (void)state;
    events_lists_t lists = {.targets = ""};
    for (size_t i = 0; i < DATASET_KINDS; i++)
        snprintf (lists.targets + strlen (lists.targets), 4, "%s%zu", i ? "," : "", i);
    events_t events;
    char error[160] = "";
    assert_int_equal (events_read (&events, &lists, error), -1);
    assert_non_null (strstr (error, "at most 63"));
    *strrchr (lists.targets, ',') = 0;
    assert_int_equal (events_read (&events, &lists, error), 0);
}

static void
test_the_lists_are_told (void **state)
{
    (void)state;
    char text[EVENTS_DESCRIBED_SIZE];
    const events_lists_t none = {.targets = ""},
                         some = {.targets = "purchase,cart", .dropped = "dislike"};
    events_describe (&none, text);
    assert_string_equal (text, "");
    events_describe (&some, text);
    assert_string_equal (text, "; targets are purchase,cart; without dislike");
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_without_lists_everything_is_a_target),
        cmocka_unit_test (test_targets_are_those_named),
        cmocka_unit_test (test_weights_alone_leave_the_others_as_they_are),
        cmocka_unit_test (test_none_is_what_does_not_say),
        cmocka_unit_test (test_what_is_wrong_is_said),
        cmocka_unit_test (test_more_than_there_is_room_for),
        cmocka_unit_test (test_the_lists_are_told),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

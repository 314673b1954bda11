/* Tests of base/trace. SPDX-License-Identifier: Apache-2.0 */
#include "base/trace.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#define TRACE_ID "4bf92f3577b34da6a3ce929d0e0e4736"
#define SPAN_ID  "00f067aa0ba902b7"
#define SAMPLED  "00-" TRACE_ID "-" SPAN_ID "-01"

static void
test_a_traceparent_reads_back (void **state)
{
    (void)state;
    trace_t trace;
    char text[TRACE_TEXT_SIZE], id[TRACE_ID_TEXT_SIZE];
    assert_int_equal (trace_parse (&trace, SAMPLED), 0);
    assert_true (trace_exists (&trace) && trace_sampled (&trace));
    assert_int_equal (trace.trace_id[0], 0x4b);
    assert_int_equal (trace.span_id[7], 0xb7);
    trace_print (&trace, text);
    assert_string_equal (text, SAMPLED);
    trace_print_id (&trace, id);
    assert_string_equal (id, TRACE_ID);
}

/* What the specification says is none. */
static void
test_what_is_no_traceparent_is_no_trace (void **state)
{
    (void)state;
    static const char *const bad[] = {
        "", "00", "00-" TRACE_ID "-" SPAN_ID, /* no flags */
        "00-" TRACE_ID "-" SPAN_ID "-1",      /* too short */
        SAMPLED "0",                          /* too long */
        SAMPLED "-",                          /* nothing follows in 00 */
        SAMPLED "-what-the-future-brings",    /* nor this */
        "ff-" TRACE_ID "-" SPAN_ID "-01",     /* no version */
        "0g-" TRACE_ID "-" SPAN_ID "-01",     /* no hex */
        "00-4BF92F3577B34DA6A3CE929D0E0E4736-" SPAN_ID "-01", /* upper case */
        "00-" TRACE_ID "-00F067AA0BA902B7-01",                /* upper case */
        "00-" TRACE_ID "-" SPAN_ID "-0X",                     /* no hex */
        "00-00000000000000000000000000000000-" SPAN_ID "-01", /* no trace */
        "00-" TRACE_ID "-0000000000000000-01",                /* no span */
        "00_" TRACE_ID "-" SPAN_ID "-01",                     /* no dash */
        "00-" TRACE_ID "_" SPAN_ID "-01",                     /* no dash */
        "00-" TRACE_ID "-" SPAN_ID "_01",                     /* no dash */
        " " SAMPLED,                                          /* a blank */
        "01-" TRACE_ID "-" SPAN_ID "-01x",                    /* a later one, no dash */
        SAMPLED "," SAMPLED,                                  /* two headers */
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        trace_t trace;
        memset (&trace, 0xff, sizeof trace);
        if (trace_parse (&trace, bad[i]) == 0)
            fail_msg ("\"%s\" was taken", bad[i]);
        assert_false (trace_exists (&trace) || trace_sampled (&trace));
    }
}

static void
test_every_length_of_less_is_refused (void **state)
{
    (void)state;
    char text[] = SAMPLED;
    trace_t trace;
    for (size_t length = strlen (text); length-- > 0;) {
        text[length] = '\0';
        assert_int_equal (trace_parse (&trace, text), -1);
    }
}

static void
test_a_later_version_is_read_as_far_as_it_is_known (void **state)
{
    (void)state;
    trace_t trace;
    char text[TRACE_TEXT_SIZE];
    assert_int_equal (trace_parse (&trace, "cc-" TRACE_ID "-" SPAN_ID "-01"), 0);
    assert_int_equal (trace_parse (&trace, "cc-" TRACE_ID "-" SPAN_ID "-01-new"), 0);
    trace_print (&trace, text);
    assert_string_equal (text, SAMPLED);
}

static void
test_flags_that_are_not_known_are_not_handed_on (void **state)
{
    (void)state;
    trace_t trace;
    char text[TRACE_TEXT_SIZE];
    assert_int_equal (trace_parse (&trace, "00-" TRACE_ID "-" SPAN_ID "-fe"), 0);
    assert_false (trace_sampled (&trace));
    trace_print (&trace, text);
    assert_string_equal (text + 52, "-00");
}

static void
test_no_trace_is_no_text (void **state)
{
    (void)state;
    const trace_t none = {0};
    char text[TRACE_TEXT_SIZE] = "x", id[TRACE_ID_TEXT_SIZE] = "x";
    trace_print (&none, text);
    trace_print_id (&none, id);
    assert_string_equal (text, "");
    assert_string_equal (id, "");
}

static void
test_made_ones_are_new_and_not_sampled (void **state)
{
    (void)state;
    trace_t one, other;
    trace_make (&one);
    trace_make (&other);
    assert_true (trace_exists (&one));
    assert_false (trace_sampled (&one));
    assert_memory_not_equal (one.trace_id, other.trace_id, sizeof one.trace_id);
    assert_memory_not_equal (one.span_id, other.span_id, sizeof one.span_id);
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_a_traceparent_reads_back),
        cmocka_unit_test (test_what_is_no_traceparent_is_no_trace),
        cmocka_unit_test (test_every_length_of_less_is_refused),
        cmocka_unit_test (test_a_later_version_is_read_as_far_as_it_is_known),
        cmocka_unit_test (test_flags_that_are_not_known_are_not_handed_on),
        cmocka_unit_test (test_no_trace_is_no_text),
        cmocka_unit_test (test_made_ones_are_new_and_not_sampled),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

/* Tests of proto/span, actors/sampler and actors/spans. SPDX-License-Identifier: Apache-2.0 */
#include "actors/spans.h"

#include <jansson.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "base/metrics.h"

#define PARENT "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-"

static trace_t
s_trace (const char *text)
{
    trace_t trace;
    assert_int_equal (trace_parse (&trace, text), 0);
    return trace;
}

static sampler_t
s_sampler (const char *word, const char *argument)
{
    sampler_t sampler;
    char error[160];
    assert_int_equal (sampler_read (&sampler, word, argument, error), 0);
    return sampler;
}

/* the sampler */

static void
test_who_asks_decides_if_he_traces (void **state)
{
    (void)state;
    const trace_t yes = s_trace (PARENT "01"), no = s_trace (PARENT "00");
    sampler_t on = s_sampler ("parentbased_always_on", "");
    sampler_t off = s_sampler ("parentbased_always_off", "");
    assert_true (sampler_decide (&on, &yes, true));
    assert_false (sampler_decide (&on, &no, true));
    assert_true (sampler_decide (&off, &yes, true));
    assert_true (sampler_decide (&on, &no, false));
    assert_false (sampler_decide (&off, &no, false));
}

static void
test_others_are_asked_for_nothing (void **state)
{
    (void)state;
    const trace_t yes = s_trace (PARENT "01"), no = s_trace (PARENT "00");
    sampler_t on = s_sampler ("always_on", ""), off = s_sampler ("always_off", "");
    assert_true (sampler_decide (&on, &no, true));
    assert_false (sampler_decide (&off, &yes, true));
}

static void
test_a_ratio_takes_its_share_and_always_the_same (void **state)
{
    (void)state;
    sampler_t some = s_sampler ("traceidratio", "0.25");
    int taken = 0;
    for (int i = 0; i < 4000; i++) {
        trace_t trace;
        trace_make (&trace);
        bool first = sampler_decide (&some, &trace, false);
        assert_int_equal (sampler_decide (&some, &trace, true), first);
        taken += first;
    }
    assert_in_range (taken, 860, 1140); /* five standard deviations */
    sampler_t all = s_sampler ("traceidratio", "1"),
              none = s_sampler ("traceidratio", "0");
    trace_t last = s_trace ("00-00000000000000ffffffffffffffffff-00f067aa0ba902b7-00");
    assert_true (sampler_decide (&all, &last, false));
    trace_t first = s_trace ("00-ffffffffffffffff0000000000000000-00f067aa0ba902b7-00");
    assert_false (sampler_decide (&none, &first, false));
    assert_true (sampler_decide (&some, &first, false));
}

static void
test_an_argument_that_is_no_share_is_named (void **state)
{
    (void)state;
    static const char *const bad[] = {"x", "1.5", "-0.1", "0.5x", "nan"};
    sampler_t sampler;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        char error[160] = "";
        assert_int_equal (
            sampler_read (&sampler, "parentbased_traceidratio", bad[i], error), -1);
        assert_non_null (strstr (error, "OTEL_TRACES_SAMPLER_ARG"));
    }
    char error[160] = "";
    assert_int_equal (sampler_read (&sampler, "jaeger_remote", "", error), -1);
    assert_non_null (strstr (error, "OTEL_TRACES_SAMPLER"));
}

/* the queue */

static spans_t *
s_spans (size_t limit)
{
    sampler_t sampler = s_sampler ("parentbased_always_on", "");
    return spans_new (&sampler, limit);
}

static bool
s_readable (const spans_t *spans)
{
    struct pollfd item = {.fd = spans_fd (spans), .events = POLLIN};
    return poll (&item, 1, 0) == 1;
}

static void
s_push (spans_t *spans, int64_t start_us)
{
    const trace_t trace = s_trace (PARENT "01");
    span_t span = span_of (&trace, "s", SPAN_INTERNAL, start_us, start_us + 1);
    spans_push (spans, &span);
}

static double
s_dropped (void)
{
    return metric_value (metrics_counter ("sasrec_spans_dropped_total", "", ""));
}

static void
test_spans_come_out_in_order_and_what_is_too_many_is_counted (void **state)
{
    (void)state;
    spans_t *spans = s_spans (4);
    span_t taken[8];
    double dropped = s_dropped ();
    for (int round = 0; round < 3; round++) { /* the queue goes round */
        for (int i = 0; i < 6; i++)
            s_push (spans, i);
        assert_int_equal (spans_take (spans, taken, 3), 3);
        assert_int_equal (taken[0].start_us, 0);
        assert_int_equal (taken[2].start_us, 2);
        assert_int_equal (spans_take (spans, taken, 8), 1);
        assert_int_equal (taken[0].start_us, 3);
        assert_int_equal (spans_take (spans, taken, 8), 0);
    }
    assert_true (s_dropped () == dropped + 6);
    spans_destroy (&spans);
    assert_null (spans);
}

static void
test_the_sender_is_told_of_the_first_and_of_many (void **state)
{
    (void)state;
    spans_t *spans = s_spans (8);
    assert_false (s_readable (spans));
    s_push (spans, 1);
    assert_true (s_readable (spans));
    spans_clear (spans);
    s_push (spans, 2);
    s_push (spans, 3);
    assert_false (s_readable (spans));
    s_push (spans, 4); /* half of what fits */
    assert_true (s_readable (spans));
    spans_destroy (&spans);
}

static void
test_a_request_becomes_the_child_of_who_asks (void **state)
{
    (void)state;
    spans_t *spans = s_spans (4);
    trace_t trace = s_trace (PARENT "01"), before = trace;
    uint8_t parent_id[8];
    spans_begin (spans, &trace, parent_id);
    assert_memory_equal (trace.trace_id, before.trace_id, sizeof trace.trace_id);
    assert_memory_equal (parent_id, before.span_id, sizeof parent_id);
    assert_memory_not_equal (trace.span_id, before.span_id, sizeof trace.span_id);
    assert_true (spans_want (spans, &trace));
    assert_false (spans_want (NULL, &trace));
    spans_destroy (&spans);
}

static void
test_without_a_trace_a_request_begins_one (void **state)
{
    (void)state;
    static const uint8_t nobody[8];
    spans_t *spans = s_spans (4);
    trace_t trace = {0};
    uint8_t parent_id[8];
    spans_begin (spans, &trace, parent_id);
    assert_true (trace_exists (&trace) && trace_sampled (&trace));
    assert_memory_equal (parent_id, nobody, sizeof nobody);
    spans_destroy (&spans);
}

/* the JSON */

static json_t *
s_json (const span_t *spans, size_t count)
{
    const span_source_t source = {"shop \"one\"", "api", "i-1"};
    strbuf_t text = STRBUF_EMPTY;
    spans_to_json (&source, spans, count, &text);
    json_t *body = json_loadb (text.data, text.length, JSON_REJECT_DUPLICATES, NULL);
    strbuf_free (&text);
    assert_non_null (body);
    return body;
}

static const json_t *
s_at (const json_t *value, const char *key, size_t index)
{
    return json_array_get (json_object_get (value, key), index);
}

static void
s_check_text (const json_t *object, const char *key, const char *text)
{
    assert_string_equal (json_string_value (json_object_get (object, key)), text);
}

static void
test_json_is_that_of_otlp (void **state)
{
    (void)state;
    const trace_t parent = s_trace (PARENT "01");
    span_t pair[2] = {
        span_of (&parent, "/x", SPAN_SERVER, 1700000000000001, 1700000000000009),
        span_of (&parent, "late", SPAN_CLIENT, 9, 5)};
    pair[0].verb = "POST";
    pair[0].failed = true;
    snprintf (pair[0].request_id, sizeof pair[0].request_id, "a\"b");
    pair[0].attributes[0] = (span_attribute_t){"n", NULL, INT64_MAX};
    json_t *body = s_json (pair, 2);
    const json_t *scope = s_at (s_at (body, "resourceSpans", 0), "scopeSpans", 0);
    const json_t *span = s_at (scope, "spans", 0);
    s_check_text (span, "traceId", "4bf92f3577b34da6a3ce929d0e0e4736");
    s_check_text (span, "parentSpanId", "00f067aa0ba902b7");
    s_check_text (span, "name", "POST /x");
    s_check_text (span, "startTimeUnixNano", "1700000000000001000");
    s_check_text (span, "endTimeUnixNano", "1700000000000009000");
    s_check_text (
        json_object_get (s_at (span, "attributes", 0), "value"), "stringValue", "a\"b");
    s_check_text (json_object_get (s_at (span, "attributes", 1), "value"), "intValue",
        "9223372036854775807");
    assert_int_equal (json_integer_value (json_object_get (span, "kind")), 2);
    /* Of another machine's clock: never longer than nothing. */
    s_check_text (s_at (scope, "spans", 1), "startTimeUnixNano", "5000");
    json_decref (body);
}

static void
test_a_span_of_nobody_has_no_parent (void **state)
{
    (void)state;
    trace_t root = s_trace (PARENT "01");
    memset (root.span_id, 0, sizeof root.span_id);
    span_t span = span_of (&root, "s", SPAN_INTERNAL, 1, 2);
    json_t *body = s_json (&span, 1);
    const json_t *scope = s_at (s_at (body, "resourceSpans", 0), "scopeSpans", 0);
    assert_null (json_object_get (s_at (scope, "spans", 0), "parentSpanId"));
    json_decref (body);
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_who_asks_decides_if_he_traces),
        cmocka_unit_test (test_others_are_asked_for_nothing),
        cmocka_unit_test (test_a_ratio_takes_its_share_and_always_the_same),
        cmocka_unit_test (test_an_argument_that_is_no_share_is_named),
        cmocka_unit_test (test_spans_come_out_in_order_and_what_is_too_many_is_counted),
        cmocka_unit_test (test_the_sender_is_told_of_the_first_and_of_many),
        cmocka_unit_test (test_a_request_becomes_the_child_of_who_asks),
        cmocka_unit_test (test_without_a_trace_a_request_begins_one),
        cmocka_unit_test (test_json_is_that_of_otlp),
        cmocka_unit_test (test_a_span_of_nobody_has_no_parent),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

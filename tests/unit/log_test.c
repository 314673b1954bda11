/* Tests of base/log. SPDX-License-Identifier: Apache-2.0 */
#include "base/log.h"
#include "tests/unit/capture.h"

#include <jansson.h>
#include <math.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#define THREADS 4
#define LINES   500

static int
s_restore (void **state)
{
    (void)state;
    return log_configure ("info", "auto");
}

/* One JSON line as an object. */
static json_t *
s_parse (const char *line)
{
    json_t *object = json_loads (line, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null (object);
    return object;
}

static void
test_json_line_has_time_level_event_and_fields (void **state)
{
    (void)state;
    log_configure ("info", "json");
    capture_t capture = capture_start ();
    log_warn ("http.started", log_str ("bind", "127.0.0.1"), log_int ("port", 8000),
        log_real ("share", 0.25), log_bool ("tls", false));
    char *text = capture_stop (&capture);
    json_t *line = s_parse (text);
    assert_string_equal (json_string_value (json_object_get (line, "level")), "warn");
    assert_string_equal (
        json_string_value (json_object_get (line, "event")), "http.started");
    assert_string_equal (
        json_string_value (json_object_get (line, "bind")), "127.0.0.1");
    assert_int_equal (json_integer_value (json_object_get (line, "port")), 8000);
    assert_true (json_real_value (json_object_get (line, "share")) == 0.25);
    assert_true (json_is_false (json_object_get (line, "tls")));
    int year, month, day, hour, minute, second, ms;
    const char *ts = json_string_value (json_object_get (line, "ts"));
    assert_int_equal (strlen (ts), 24);
    assert_int_equal (sscanf (ts, "%4d-%2d-%2dT%2d:%2d:%2d.%3dZ", &year, &month, &day,
                          &hour, &minute, &second, &ms),
        7);
    json_decref (line);
    free (text);
}

static void
test_text_line_reads_like_a_sentence (void **state)
{
    (void)state;
    log_configure ("info", "text");
    capture_t capture = capture_start ();
    log_info ("http.started", log_str ("bind", "127.0.0.1"), log_int ("port", 8000),
        log_str ("note", "two words"), log_str ("none", NULL));
    char *text = capture_stop (&capture);
    assert_string_equal (text + 24,
        " info  http.started bind=127.0.0.1 port=8000 note=\"two words\" none=\"\"\n");
    free (text);
}

static void
test_values_cannot_make_a_line_or_move_the_cursor (void **state)
{
    (void)state;
    const char *formats[] = {"text", "json"};
    for (int i = 0; i < 2; i++) {
        log_configure ("info", formats[i]);
        capture_t capture = capture_start ();
        log_info ("a.b", log_str ("x", "one\ntwo\r\x1b[2J\x7f\xc2\x9b \xff k=v \"q\""));
        char *text = capture_stop (&capture);
        assert_ptr_equal (strchr (text, '\n'), text + strlen (text) - 1);
        assert_null (strpbrk (text, "\r\x1b\x7f"));
        assert_null (strstr (text, "\xc2\x9b"));
        free (text);
    }
}

static void
test_a_line_names_the_trace_that_it_is_of (void **state)
{
    (void)state;
    const trace_t none = {0};
    trace_t trace;
    trace_parse (&trace, "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
    log_configure ("info", "json");
    capture_t capture = capture_start ();
    log_info ("a.b", log_str ("request_id", "r"), log_trace (&trace));
    char *text = capture_stop (&capture);
    json_t *line = s_parse (text);
    assert_string_equal (json_string_value (json_object_get (line, "trace_id")),
        "4bf92f3577b34da6a3ce929d0e0e4736");
    json_decref (line);
    free (text);
    log_configure ("info", "text");
    capture = capture_start ();
    log_info ("a.b", log_trace (&trace), log_int ("n", 1));
    log_info (
        "a.b", log_trace (&none), log_optional ("x", ""), log_optional ("y", "z"));
    text = capture_stop (&capture);
    assert_non_null (
        strstr (text, " a.b trace_id=4bf92f3577b34da6a3ce929d0e0e4736 n=1\n"));
    assert_non_null (strstr (text, " a.b y=z\n"));
    free (text);
}

static void
test_levels_below_the_chosen_one_are_left_out (void **state)
{
    (void)state;
    log_configure ("warn", "text");
    capture_t capture = capture_start ();
    log_debug ("a.debug", log_int ("n", 1));
    log_info ("a.info", log_int ("n", 1));
    log_warn ("a.warn", log_int ("n", 1));
    log_error ("a.error", log_int ("n", 1));
    char *text = capture_stop (&capture);
    assert_null (strstr (text, "a.debug"));
    assert_null (strstr (text, "a.info"));
    assert_non_null (strstr (text, "warn  a.warn"));
    assert_non_null (strstr (text, "error a.error"));
    free (text);
}

static void
test_auto_is_json_when_stderr_is_no_terminal (void **state)
{
    (void)state;
    capture_t capture = capture_start ();
    log_configure ("info", "auto");
    log_info ("a.b", log_int ("n", 1));
    char *text = capture_stop (&capture);
    json_decref (s_parse (text));
    free (text);
}

static void
test_json_has_no_nan (void **state)
{
    (void)state;
    log_configure ("info", "json");
    capture_t capture = capture_start ();
    log_info ("a.b", log_real ("x", NAN), log_real ("y", INFINITY));
    char *text = capture_stop (&capture);
    json_t *line = s_parse (text);
    assert_true (json_is_null (json_object_get (line, "x")));
    assert_true (json_is_null (json_object_get (line, "y")));
    json_decref (line);
    free (text);
}

static void
test_unknown_words_are_refused (void **state)
{
    (void)state;
    assert_int_equal (log_configure ("loud", "text"), -1);
    assert_int_equal (log_configure ("info", "xml"), -1);
    assert_int_equal (log_configure ("", ""), -1);
}

static void *
s_log_many (void *args)
{
    char longer[600];
    memset (longer, *(const char *)args, sizeof longer - 1);
    longer[sizeof longer - 1] = '\0';
    for (int i = 0; i < LINES; i++)
        log_info ("a.b", log_str ("x", longer), log_int ("n", i));
    return NULL;
}

static void
test_lines_of_threads_do_not_mix (void **state)
{
    (void)state;
    log_configure ("info", "json");
    capture_t capture = capture_start ();
    pthread_t threads[THREADS];
    static char letters[THREADS] = {'a', 'b', 'c', 'd'};
    for (int i = 0; i < THREADS; i++)
        pthread_create (&threads[i], NULL, s_log_many, &letters[i]);
    for (int i = 0; i < THREADS; i++)
        pthread_join (threads[i], NULL);
    char *text = capture_stop (&capture);
    int count = 0;
    for (char *line = strtok (text, "\n"); line; line = strtok (NULL, "\n")) {
        json_t *object = s_parse (line);
        const char *x = json_string_value (json_object_get (object, "x"));
        char one[2] = {x[0], '\0'};
        assert_int_equal (strspn (x, one), 599);
        json_decref (object);
        count++;
    }
    assert_int_equal (count, THREADS * LINES);
    free (text);
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown (
            test_a_line_names_the_trace_that_it_is_of, s_restore),
        cmocka_unit_test (test_json_line_has_time_level_event_and_fields),
        cmocka_unit_test (test_text_line_reads_like_a_sentence),
        cmocka_unit_test (test_values_cannot_make_a_line_or_move_the_cursor),
        cmocka_unit_test (test_levels_below_the_chosen_one_are_left_out),
        cmocka_unit_test (test_auto_is_json_when_stderr_is_no_terminal),
        cmocka_unit_test (test_json_has_no_nan),
        cmocka_unit_test (test_unknown_words_are_refused),
        cmocka_unit_test (test_lines_of_threads_do_not_mix),
    };
    return cmocka_run_group_tests (tests, NULL, s_restore);
}

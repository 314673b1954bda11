/* Tests of base/metrics. SPDX-License-Identifier: Apache-2.0 */
#include "base/metrics.h"

#include <math.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define THREADS 4
#define STEPS   20000

static void
s_assert_rendered (const char *part)
{
    size_t length;
    char *text = metrics_render (&length);
    assert_int_equal (strlen (text), length);
    if (!strstr (text, part))
        fail_msg ("not rendered: %s\nin: %s", part, text);
    free (text);
}

static void
test_counter_starts_at_zero_and_counts (void **state)
{
    (void)state;
    metric_t *counter = metrics_counter ("t_counts_total", "What it counts.", "");
    s_assert_rendered ("# HELP t_counts_total What it counts.\n"
                       "# TYPE t_counts_total counter\nt_counts_total 0\n");
    metric_add (counter, 1);
    metric_add (counter, UINT64_C (10000000000));
    assert_true (metric_value (counter) == 10000000001.0);
    s_assert_rendered ("\nt_counts_total 10000000001\n");
}

static void
test_series_of_a_family_stand_together (void **state)
{
    (void)state;
    metrics_counter ("t_family_total", "Help.", "topic=\"a\"");
    metrics_gauge ("t_between", "Help.", "");
    metrics_counter ("t_family_total", "Other help.", "topic=\"b\",outcome=\"ok\"");
    s_assert_rendered ("# HELP t_family_total Help.\n# TYPE t_family_total counter\n"
                       "t_family_total{topic=\"a\"} 0\n"
                       "t_family_total{topic=\"b\",outcome=\"ok\"} 0\n");
}

static void
test_registering_again_returns_the_same_series (void **state)
{
    (void)state;
    metric_t *one = metrics_counter ("t_again_total", "Help.", "a=\"1\"");
    assert_ptr_equal (metrics_counter ("t_again_total", "Help.", "a=\"1\""), one);
    assert_ptr_not_equal (metrics_counter ("t_again_total", "Help.", "a=\"2\""), one);
}

static void
test_level_is_set_and_changed (void **state)
{
    (void)state;
    metric_t *gauge = metrics_gauge ("t_level", "Help.", "");
    metric_set (gauge, 2.5);
    metric_change (gauge, -4);
    assert_true (metric_value (gauge) == -1.5);
    s_assert_rendered ("# TYPE t_level gauge\nt_level -1.5\n");
}

static void
test_level_may_be_anything_but_a_number (void **state)
{
    (void)state;
    metric_t *gauge = metrics_gauge ("t_odd", "Help.", "");
    metric_set (gauge, NAN);
    s_assert_rendered ("\nt_odd NaN\n");
    metric_set (gauge, INFINITY);
    s_assert_rendered ("\nt_odd +Inf\n");
    metric_set (gauge, -INFINITY);
    s_assert_rendered ("\nt_odd -Inf\n");
    metric_set (gauge, 1732346270);
    s_assert_rendered ("\nt_odd 1732346270\n");
}

static void
test_histogram_buckets_are_cumulative (void **state)
{
    (void)state;
    const double bounds[] = {0.1, 1, 10};
    metric_t *histogram =
        metrics_histogram ("t_sizes", "Help.", "kind=\"x\"", bounds, 3);
    const double values[] = {0.1, 0.5, 1, 5, 100}; /* a bound is inside its bucket */
    for (size_t i = 0; i < 5; i++)
        metric_observe (histogram, values[i]);
    assert_true (metric_value (histogram) == 5);
    s_assert_rendered ("# TYPE t_sizes histogram\n"
                       "t_sizes_bucket{kind=\"x\",le=\"0.1\"} 1\n"
                       "t_sizes_bucket{kind=\"x\",le=\"1\"} 3\n"
                       "t_sizes_bucket{kind=\"x\",le=\"10\"} 4\n"
                       "t_sizes_bucket{kind=\"x\",le=\"+Inf\"} 5\n"
                       "t_sizes_sum{kind=\"x\"} 106.6\n"
                       "t_sizes_count{kind=\"x\"} 5\n");
}

static void
test_many_of_one_value_are_one_step (void **state)
{
    (void)state;
    const double bounds[] = {1, 2};
    metric_t *histogram = metrics_histogram ("t_steps", "Help.", "", bounds, 2);
    metric_observe_times (histogram, 1.5, 4);
    metric_observe_times (histogram, 9, 0);
    assert_true (metric_value (histogram) == 4);
    s_assert_rendered ("t_steps_bucket{le=\"1\"} 0\n"
                       "t_steps_bucket{le=\"2\"} 4\n"
                       "t_steps_bucket{le=\"+Inf\"} 4\n"
                       "t_steps_sum 6\n");
}

static void
test_only_what_is_registered_is_found (void **state)
{
    (void)state;
    metric_t *gauge = metrics_gauge ("t_found", "Help.", "a=\"1\"");
    assert_ptr_equal (metrics_find ("t_found", "a=\"1\""), gauge);
    assert_null (metrics_find ("t_found", ""));
    assert_null (metrics_find ("t_not_found", ""));
}

static void
test_a_series_that_is_gone_is_not_rendered (void **state)
{
    (void)state;
    metric_t *old = metrics_gauge ("t_version_info", "Help.", "version=\"one\"");
    metric_set (metrics_gauge ("t_version_info", "Help.", "version=\"two\""), 1);
    metric_destroy (&old);
    assert_null (old);
    s_assert_rendered (
        "# TYPE t_version_info gauge\nt_version_info{version=\"two\"} 1\n");
    assert_null (metrics_find ("t_version_info", "version=\"one\""));
}

static void
test_latency_bounds_reach_from_half_a_millisecond (void **state)
{
    (void)state;
    size_t last = metrics_latency_bound_count - 1;
    assert_true (metrics_latency_bounds[0] == 0.0005);
    assert_true (metrics_latency_bounds[last] == 2.5);
    metrics_histogram ("t_wait_seconds", "Help.", "", metrics_latency_bounds, last + 1);
    s_assert_rendered ("\nt_wait_seconds_bucket{le=\"0.0005\"} 0\n");
}

static void
test_help_is_escaped (void **state)
{
    (void)state;
    metrics_gauge ("t_help", "a\\b\nc", "");
    s_assert_rendered ("# HELP t_help a\\\\b\\nc\n");
}

static void
test_process_families_are_there (void **state)
{
    (void)state;
    static const char *const names[] = {"process_cpu_seconds_total",
        "process_resident_memory_bytes", "process_virtual_memory_bytes",
        "process_start_time_seconds", "process_open_fds", "process_max_fds"};
    char *text = metrics_render (NULL);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char line[80];
        snprintf (line, sizeof line, "\n%s ", names[i]);
        const char *at = strstr (text, line);
        assert_non_null (at);
        assert_true (strtod (at + strlen (line), NULL) >= 0);
    }
    const char *memory = strstr (text, "\nprocess_resident_memory_bytes ");
    assert_true (strtod (memory + 31, NULL) > 100000);
    free (text);
}

static void *
s_update (void *args)
{
    (void)args;
    const double bounds[] = {1, 2};
    metric_t *counter = metrics_counter ("t_threads_total", "Help.", "");
    metric_t *gauge = metrics_gauge ("t_threads", "Help.", "");
    metric_t *histogram = metrics_histogram ("t_threads_size", "Help.", "", bounds, 2);
    for (int i = 0; i < STEPS; i++) {
        metric_add (counter, 1);
        metric_change (gauge, 1);
        metric_observe (histogram, i % 3);
        if (i % 1000 == 0)
            free (metrics_render (NULL));
    }
    return NULL;
}

static void
test_no_update_of_a_thread_is_lost (void **state)
{
    (void)state;
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++)
        pthread_create (&threads[i], NULL, s_update, NULL);
    for (int i = 0; i < THREADS; i++)
        pthread_join (threads[i], NULL);
    s_assert_rendered ("\nt_threads_total 80000\n");
    s_assert_rendered ("\nt_threads 80000\n");
    s_assert_rendered ("\nt_threads_size_count 80000\n");
}

static void
test_promtool_accepts_it (void **state)
{
    (void)state;
    if (system ("command -v promtool >/dev/null") != 0)
        skip ();
    FILE *promtool = popen ("promtool check metrics", "w");
    assert_non_null (promtool);
    char *text = metrics_render (NULL);
    fputs (text, promtool);
    free (text);
    assert_int_equal (pclose (promtool), 0);
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_counter_starts_at_zero_and_counts),
        cmocka_unit_test (test_series_of_a_family_stand_together),
        cmocka_unit_test (test_registering_again_returns_the_same_series),
        cmocka_unit_test (test_level_is_set_and_changed),
        cmocka_unit_test (test_level_may_be_anything_but_a_number),
        cmocka_unit_test (test_histogram_buckets_are_cumulative),
        cmocka_unit_test (test_many_of_one_value_are_one_step),
        cmocka_unit_test (test_only_what_is_registered_is_found),
        cmocka_unit_test (test_a_series_that_is_gone_is_not_rendered),
        cmocka_unit_test (test_latency_bounds_reach_from_half_a_millisecond),
        cmocka_unit_test (test_help_is_escaped),
        cmocka_unit_test (test_process_families_are_there),
        cmocka_unit_test (test_no_update_of_a_thread_is_lost),
        cmocka_unit_test (test_promtool_accepts_it),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

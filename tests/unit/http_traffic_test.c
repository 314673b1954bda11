/* Tests of actors/http/traffic, in the order of a process: first a role with probes only,
 * then one with clients. SPDX-License-Identifier: Apache-2.0 */
#include "actors/http/traffic.h"
#include "base/metrics.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

static double
s_requests (const char *handler, const char *method, const char *status)
{
    char labels[160];
    snprintf (labels, sizeof labels, "handler=\"%s\",method=\"%s\",status=\"%s\"",
        handler, method, status);
    const metric_t *metric = metrics_find ("http_requests_total", labels);
    return metric ? metric_value (metric) : -1; /* -1: there is no such series */
}

static size_t
s_index (const char *path)
{
    size_t index = 0;
    while (strcmp (routes[index].path, path) != 0)
        index++;
    return index;
}

static void
s_ask (traffic_t *traffic, size_t index, const char *method, int status)
{
    traffic_begin (traffic);
    traffic_end (traffic, index, method, status, 1000);
}

static void
test_a_role_without_clients_has_no_series_of_their_routes (void **state)
{
    (void)state;
    traffic_t *traffic = traffic_new (true);
    assert_true (s_requests ("/metrics", "GET", "2xx") == 0);
    for (size_t i = 0; i < route_count; i++)
        if (route_kind (&routes[i]) != ROUTE_PROBE)
            assert_true (s_requests (routes[i].path, routes[i].method, "2xx") == -1);
    traffic_destroy (&traffic);
}

static void
test_what_rates_are_made_of_begins_at_zero (void **state)
{
    (void)state;
    traffic_t *traffic = traffic_new (false);
    for (size_t i = 0; i < route_count; i++) {
        double expected = route_kind (&routes[i]) == ROUTE_WORK ? 0 : -1;
        assert_true (s_requests (routes[i].path, routes[i].method, "5xx") == expected);
        assert_true (s_requests (routes[i].path, routes[i].method, "4xx") == -1);
    }
    assert_true (s_requests ("/predict", "POST", "2xx") == 0);
    assert_true (s_requests ("/docs", "GET", "2xx") == -1);
    assert_non_null (
        metrics_find ("http_request_duration_seconds", "handler=\"/predict\""));
    traffic_destroy (&traffic);
}

static void
test_the_others_appear_with_their_first_request (void **state)
{
    (void)state;
    traffic_t *traffic = traffic_new (false);
    s_ask (traffic, s_index ("/docs"), "GET", 200);
    s_ask (traffic, s_index ("/docs"), "GET", 304);
    s_ask (traffic, s_index ("/predict"), "POST", 202);
    s_ask (traffic, s_index ("/users"), "HEAD", 200);
    s_ask (traffic, s_index ("/users"), "BREW", 405);
    s_ask (traffic, TRAFFIC_NO_ROUTE, "GET", 404);
    s_ask (traffic, TRAFFIC_NO_ROUTE, "PUT", 404);
    assert_true (s_requests ("/docs", "GET", "2xx") == 1);
    assert_true (s_requests ("/docs", "GET", "3xx") == 1);
    assert_true (s_requests ("/predict", "POST", "2xx") == 1);
    assert_true (s_requests ("/users", "HEAD", "2xx") == 1);
    assert_true (s_requests ("/users", "other", "4xx") == 1);
    assert_true (s_requests ("other", "other", "4xx") == 2);
    const metric_t *duration =
        metrics_find ("http_request_duration_seconds", "handler=\"/docs\"");
    assert_true (metric_value (duration) == 2);
    assert_true (
        metric_value (metrics_find ("sasrec_http_requests_in_flight", "")) == 0);
    traffic_destroy (&traffic);
}

static double
s_problems (const char *labels)
{
    const metric_t *metric = metrics_find ("sasrec_http_problems_total", labels);
    return metric ? metric_value (metric) : -1;
}

static void
test_problems_are_counted_by_their_type (void **state)
{
    (void)state;
    traffic_t *probes = traffic_new (true);
    assert_true (s_problems ("problem=\"key-needed\"") == -1);
    traffic_problem (probes, PROBLEM_NOT_FOUND);
    assert_true (s_problems ("problem=\"not-found\"") == -1);
    traffic_t *traffic = traffic_new (false);
    assert_true (s_problems ("problem=\"not-found\"") == 0);
    traffic_problem (traffic, PROBLEM_KEY_NEEDED);
    traffic_problem (traffic, PROBLEM_KEY_NEEDED);
    traffic_problem (probes, PROBLEM_KEY_NEEDED);
    assert_true (s_problems ("problem=\"key-needed\"") == 2);
    assert_true (s_problems ("problem=\"too-many-requests\"") == 0);
    traffic_destroy (&traffic);
    traffic_destroy (&probes);
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_a_role_without_clients_has_no_series_of_their_routes),
        cmocka_unit_test (test_problems_are_counted_by_their_type),
        cmocka_unit_test (test_what_rates_are_made_of_begins_at_zero),
        cmocka_unit_test (test_the_others_appear_with_their_first_request),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

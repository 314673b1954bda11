/* The http actor: what holds for every route, and what it answers by itself.
 * SPDX-License-Identifier: Apache-2.0 */
#include "actors/http/dispatch.h"
#include "tests/actors/http_fixture.h"

#define UNKNOWN_ID "01890a5d-ac96-774b-bcce-b302099a8057"

static void
test_unknown_paths_are_problems (void **state)
{
    s_expect_problem (s_get (*state, "/nothing"), 404, "not-found");
    s_expect_problem (s_get (*state, "/assets/../http.c"), 404, "not-found");
    s_expect_problem (s_get (*state, "/assets/..%2Fhttp.c"), 404, "not-found");
    s_expect_problem (s_get (*state, "/result/not-a-uuid"), 404, "unknown-request");
}

static void
test_wrong_methods_learn_what_is_allowed (void **state)
{
    fixture_t *self = *state;
    answer_t answer = client_ask (self->port, "DELETE", "/predict", "", NULL);
    s_check_problem (&answer, 405, "method-not-allowed");
    assert_true (client_has_header (&answer, "Allow: POST, OPTIONS"));
    client_free (&answer);
    answer = client_ask (self->port, "OPTIONS", "/users", "", NULL);
    assert_int_equal (answer.status, 204);
    assert_true (client_has_header (&answer, "Allow: GET, HEAD, OPTIONS"));
    client_free (&answer);
    answer = client_ask (self->port, "HEAD", "/livez", "", NULL);
    assert_int_equal (answer.status, 200);
    assert_true (client_has_header (&answer, "Content-Length: 3"));
    assert_string_equal (answer.body, "");
    client_free (&answer);
}

static void
test_a_body_past_the_limit_is_refused_whole (void **state)
{
    fixture_t *self = *state;
    char *body = malloc (DISPATCH_BODY_LIMIT + 2);
    memset (body, ' ', DISPATCH_BODY_LIMIT + 1);
    memcpy (body, "{\"history\":[]}", 14);
    body[DISPATCH_BODY_LIMIT + 1] = '\0';
    s_expect_problem (
        client_ask (self->port, "POST", "/predict", "", body), 413, "body-too-large");
    s_nothing_was_sent (self);
    body[DISPATCH_BODY_LIMIT] = '\0';
    int fd = s_post (self, "/predict", "", body);
    answer_t answer = s_settle (fd, self->accept, TICKET_DONE, NULL, NULL);
    assert_int_equal (answer.status, 202);
    client_free (&answer);
    free (body);
}

static void
test_foreign_pages_may_not_write (void **state)
{
    fixture_t *self = *state;
    static const char *const foreign[] = {"Origin: https://evil.example\r\n",
        "Origin: null\r\n", "Origin: http://localhost.evil.example\r\n",
        "Origin: http://localhost:1\r\n", "Origin: \r\n"};
    for (size_t i = 0; i < sizeof foreign / sizeof foreign[0]; i++)
        s_expect_problem (client_ask (self->port, "POST", "/predict", foreign[i], BODY),
            403, "foreign-origin");
    s_nothing_was_sent (self);
    int fd = s_post (self, "/predict", "Origin: http://localhost\r\n", BODY);
    answer_t answer = s_settle (fd, self->accept, TICKET_DONE, NULL, NULL);
    assert_int_equal (answer.status, 202);
    client_free (&answer);
}

static void
test_the_page_may_write_through_the_other_listener (void **state)
{
    fixture_t *self = *state;
    char head[256];
    snprintf (head, sizeof head,
        "POST /predict HTTP/1.1\r\nHost: localhost:%d\r\nConnection: close\r\n"
        "Origin: http://localhost:%d\r\nContent-Length: %zu\r\n\r\n%s",
        self->port, self->page_port, strlen (BODY), BODY);
    int fd = client_connect (self->port);
    client_send_bytes (fd, head, strlen (head));
    answer_t answer = s_settle (fd, self->accept, TICKET_DONE, NULL, NULL);
    assert_int_equal (answer.status, 202);
    client_free (&answer);
}

static void
test_bad_parameters_are_named (void **state)
{
    fixture_t *self = *state;
    static const char *const cases[][2] = {
        {"/users?limit=0", "limit"},
        {"/users?limit=10001", "limit"},
        {"/users?limit=1&limit=2", "limit"},
        {"/users?prefix=%ff", "prefix"},
        {"/users?after=%00", "after"},
        {"/users/a%01b/history", "user_id"},
        {"/users/u/history?limit=x", "limit"},
        {"/users/u/recommendations?k=1001", "k"},
        {"/users/u/recommendations?history=0", "history"},
        {"/users/u/recommendations?include_seen=maybe", "include_seen"},
        {"/items?limit=0", "limit"},
        {"/items?ids=", "ids"},
        {"/items?ids=1,,2", "ids"},
        {"/items?ids=a%0Ab", "ids"},
        {"/readyz?verbose=x", "verbose"},
        {"/popular?expand=titles", "expand"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        answer_t answer = s_get (self, cases[i][0]);
        s_check_problem (&answer, 422, "invalid-parameter");
        assert_string_equal (s_error_member (&answer, "parameter"), cases[i][1]);
        client_free (&answer);
    }
}

static void
test_reads_without_a_database_are_unavailable (void **state)
{
    static const char *const paths[] = {"/users", "/users/user_1/history",
        "/users/user_1/recommendations", "/items?ids=1", "/result/" UNKNOWN_ID};
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        answer_t answer = s_get (*state, paths[i]);
        s_check_problem (&answer, 503, "unavailable");
        assert_non_null (strcasestr (answer.text, "\nRetry-After: "));
        client_free (&answer);
    }
}

static void
test_what_needs_the_database_is_unavailable_without_one (void **state)
{
    fixture_t *self = *state;
    static const char *const asked[][3] = {
        {"POST", "/predict", "{\"user_id\":\"user_1\"}"},
        {"POST", "/recommend", "{\"user_id\":\"user_1\"}"},
        {"POST", "/interactions", "{\"user_id\":\"user_1\",\"item_id\":1}"},
        {"DELETE", "/users/user_1", NULL},
        {"POST", "/recommend", "{\"history\":[1],\"rules\":\"homepage\"}"},
        {"GET", "/rules", NULL},
        {"GET", "/rules/homepage", NULL},
        {"PUT", "/rules/homepage", "{}"},
        {"DELETE", "/rules/homepage", NULL},
    };
    for (size_t i = 0; i < sizeof asked / sizeof asked[0]; i++)
        s_expect_problem (
            client_ask (self->port, asked[i][0], asked[i][1], "", asked[i][2]), 503,
            "unavailable");
    s_nothing_was_sent (self);
}

static void
test_a_connection_serves_many_requests (void **state)
{
    fixture_t *self = *state;
    static const char request[] = "GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n";
    int fd = client_connect (self->port);
    for (int i = 0; i < 3; i++) {
        char bytes[1024] = "";
        size_t length = 0;
        client_send_bytes (fd, request, sizeof request - 1);
        while (!strstr (bytes, "\r\n\r\nok\n")) {
            ssize_t got = recv (fd, bytes + length, sizeof bytes - 1 - length, 0);
            assert_true (got > 0);
            length += (size_t)got;
        }
    }
    close (fd);
}

/* Events */

/* Reads until the text has come. */
static void
s_read_until (int fd, const char *text)
{
    strbuf_t seen = STRBUF_EMPTY;
    char bytes[1024];
    while (!seen.data || !strstr (seen.data, text)) {
        ssize_t got = recv (fd, bytes, sizeof bytes, 0);
        if (got <= 0)
            fail_msg ("\"%s\" did not come, but: %s", text, seen.data ? seen.data : "");
        strbuf_add_bytes (&seen, bytes, (size_t)got);
    }
    strbuf_free (&seen);
}

static void
test_general_events_are_streamed (void **state)
{
    fixture_t *self = *state;
    int fd = client_connect (self->port);
    client_send (fd, "GET", "/events", "", NULL);
    s_read_until (fd, "retry: 2000\n\n");
    live_publish (self->live, "model", "{\"version\":\"v9\"}");
    s_read_until (fd, "event: model\ndata: {\"version\":\"v9\"}\n\n");
    close (fd);
}

static void
test_general_streams_begin_with_the_health_and_hear_its_changes (void **state)
{
    fixture_t *self = *state;
    health_t *check = health_check ("made-up", false);
    health_set (check, false, "first");
    int fd = client_connect (self->port);
    client_send (fd, "GET", "/events", "", NULL);
    s_read_until (fd, "event: health\ndata: {\"ready\":true,");
    health_set (check, false, "second");
    s_read_until (fd, "\"required\":false,\"reason\":\"second\",\"since\":\"20");
    close (fd);
}

static void
test_a_result_that_came_first_is_replayed_and_ends_the_stream (void **state)
{
    fixture_t *self = *state;
    request_t *request = request_new ();
    snprintf (request->request_id, sizeof request->request_id, "some-id");
    result_t *result = s_result_of (request);
    ended_show (self->ended, result);
    answer_t answer = s_get (self, "/events?request_id=some-id");
    assert_int_equal (answer.status, 200);
    assert_true (client_has_header (&answer, "Content-Type: text/event-stream"));
    assert_true (client_has_header (&answer, "Cache-Control: no-store"));
    assert_non_null (strstr (answer.body, "event: result\n"));
    assert_non_null (strstr (answer.body, "\"item_ids\":[7,"));
    client_free (&answer);
    result_destroy (&result);
    request_destroy (&request);
}

static void
test_streams_are_limited (void **state)
{
    fixture_t *self = *state;
    int fds[2];
    for (size_t i = 0; i < 2; i++) {
        fds[i] = client_connect (self->port);
        client_send (fds[i], "GET", "/events", "", NULL);
        s_read_until (fds[i], "retry:");
    }
    s_expect_problem (s_get (self, "/events"), 429, "too-many-requests");
    close (fds[0]);
    close (fds[1]);
}

/* Operation and pages */

static void
test_readiness_follows_the_checks (void **state)
{
    fixture_t *self = *state;
    answer_t answer = s_get (self, "/readyz");
    assert_int_equal (answer.status, 200);
    client_free (&answer);
    health_set (health_check ("postgres", true), false, "no database");
    s_expect_problem (s_get (self, "/readyz"), 503, "unavailable");
    answer = s_get (self, "/readyz?verbose");
    assert_int_equal (answer.status, 503);
    assert_non_null (strstr (answer.body, "[+]http ok"));
    assert_non_null (strstr (answer.body, "[-]postgres failed: no database"));
    client_free (&answer);
    answer = s_get (self, "/livez");
    assert_int_equal (answer.status, 200);
    client_free (&answer);
}

static void
test_requests_are_counted_by_route_method_and_class (void **state)
{
    fixture_t *self = *state;
    answer_t answer = s_get (self, "/users?limit=0");
    client_free (&answer);
    answer = s_get (self, "/metrics");
    assert_int_equal (answer.status, 200);
    assert_non_null (strstr (answer.body,
        "http_requests_total{handler=\"/users\",method=\"GET\",status=\"4xx\"} "));
    assert_non_null (strstr (answer.body,
        "http_requests_total{handler=\"/predict\",method=\"POST\",status=\"2xx\"} "));
    assert_non_null (strstr (
        answer.body, "http_request_duration_seconds_count{handler=\"/users\"} "));
    assert_non_null (strstr (answer.body, "sasrec_http_requests_in_flight 1"));
    client_free (&answer);
}

static void
test_pages_are_served_by_both_listeners (void **state)
{
    fixture_t *self = *state;
    const int ports[] = {self->port, self->page_port};
    for (size_t i = 0; i < 2; i++) {
        answer_t answer = client_ask (ports[i], "GET", "/", "", NULL);
        assert_int_equal (answer.status, 200);
        assert_true (
            client_has_header (&answer, "Content-Type: text/html; charset=utf-8"));
        assert_non_null (
            strcasestr (answer.text, "Content-Security-Policy: default-src"));
        client_free (&answer);
        answer = client_ask (ports[i], "GET", "/docs", "", NULL);
        assert_int_equal (answer.status, 200);
        client_free (&answer);
        answer = client_ask (ports[i], "GET", "/openapi.json", "", NULL);
        assert_string_equal (client_text (&answer, "openapi"), "3.1.0");
        client_free (&answer);
    }
}

static void
test_an_unchanged_file_is_not_sent_again (void **state)
{
    fixture_t *self = *state;
    answer_t answer = s_get (self, "/openapi.json");
    char header[64] = "If-None-Match: ";
    const char *etag = strcasestr (answer.text, "\nETag: ");
    assert_non_null (etag);
    strncat (header, etag + 7, 18);
    strcat (header, "\r\n");
    client_free (&answer);
    answer = client_ask (self->port, "GET", "/openapi.json", header, NULL);
    assert_int_equal (answer.status, 304);
    assert_string_equal (answer.body, "");
    client_free (&answer);
}

static void
test_models_are_listed_without_any (void **state)
{
    answer_t answer = s_get (*state, "/models");
    assert_int_equal (answer.status, 200);
    assert_true (json_is_null (json_object_get (answer.json, "current")));
    assert_true (json_is_array (json_object_get (answer.json, "models")));
    client_free (&answer);
}

int
main (void)
{
    s_block_signals ();
    const struct CMUnitTest tests[] = {
        TEST (test_unknown_paths_are_problems),
        TEST (test_wrong_methods_learn_what_is_allowed),
        TEST (test_a_body_past_the_limit_is_refused_whole),
        TEST (test_foreign_pages_may_not_write),
        TEST (test_the_page_may_write_through_the_other_listener),
        TEST (test_bad_parameters_are_named),
        TEST (test_reads_without_a_database_are_unavailable),
        TEST (test_what_needs_the_database_is_unavailable_without_one),
        TEST (test_a_connection_serves_many_requests),
        TEST (test_general_events_are_streamed),
        TEST (test_general_streams_begin_with_the_health_and_hear_its_changes),
        TEST (test_a_result_that_came_first_is_replayed_and_ends_the_stream),
        TEST (test_streams_are_limited),
        TEST (test_readiness_follows_the_checks),
        TEST (test_requests_are_counted_by_route_method_and_class),
        TEST (test_pages_are_served_by_both_listeners),
        TEST (test_an_unchanged_file_is_not_sent_again),
        TEST (test_models_are_listed_without_any),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

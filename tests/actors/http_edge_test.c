/* The edge of the http actor, by raw sockets: what no client should send, names that are
 * not ours, what proxies say, full listeners. SPDX-License-Identifier: Apache-2.0 */
#include "tests/actors/http_fixture.h"

#define JSON "{\"history\":[1]}"

/* Sends what is there and reads to the end. */
static answer_t
s_exchange (int port, const char *text)
{
    int fd = client_connect (port);
    assert_true (fd >= 0);
    client_send_bytes (fd, text, strlen (text));
    shutdown (fd, SHUT_WR);
    return client_receive (fd);
}

static void
test_heads_that_are_no_http_are_refused (void **state)
{
    fixture_t *self = *state;
    static const char post[] = "POST /recommend HTTP/1.1\r\nHost: localhost\r\n";
    static const char chunks[] = "\r\nf\r\n" JSON "\r\n0\r\n\r\n";
    static const struct {
        const char *name, *first, *then, *body;
    } cases[] = {
        {"two lengths", post, "Content-Length: 15\r\nContent-Length: 3\r\n\r\n", JSON},
        {"two lengths, the other way", post,
            "Content-Length: 3\r\nContent-Length: 15\r\n\r\n", JSON},
        {"a blank before the colon", post, "Content-Length : 15\r\n\r\n", JSON},
        {"a tab before the colon", post, "X-A\t: 1\r\nContent-Length: 15\r\n\r\n",
            JSON},
        {"length and chunks", post,
            "Content-Length: 15\r\nTransfer-Encoding: chunked\r\n", chunks},
        {"chunks and length", post,
            "Transfer-Encoding: chunked\r\nContent-Length: 15\r\n", chunks},
        {"two codings", post,
            "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n", chunks},
        {"chunks in HTTP/1.0", "POST /recommend HTTP/1.0\r\nHost: localhost\r\n",
            "Transfer-Encoding: chunked\r\n", chunks},
        {"no Host", "GET /livez HTTP/1.1\r\n", "\r\n", ""},
        {"two Host", "GET /livez HTTP/1.1\r\nHost: localhost\r\n",
            "Host: localhost\r\n\r\n", ""},
        {"two Host that differ", "GET /livez HTTP/1.1\r\nHost: localhost\r\n",
            "Host: evil.example\r\n\r\n", ""},
        {"two credentials", "GET /livez HTTP/1.1\r\nHost: localhost\r\n",
            "Authorization: Bearer a\r\nauthorization: Bearer b\r\n\r\n", ""},
        {"two keys of one request", post,
            "Idempotency-Key: a\r\nIdempotency-Key: b\r\nContent-Length: 15\r\n\r\n",
            JSON},
        {"a control character", "GET /livez HTTP/1.1\r\nHost: localhost\r\n",
            "X-A: a\001b\r\n\r\n", ""},
        {"a carriage return", "GET /livez HTTP/1.1\r\nHost: localhost\r\n",
            "X-A: a\rb\r\n\r\n", ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[512];
        snprintf (
            text, sizeof text, "%s%s%s", cases[i].first, cases[i].then, cases[i].body);
        answer_t answer = s_exchange (self->port, text);
        if (answer.status != 400)
            fail_msg ("%s: %d %s", cases[i].name, answer.status, answer.text);
        if (strcmp (client_text (&answer, "type"), "/problems/malformed") != 0)
            fail_msg ("%s: %s", cases[i].name, answer.text);
        assert_true (client_has_header (&answer, "Connection: close"));
        client_free (&answer);
    }
    s_nothing_was_sent (self);
}

/* Behind the refused head stands a request that only one of two readers sees. */
static void
test_nothing_is_read_behind_a_refused_head (void **state)
{
    fixture_t *self = *state;
    answer_t answer = s_exchange (self->port,
        "POST /recommend HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n"
        "Content-Length: 40\r\n\r\n{} GET /version HTTP/1.1\r\nHost: "
        "localhost\r\n\r\n");
    assert_int_equal (answer.status, 400);
    assert_null (strstr (answer.text + 1, "HTTP/1.1 "));
    client_free (&answer);
}

static void
test_heads_that_are_unusual_pass (void **state)
{
    fixture_t *self = *state;
    static const char *const cases[] = {"GET /livez HTTP/1.0\r\n\r\n",
        "GET /livez HTTP/1.1\r\nhOST: localhost\r\nConnection: close\r\n\r\n",
        "GET http://localhost/livez HTTP/1.1\r\nHost: localhost\r\n"
        "Connection: close\r\n\r\n",
        "GET /livez HTTP/1.1\r\nHost: localhost\r\nX-A:\tb\tc \r\nX-B:\r\n"
        "Connection: close\r\n\r\n",
        "GET /livez HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n"
        "Content-Length: 2\r\nConnection: close\r\n\r\n{}"};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        answer_t answer = s_exchange (self->port, cases[i]);
        if (answer.status != 200 && strncmp (answer.text, "HTTP/1.0 200", 12) != 0)
            fail_msg ("%s: %s", cases[i], answer.text);
        client_free (&answer);
    }
}

static void
test_an_encoded_body_is_not_taken_for_json (void **state)
{
    fixture_t *self = *state;
    answer_t answer = client_ask (
        self->port, "POST", "/recommend", "Content-Encoding: gzip\r\n", JSON);
    s_check_problem (&answer, 415, "unknown-encoding");
    assert_true (client_has_header (&answer, "Accept-Encoding: identity"));
    client_free (&answer);
    int fd = s_post (self, "/predict", "Content-Encoding: identity\r\n", BODY);
    answer = s_settle (fd, self->accept, TICKET_DONE, NULL, NULL);
    assert_int_equal (answer.status, 202);
    client_free (&answer);
    s_nothing_was_sent (self);
}

/* One request with this Host and these headers. */
static answer_t
s_by_name (
    int port, const char *method, const char *path, const char *host, const char *more)
{
    char text[1024];
    snprintf (text, sizeof text,
        "%s %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n%sContent-Length: %zu\r\n"
        "\r\n%s",
        method, path, host, more, strlen (BODY), BODY);
    return s_exchange (port, text);
}

static void
test_a_name_that_is_not_ours_is_misdirected (void **state)
{
    fixture_t *self = *state;
    static const char origin[] = "Origin: http://evil.example\r\n";
    static const char *const paths[] = {"/users", "/users/user_1/history", "/", "/docs",
        "/events", "/readyz?verbose", "/metrics", "/nowhere"};
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++)
        s_expect_problem (s_by_name (self->port, "GET", paths[i], "evil.example", ""),
            421, "unknown-host");
    s_expect_problem (
        s_by_name (self->port, "POST", "/predict", "evil.example", origin), 421,
        "unknown-host");
    s_expect_problem (s_by_name (self->page_port, "GET", "/", "evil.example:80", ""),
        421, "unknown-host");
    s_expect_problem (
        s_by_name (self->admin_port, "GET", "/metrics", "evil.example", ""), 421,
        "unknown-host");
    s_expect_problem (
        s_by_name (self->port, "GET", "http://evil.example/users", "localhost", ""),
        421, "unknown-host");
    s_nothing_was_sent (self);
}

static void
test_a_foreign_page_may_not_claim_to_be_forwarded (void **state)
{
    fixture_t *self = *state;
    s_expect_problem (s_by_name (self->port, "GET", "/users", "evil.example",
                          "X-Forwarded-Host: localhost\r\n"),
        421, "unknown-host");
}

static int
s_setup_named (void **state)
{
    char error[160];
    s_setup_stopped (state);
    fixture_t *self = *state;
    config_set (self->config, "hosts", "rec.example.com", error);
    config_set (self->config, "trusted-proxies", "127.0.0.0/8", error);
    s_set (self, "address-limit", 2);
    s_command (self, "START", "OK");
    return 0;
}

static void
test_names_can_be_given (void **state)
{
    fixture_t *self = *state;
    answer_t answer = s_by_name (self->port, "GET", "/livez", "rec.example.com", "");
    assert_int_equal (answer.status, 200);
    client_free (&answer);
    s_expect_problem (s_by_name (self->port, "GET", "/livez", "evil.example", ""), 421,
        "unknown-host");
}

static void
test_a_trusted_proxy_says_which_name_was_meant (void **state)
{
    fixture_t *self = *state;
    answer_t answer = s_by_name (self->port, "GET", "/livez", "backend",
        "X-Forwarded-Host: rec.example.com\r\n");
    assert_int_equal (answer.status, 200);
    client_free (&answer);
    s_expect_problem (s_by_name (self->port, "GET", "/livez", "localhost",
                          "X-Forwarded-Host: evil.example\r\n"),
        421, "unknown-host");
    s_expect_problem (s_by_name (self->port, "POST", "/recommend", "backend",
                          "X-Forwarded-Host: rec.example.com\r\n"
                          "Origin: https://evil.example\r\n"),
        403, "foreign-origin");
}

/* A request through a proxy, which hangs until the test answers it. */
static int
s_ask_as (fixture_t *self, const char *client)
{
    char headers[128];
    snprintf (headers, sizeof headers, "X-Forwarded-For: %s\r\n", client);
    return s_post (self, "/recommend", headers, BODY);
}

static void
test_limits_hold_for_the_client_behind_the_proxy (void **state)
{
    fixture_t *self = *state;
    request_t *held[3];
    int fds[3] = {s_ask_as (self, "192.0.2.1"), -1, -1};
    held[0] = s_take_request (self->once);
    fds[1] = s_ask_as (self, "192.0.2.1");
    held[1] = s_take_request (self->once);
    answer_t answer = client_receive (s_ask_as (self, "192.0.2.1"));
    s_check_problem (&answer, 429, "too-many-requests");
    assert_non_null (strcasestr (answer.text, "\nRetry-After: "));
    client_free (&answer);
    fds[2] = s_ask_as (self, "192.0.2.2"); /* another client is served */
    held[2] = s_take_request (self->once);
    for (size_t i = 0; i < 3; i++) {
        assert_true (ticket_claim (held[i]->ticket));
        ticket_answer (held[i]->ticket, TICKET_FAILED, "enough");
        request_destroy (&held[i]);
        answer = client_receive (fds[i]);
        assert_int_equal (answer.status, 500);
        client_free (&answer);
    }
}

static void
test_a_bad_list_of_proxies_stops_the_start (void **state)
{
    fixture_t *self = *state;
    char error[160];
    config_set (self->config, "trusted-proxies", "10.0.0.0/99", error);
    zstr_send (s_actor (self), "START");
    char *said = zstr_recv (self->actor);
    assert_non_null (strstr (said, "10.0.0.0/99"));
    zstr_free (&said);
}

/* The listener of the probes */

static void
test_the_admin_listener_has_probes_alone (void **state)
{
    fixture_t *self = *state;
    static const char *const paths[] = {"/livez", "/version", "/metrics", "/readyz"};
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        answer_t answer = client_ask (self->admin_port, "GET", paths[i], "", NULL);
        assert_true (answer.status == 200 || i == 3); /* nothing is ready here */
        client_free (&answer);
        answer = client_ask (self->port, "GET", paths[i], "", NULL);
        assert_true (answer.status == 200 || i == 3); /* where they always were */
        client_free (&answer);
    }
    s_expect_problem (
        client_ask (self->admin_port, "GET", "/users", "", NULL), 404, "not-found");
    s_expect_problem (
        client_ask (self->admin_port, "POST", "/predict", "", BODY), 404, "not-found");
}

static int
s_setup_crowded (void **state)
{
    s_setup_stopped (state);
    s_set (*state, "connection-limit", 8);
    s_set (*state, "address-limit", 4);
    s_command (*state, "START", "OK");
    return 0;
}

static double
s_refused (fixture_t *self)
{
    static const char series[] = "sasrec_http_connections_refused_total{listener="
                                 "\"api\",reason=\"per client\"} ";
    answer_t answer = client_ask (self->admin_port, "GET", "/metrics", "", NULL);
    const char *at = strstr (answer.body, series);
    double count = at ? atof (at + strlen (series)) : -1;
    client_free (&answer);
    return count;
}

static void
test_what_a_limit_refuses_is_counted_and_told (void **state)
{
    fixture_t *self = *state;
    double before = s_refused (self);
    int held[4];
    for (size_t i = 0; i < 4; i++)
        held[i] = client_connect (self->port);
    for (size_t i = 0; i < 3; i++) {
        answer_t answer = client_receive (client_connect (self->port));
        assert_int_equal (answer.status, 503);
        assert_string_equal (client_text (&answer, "type"), "/problems/overloaded");
        client_free (&answer);
    }
    int64_t end_ms = clock_monotonic_ms () + PATIENCE_MS;
    while (s_refused (self) < before + 3) {
        assert_true (clock_monotonic_ms () < end_ms);
        zclock_sleep (20);
    }
    for (size_t i = 0; i < 4; i++)
        close (held[i]);
}

#define WITH(setup, name) cmocka_unit_test_setup_teardown (name, setup, s_teardown)

int
main (void)
{
    s_block_signals ();
    const struct CMUnitTest tests[] = {
        TEST (test_heads_that_are_no_http_are_refused),
        TEST (test_nothing_is_read_behind_a_refused_head),
        TEST (test_heads_that_are_unusual_pass),
        TEST (test_an_encoded_body_is_not_taken_for_json),
        TEST (test_a_name_that_is_not_ours_is_misdirected),
        TEST (test_a_foreign_page_may_not_claim_to_be_forwarded),
        WITH (s_setup_named, test_names_can_be_given),
        WITH (s_setup_named, test_a_trusted_proxy_says_which_name_was_meant),
        WITH (s_setup_named, test_limits_hold_for_the_client_behind_the_proxy),
        WITH (s_setup_stopped, test_a_bad_list_of_proxies_stops_the_start),
        TEST (test_the_admin_listener_has_probes_alone),
        WITH (s_setup_crowded, test_what_a_limit_refuses_is_counted_and_told),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

/* The http actor: its commands, and what passes through it to the other actors.
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/uuid.h"
#include "tests/actors/http_fixture.h"

#define TRACE "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

/* Commands */

static void
test_a_port_in_use_is_a_sentence (void **state)
{
    fixture_t *self = *state;
    struct sockaddr_in address = {.sin_family = AF_INET,
        .sin_addr.s_addr = htonl (INADDR_LOOPBACK),
        .sin_port = htons ((uint16_t)self->page_port)};
    int squatter = socket (AF_INET, SOCK_STREAM, 0);
    assert_int_equal (bind (squatter, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal (listen (squatter, 1), 0);
    zstr_send (s_actor (self), "START");
    char *said = zstr_recv (self->actor);
    assert_non_null (strstr (said, "in use"));
    zstr_free (&said);
    assert_false (health_ok (health_check ("http", true)));
    assert_int_equal (client_connect (self->port), -1);
    close (squatter);
    s_command (self, "START", "OK");
}

static void
test_every_command_is_answered (void **state)
{
    fixture_t *self = *state;
    s_command (self, "DANCE", "unknown command");
    s_command (self, "START", "already started");
    answer_t answer = s_get (self, "/livez");
    assert_int_equal (answer.status, 200);
    client_free (&answer);
}

static void
test_quiesce_lets_running_requests_end (void **state)
{
    fixture_t *self = *state;
    int fd = s_post (self, "/predict", "", BODY);
    request_t *request = s_take_request (self->accept);
    zstr_send (self->actor, "QUIESCE");
    int64_t end_ms = clock_monotonic_ms () + PATIENCE_MS;
    int refused;
    while ((refused = client_connect (self->port)) >= 0) {
        close (refused);
        assert_true (clock_monotonic_ms () < end_ms);
    }
    assert_false (client_readable (fd, 0));
    ticket_claim (request->ticket);
    ticket_answer (request->ticket, TICKET_DONE, NULL);
    request_destroy (&request);
    answer_t answer = client_receive (fd);
    assert_int_equal (answer.status, 202);
    client_free (&answer);
    char *said = zstr_recv (self->actor);
    assert_string_equal (said, "OK");
    zstr_free (&said);
}

static void
test_quiesce_ends_streams_and_closes_idle_connections (void **state)
{
    fixture_t *self = *state;
    int stream = client_connect (self->port), idle = client_connect (self->port);
    client_send (stream, "GET", "/events", "", NULL);
    assert_true (client_readable (stream, PATIENCE_MS));
    int64_t started_ms = clock_monotonic_ms ();
    s_command (self, "QUIESCE", "OK");
    assert_true (clock_monotonic_ms () - started_ms < 8000);
    answer_t answer = client_receive (stream);
    assert_int_equal (answer.status, 200);
    client_free (&answer);
    answer = client_receive (idle);
    assert_int_equal (answer.status, 0);
    client_free (&answer);
}

/* Predictions */

static void
test_predict_is_accepted_after_its_ticket (void **state)
{
    fixture_t *self = *state;
    int fd = s_post (self, "/predict", "", BODY);
    request_t *request = s_take_request (self->accept);
    assert_true (request->job);
    assert_true (uuid_valid (request->request_id));
    assert_string_equal (request->user_id, "user_7");
    assert_int_equal (request->k, 5);
    assert_int_equal (request->history_count, 3);
    assert_int_equal (request->history[2], 30);
    assert_true (request->accepted_us > 0);
    assert_false (client_readable (fd, 0));
    char location[160], header[160];
    snprintf (location, sizeof location, "Location: /result/%s", request->request_id);
    snprintf (header, sizeof header, "X-Request-Id: %s", request->request_id);
    char *id = strdup (request->request_id);
    ticket_claim (request->ticket);
    ticket_answer (request->ticket, TICKET_DONE, NULL);
    request_destroy (&request);
    answer_t answer = client_receive (fd);
    assert_int_equal (answer.status, 202);
    assert_true (client_has_header (&answer, location));
    assert_non_null (strcasestr (answer.text, "Server-Timing: commit;dur="));
    assert_true (client_has_header (&answer, header));
    assert_true (client_has_header (&answer, "Content-Type: application/json"));
    assert_string_equal (client_text (&answer, "request_id"), id);
    assert_string_equal (client_text (&answer, "status"), "PENDING");
    client_free (&answer);
    free (id);
}

static void
test_predict_reads_json_whatever_its_content_type (void **state)
{
    fixture_t *self = *state;
    static const char *const types[] = {"", "Content-Type: text/plain\r\n",
        "Content-Type: application/x-www-form-urlencoded\r\n",
        "Content-Type: multipart/form-data; boundary=x\r\n"};
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        int fd = s_post (self, "/predict", types[i], BODY);
        answer_t answer = s_settle (fd, self->accept, TICKET_DONE, NULL, NULL);
        assert_int_equal (answer.status, 202);
        client_free (&answer);
    }
}

static void
test_predict_echoes_the_clients_request_id (void **state)
{
    fixture_t *self = *state;
    int fd = s_post (self, "/predict", "X-Request-Id: mine-1\r\n", BODY);
    answer_t answer = s_settle (fd, self->accept, TICKET_DONE, NULL, NULL);
    assert_true (client_has_header (&answer, "X-Request-Id: mine-1"));
    assert_true (uuid_valid (client_text (&answer, "request_id")));
    client_free (&answer);
}

/* Two headers, or a text that is none, are no trace. */
static void
test_the_trace_of_who_asks_is_handed_on (void **state)
{
    fixture_t *self = *state;
    static const struct {
        const char *headers;
        bool taken;
    } rows[] = {{"traceparent: " TRACE "\r\n", true},
        {"TraceParent: " TRACE "\r\n", true}, {"", false},
        {"traceparent: " TRACE "-\r\n", false}, {"traceparent:\r\n", false},
        {"traceparent: " TRACE "\r\ntraceparent: " TRACE "\r\n", false}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char carried[TRACE_TEXT_SIZE];
        const char *told = "traceresponse: " TRACE;
        int fd = s_post (self, "/predict", rows[i].headers, BODY);
        request_t *request = s_take_request (self->accept);
        trace_print (&request->trace, carried);
        assert_string_equal (carried, rows[i].taken ? TRACE : "");
        ticket_claim (request->ticket);
        ticket_answer (request->ticket, TICKET_DONE, NULL);
        request_destroy (&request);
        answer_t answer = client_receive (fd);
        assert_int_equal (client_has_header (&answer, told), rows[i].taken);
        client_free (&answer);
    }
}

static void
test_predict_that_was_refused_says_so (void **state)
{
    fixture_t *self = *state;
    static const struct {
        ticket_status_t status;
        int http;
        const char *type;
    } cases[] = {{TICKET_FULL, 503, "overloaded"}, {TICKET_FAILED, 500, "failed"},
        {TICKET_UNAVAILABLE, 503, "unavailable"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int fd = s_post (self, "/predict", "", BODY);
        answer_t answer =
            s_settle (fd, self->accept, cases[i].status, NULL, "for a reason");
        s_check_problem (&answer, cases[i].http, cases[i].type);
        assert_string_equal (client_text (&answer, "detail"), "for a reason");
        assert_int_equal (
            strcasestr (answer.text, "\nRetry-After: ") != NULL, cases[i].http == 503);
        client_free (&answer);
    }
}

static void
test_predict_is_refused_past_the_backlog (void **state)
{
    fixture_t *self = *state;
    atomic_store (&self->backlog, 101);
    s_expect_problem (
        client_ask (self->port, "POST", "/predict", "", BODY), 503, "overloaded");
    s_nothing_was_sent (self);
}

static void
test_predict_without_a_model_says_how_to_get_one (void **state)
{
    fixture_t *self = *state;
    self->args.slot = self->slot;
    answer_t answer = client_ask (self->port, "POST", "/predict", "", BODY);
    s_check_problem (&answer, 503, "unavailable");
    assert_non_null (strstr (client_text (&answer, "detail"), "sasrec train"));
    client_free (&answer);
    s_nothing_was_sent (self);
}

static void
test_bad_json_has_line_and_column (void **state)
{
    fixture_t *self = *state;
    answer_t answer =
        client_ask (self->port, "POST", "/predict", "", "{\"history\":\n[1,2,}");
    s_check_problem (&answer, 400, "invalid-json");
    assert_int_equal (json_integer_value (json_object_get (answer.json, "line")), 2);
    assert_true (json_integer_value (json_object_get (answer.json, "column")) > 0);
    client_free (&answer);
    s_expect_problem (
        client_ask (self->port, "POST", "/predict", "", NULL), 400, "invalid-json");
    s_nothing_was_sent (self);
}

static void
test_bad_fields_are_named (void **state)
{
    fixture_t *self = *state;
    static const char *const cases[][2] = {
        {"{\"history\":[1,2,1.5]}", "/history/2"},
        {"{\"history\":[1],\"k\":0}", "/k"},
        {"{\"history\":[1],\"user_id\":\"\"}", "/user_id"},
        {"{}", "/history"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *path = i % 2 ? "/predict" : "/recommend";
        answer_t answer = client_ask (self->port, "POST", path, "", cases[i][0]);
        s_check_problem (&answer, 422, "invalid-field");
        assert_string_equal (s_error_member (&answer, "pointer"), cases[i][1]);
        client_free (&answer);
    }
    s_nothing_was_sent (self);
}

static void
test_unknown_fields_are_warned_of_or_refused (void **state)
{
    fixture_t *self = *state;
    static const char body[] = "{\"history\":[1],\"K\":5}";
    int fd = s_post (self, "/predict", "", body);
    answer_t answer = s_settle (fd, self->accept, TICKET_DONE, NULL, NULL);
    assert_int_equal (answer.status, 202);
    const json_t *warning =
        json_array_get (json_object_get (answer.json, "warnings"), 0);
    assert_string_equal (
        json_string_value (json_object_get (warning, "pointer")), "/K");
    client_free (&answer);
    answer = client_ask (
        self->port, "POST", "/predict", "Prefer: handling=strict\r\n", body);
    s_check_problem (&answer, 422, "unknown-field");
    assert_string_equal (s_error_member (&answer, "pointer"), "/K");
    assert_true (client_has_header (&answer, "Preference-Applied: handling=strict"));
    client_free (&answer);
    answer = client_ask (self->port, "POST", "/recommend", "", "{\"histroy\":[1]}");
    s_check_problem (&answer, 422, "invalid-field");
    assert_string_equal (s_error_member (&answer, "pointer"), "/history");
    assert_string_equal (client_text (&answer, "detail"),
        "\"history\" is missing; did you mean it by \"histroy\"?");
    client_free (&answer);
    s_nothing_was_sent (self);
}

static void
test_without_unknown_fields_nobody_is_warned (void **state)
{
    fixture_t *self = *state;
    int fd = s_post (self, "/predict", "Prefer: handling=strict\r\n", BODY);
    answer_t answer = s_settle (fd, self->accept, TICKET_DONE, NULL, NULL);
    assert_int_equal (answer.status, 202);
    assert_int_equal (json_object_size (answer.json), 2);
    client_free (&answer);
}

static void
test_bad_interactions_are_named_by_element (void **state)
{
    fixture_t *self = *state;
    static const char *const cases[][2] = {
        {"{\"user_id\":\"u\"}", "/item_id"},
        {"[{\"user_id\":\"u\",\"item_id\":1},{\"user_id\":\"u\"}]", "/1/item_id"},
        {"[7]", "/0"},
        {"{\"user_id\":\"u\",\"item_id\":1}\n\n{\"item_id\":1}", "/1/user_id"},
        {"{\"user_id\":\"u\",\"item_id\":1,\"created_at\":\"2026-02-30T00:00:00Z\"}",
            "/created_at"},
        {"{\"user_id\":\"u\",\"item_id\":1,\"created_at\":\"2026-02-03 04:05\"}",
            "/created_at"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        answer_t answer =
            client_ask (self->port, "POST", "/interactions", "", cases[i][0]);
        s_check_problem (&answer, 422, "invalid-field");
        assert_string_equal (s_error_member (&answer, "pointer"), cases[i][1]);
        client_free (&answer);
    }
}

/* At once */

static void
test_recommend_answers_with_provenance (void **state)
{
    fixture_t *self = *state;
    int fd = s_post (self, "/recommend", "", BODY);
    request_t *request = s_take_request (self->once);
    assert_false (request->job);
    assert_true (request->deadline_ms > clock_unix_ms ());
    result_t *result = s_result_of (request);
    result->queue_us = 1234;
    result->compute_us = 56007;
    ticket_claim (request->ticket);
    result_answer (&result, request->ticket);
    request_destroy (&request);
    answer_t answer = client_receive (fd);
    assert_int_equal (answer.status, 200);
    assert_true (client_has_header (
        &answer, "Server-Timing: queue;dur=1.234, compute;dur=56.007"));
    json_t *expected = json_loads ("{\"item_ids\":[7,9007199254740991],"
                                   "\"scores\":[1.5,-0.25],\"model_version\":\"v1\","
                                   "\"source\":\"model\",\"history_used\":2,"
                                   "\"unknown_dropped\":1}",
        0, NULL);
    assert_true (json_equal (json_object_get (answer.json, "result"), expected));
    json_decref (expected);
    assert_string_equal (client_text (&answer, "user_id"), "user_7");
    assert_string_equal (client_text (&answer, "model_version"), "v1");
    assert_string_equal (client_text (&answer, "source"), "model");
    assert_true (uuid_valid (client_text (&answer, "request_id")));
    client_free (&answer);
}

static void
test_recommend_that_failed_is_a_problem (void **state)
{
    fixture_t *self = *state;
    int fd = s_post (self, "/recommend", "", BODY);
    result_t *failed = result_new ();
    failed->status = RESULT_FAILED;
    snprintf (failed->error, sizeof failed->error, "the model says no");
    answer_t answer = s_settle (fd, self->once, TICKET_DONE, &failed, NULL);
    s_check_problem (&answer, 500, "failed");
    assert_string_equal (client_text (&answer, "detail"), "the model says no");
    client_free (&answer);
}

static answer_t
s_reload (fixture_t *self, ticket_status_t status, const char *reason)
{
    int fd = s_post (self, "/models/reload", "", "");
    assert_true (s_waits (self->reload, PATIENCE_MS));
    reload_t *reload = reload_recv (self->reload);
    ticket_claim (reload->ticket);
    ticket_answer (reload->ticket, status, reason);
    reload_destroy (&reload);
    return client_receive (fd);
}

static void
test_reload_says_the_version_or_why_not (void **state)
{
    fixture_t *self = *state;
    answer_t answer = s_reload (self, TICKET_DONE, "v2");
    assert_int_equal (answer.status, 200);
    assert_string_equal (client_text (&answer, "version"), "v2");
    client_free (&answer);
    answer = s_reload (self, TICKET_FAILED, "the canary differs");
    s_check_problem (&answer, 409, "reload-refused");
    assert_string_equal (client_text (&answer, "detail"), "the canary differs");
    client_free (&answer);
}

int
main (void)
{
    s_block_signals ();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown (
            test_a_port_in_use_is_a_sentence, s_setup_stopped, s_teardown),
        TEST (test_every_command_is_answered),
        TEST (test_quiesce_lets_running_requests_end),
        TEST (test_quiesce_ends_streams_and_closes_idle_connections),
        TEST (test_predict_is_accepted_after_its_ticket),
        TEST (test_predict_reads_json_whatever_its_content_type),
        TEST (test_predict_echoes_the_clients_request_id),
        TEST (test_the_trace_of_who_asks_is_handed_on),
        TEST (test_predict_that_was_refused_says_so),
        TEST (test_predict_is_refused_past_the_backlog),
        TEST (test_predict_without_a_model_says_how_to_get_one),
        TEST (test_bad_json_has_line_and_column),
        TEST (test_bad_fields_are_named),
        TEST (test_unknown_fields_are_warned_of_or_refused),
        TEST (test_without_unknown_fields_nobody_is_warned),
        TEST (test_bad_interactions_are_named_by_element),
        TEST (test_recommend_answers_with_provenance),
        TEST (test_recommend_that_failed_is_a_problem),
        TEST (test_reload_says_the_version_or_why_not),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

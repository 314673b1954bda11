/* The http actor, driven through its sockets: TCP on one side, pipes on the other, where
 * the test plays request_producer, inference_pool and reload_controller. The database is
 * away throughout. SPDX-License-Identifier: Apache-2.0 */
#include "actors/http/http.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "actors/http/dispatch.h"
#include "base/clock.h"
#include "base/health.h"
#include "base/uuid.h"
#include "proto/reload.h"
#include "proto/request.h"
#include "proto/result.h"
#include "tests/actors/http_client.h"

#define PATIENCE_MS 10000
#define BODY        "{\"history\":[10,20,30],\"k\":5,\"user_id\":\"user_7\"}"
#define UNKNOWN_ID  "01890a5d-ac96-774b-bcce-b302099a8057"

typedef struct {
    int port;
    int page_port;
    config_t *config;
    pool_t *pool;
    live_t *live;
    model_slot_t *slot; /* empty */
    atomic_size_t backlog;
    zsock_t *accept; /* PULL sides */
    zsock_t *once;
    zsock_t *reload;
    http_args_t args;
    zactor_t *actor;
} fixture_t;

static zsock_t *
s_pull (const char *name, char endpoint[64])
{
    static int turn;
    snprintf (endpoint, 64, "inproc://http-test-%s-%d", name, turn++);
    zsock_t *socket = zsock_new (ZMQ_PULL);
    int status = zsock_bind (socket, "%s", endpoint);
    assert_int_not_equal (status, -1);
    return socket;
}

static void
s_set (fixture_t *self, const char *flag, int value)
{
    char text[16], error[160];
    snprintf (text, sizeof text, "%d", value);
    assert_int_equal (config_set (self->config, flag, text, error), 0);
}

static int
s_setup_stopped (void **state)
{
    static char endpoints[3][64];
    char error[160];
    fixture_t *self = calloc (1, sizeof *self);
    health_reset ();
    self->config = config_new (error);
    assert_non_null (self->config);
    self->port = client_free_port ();
    self->page_port = client_free_port ();
    s_set (self, "http-port", self->port);
    s_set (self, "ui-port", self->page_port);
    s_set (self, "backlog-limit", 100);
    config_set (self->config, "checkpoints", "/nonexistent", error);
    self->pool = pool_new ("host=127.0.0.1 port=1 user=x dbname=x connect_timeout=2",
        "http_test", 2, 1000);
    self->live = live_new (16, 2);
    self->slot = model_slot_new ();
    self->accept = s_pull ("accept", endpoints[0]);
    self->once = s_pull ("once", endpoints[1]);
    self->reload = s_pull ("reload", endpoints[2]);
    self->args = (http_args_t){.config = self->config,
        .pool = self->pool,
        .live = self->live,
        .backlog = &self->backlog,
        .accept_endpoint = endpoints[0],
        .once_endpoint = endpoints[1],
        .reload_endpoint = endpoints[2]};
    self->actor = zactor_new (http_actor, &self->args);
    *state = self;
    return 0;
}

static void
s_command (fixture_t *self, const char *command, const char *reply)
{
    zstr_send (self->actor, command);
    char *said = zstr_recv (self->actor);
    assert_string_equal (said, reply);
    zstr_free (&said);
}

static int
s_setup (void **state)
{
    s_setup_stopped (state);
    s_command (*state, "START", "OK");
    return 0;
}

static int
s_teardown (void **state)
{
    fixture_t *self = *state;
    live_shutdown (self->live);
    zactor_destroy (&self->actor);
    zsock_destroy (&self->accept);
    zsock_destroy (&self->once);
    zsock_destroy (&self->reload);
    model_slot_destroy (&self->slot);
    live_destroy (&self->live);
    pool_destroy (&self->pool);
    config_destroy (&self->config);
    free (self);
    return 0;
}

static bool
s_waits (zsock_t *socket, int timeout_ms)
{
    zpoller_t *poller = zpoller_new (socket, NULL);
    bool waits = zpoller_wait (poller, timeout_ms) == socket;
    zpoller_destroy (&poller);
    return waits;
}

static request_t *
s_take_request (zsock_t *socket)
{
    assert_true (s_waits (socket, PATIENCE_MS));
    request_t *request = request_recv (socket);
    assert_non_null (request);
    return request;
}

static void
s_nothing_was_sent (fixture_t *self)
{
    assert_false (s_waits (self->accept, 0));
    assert_false (s_waits (self->once, 0));
    assert_false (s_waits (self->reload, 0));
}

/* Sends a request; the handler then waits for the neighbour. */
static int
s_post (fixture_t *self, const char *path, const char *headers, const char *body)
{
    int fd = client_connect (self->port);
    assert_true (fd >= 0);
    client_send (fd, "POST", path, headers, body);
    return fd;
}

/* Answers what waits on the socket and returns what the client gets. */
static answer_t
s_settle (int fd, zsock_t *socket, ticket_status_t status, result_t **result_p,
    const char *reason)
{
    request_t *request = s_take_request (socket);
    assert_true (ticket_claim (request->ticket));
    ticket_answer (request->ticket, status, result_p, reason);
    request_destroy (&request);
    return client_receive (fd);
}

static answer_t
s_get (fixture_t *self, const char *path)
{
    return client_ask (self->port, "GET", path, "", NULL);
}

static void
s_check_problem (const answer_t *answer, int status, const char *type)
{
    char uri[64];
    snprintf (uri, sizeof uri, "/problems/%s", type);
    if (answer->status != status)
        fail_msg ("%d instead of %d: %s", answer->status, status, answer->text);
    assert_true (client_has_header (answer, "Content-Type: application/problem+json"));
    assert_true (client_has_header (answer, "X-Content-Type-Options: nosniff"));
    assert_string_equal (client_text (answer, "type"), uri);
    assert_int_equal (
        json_integer_value (json_object_get (answer->json, "status")), status);
    assert_true (strlen (client_text (answer, "detail")) > 0);
}

static void
s_expect_problem (answer_t answer, int status, const char *type)
{
    s_check_problem (&answer, status, type);
    client_free (&answer);
}

static const char *
s_error_member (const answer_t *answer, const char *key)
{
    const json_t *error = json_array_get (json_object_get (answer->json, "errors"), 0);
    const char *text = json_string_value (json_object_get (error, key));
    return text ? text : "";
}

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
    zstr_send (self->actor, "START");
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
    ticket_answer (request->ticket, TICKET_DONE, NULL, NULL);
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
    assert_true (clock_monotonic_ms () - started_ms < 2000);
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
    ticket_answer (request->ticket, TICKET_DONE, NULL, NULL);
    request_destroy (&request);
    answer_t answer = client_receive (fd);
    assert_int_equal (answer.status, 202);
    assert_true (client_has_header (&answer, location));
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
        {"{\"history\":[1,2,1.0]}", "/history/2"},
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

/* At once */

static result_t *
s_result_of (const request_t *request)
{
    result_t *result = result_new ();
    snprintf (result->request_id, sizeof result->request_id, "%s", request->request_id);
    snprintf (result->user_id, sizeof result->user_id, "%s", request->user_id);
    snprintf (result->model_version, sizeof result->model_version, "v1");
    result->item_ids = calloc (2, sizeof *result->item_ids);
    result->scores = calloc (2, sizeof *result->scores);
    result->count = 2;
    result->item_ids[0] = 7;
    result->item_ids[1] = 9007199254740991;
    result->scores[0] = 1.5f;
    result->scores[1] = -0.25f;
    result->history_used = 2;
    result->unknown_dropped = 1;
    return result;
}

static void
test_recommend_answers_with_provenance (void **state)
{
    fixture_t *self = *state;
    int fd = s_post (self, "/recommend", "", BODY);
    request_t *request = s_take_request (self->once);
    assert_false (request->job);
    assert_true (request->deadline_ms > clock_unix_ms ());
    result_t *result = s_result_of (request);
    ticket_claim (request->ticket);
    ticket_answer (request->ticket, TICKET_DONE, &result, NULL);
    request_destroy (&request);
    answer_t answer = client_receive (fd);
    assert_int_equal (answer.status, 200);
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
    ticket_answer (reload->ticket, status, NULL, reason);
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

/* Every route */

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
        {"/items", "ids"},
        {"/items?ids=", "ids"},
        {"/items?ids=1,,2", "ids"},
        {"/items?ids=9007199254740992", "ids"},
        {"/readyz?verbose=x", "verbose"},
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
test_a_connection_serves_many_requests (void **state)
{
    fixture_t *self = *state;
    static const char request[] = "GET /livez HTTP/1.1\r\nHost: x\r\n\r\n";
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
test_a_result_that_came_first_is_replayed_and_ends_the_stream (void **state)
{
    fixture_t *self = *state;
    request_t *request = request_new ();
    snprintf (request->request_id, sizeof request->request_id, "some-id");
    result_t *result = s_result_of (request);
    live_publish_result (self->live, result);
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
    s_expect_problem (s_get (self, "/events"), 503, "overloaded");
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
    assert_non_null (strstr (answer.body, "http_requests_in_flight 1"));
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

#define TEST(name) cmocka_unit_test_setup_teardown (name, s_setup, s_teardown)

int
main (void)
{
    sigset_t all;
    sigfillset (&all);
    pthread_sigmask (SIG_BLOCK, &all, NULL);
    zsys_handler_set (NULL);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown (
            test_a_port_in_use_is_a_sentence, s_setup_stopped, s_teardown),
        TEST (test_every_command_is_answered),
        TEST (test_quiesce_lets_running_requests_end),
        TEST (test_quiesce_ends_streams_and_closes_idle_connections),
        TEST (test_predict_is_accepted_after_its_ticket),
        TEST (test_predict_reads_json_whatever_its_content_type),
        TEST (test_predict_echoes_the_clients_request_id),
        TEST (test_predict_that_was_refused_says_so),
        TEST (test_predict_is_refused_past_the_backlog),
        TEST (test_predict_without_a_model_says_how_to_get_one),
        TEST (test_bad_json_has_line_and_column),
        TEST (test_bad_fields_are_named),
        TEST (test_recommend_answers_with_provenance),
        TEST (test_recommend_that_failed_is_a_problem),
        TEST (test_reload_says_the_version_or_why_not),
        TEST (test_unknown_paths_are_problems),
        TEST (test_wrong_methods_learn_what_is_allowed),
        TEST (test_a_body_past_the_limit_is_refused_whole),
        TEST (test_foreign_pages_may_not_write),
        TEST (test_the_page_may_write_through_the_other_listener),
        TEST (test_bad_parameters_are_named),
        TEST (test_reads_without_a_database_are_unavailable),
        TEST (test_a_connection_serves_many_requests),
        TEST (test_general_events_are_streamed),
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

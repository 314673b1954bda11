/* The fixture of the http actor's tests: TCP on one side, pipes on the other, where the
 * test plays request_producer, inference_pool and reload_controller. The database is away
 * throughout. SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_TESTS_ACTORS_HTTP_FIXTURE_H
#define SASREC_TESTS_ACTORS_HTTP_FIXTURE_H

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "actors/http/http.h"
#include "base/clock.h"
#include "base/health.h"
#include "proto/reload.h"
#include "proto/request.h"
#include "proto/result.h"
#include "tests/actors/http_client.h"

#define PATIENCE_MS 60000
#define BODY        "{\"history\":[10,20,30],\"k\":5,\"user_id\":\"user_7\"}"

typedef struct {
    int port;
    int page_port;
    int admin_port;
    config_t *config;
    pool_t *pool;
    live_t *live;
    ended_t *ended;
    model_slot_t *slot; /* empty */
    atomic_size_t backlog;
    zsock_t *accept; /* PULL sides */
    zsock_t *once;
    zsock_t *reload;
    http_args_t args;
    zactor_t *actor;
} fixture_t;

static inline zsock_t *
s_pull (const char *name, char endpoint[64])
{
    static int turn;
    snprintf (endpoint, 64, "inproc://http-test-%s-%d", name, turn++);
    zsock_t *socket = zsock_new (ZMQ_PULL);
    int status = zsock_bind (socket, "%s", endpoint);
    assert_int_not_equal (status, -1);
    return socket;
}

static inline void
s_set (fixture_t *self, const char *flag, int value)
{
    char text[16], error[160];
    snprintf (text, sizeof text, "%d", value);
    assert_int_equal (config_set (self->config, flag, text, error), 0);
}

static inline int
s_setup_stopped (void **state)
{
    static char endpoints[3][64];
    char error[160];
    fixture_t *self = calloc (1, sizeof *self);
    health_reset ();
    self->config = config_new (error);
    assert_non_null (self->config);
    self->port = free_port ();
    self->page_port = free_port ();
    self->admin_port = free_port ();
    s_set (self, "http-port", self->port);
    s_set (self, "ui-port", self->page_port);
    s_set (self, "backlog-limit", 100);
    s_set (self, "sse-limit", 3);
    s_set (self, "sse-address-limit", 2);
    config_set (self->config, "checkpoints", "/nonexistent", error);
    self->pool = pool_new ("host=127.0.0.1 port=1 user=x dbname=x connect_timeout=2",
        "http_test", 2, 1000);
    self->live = live_new (16);
    self->ended = ended_new (16, NULL);
    self->slot = model_slot_new ();
    self->accept = s_pull ("accept", endpoints[0]);
    self->once = s_pull ("once", endpoints[1]);
    self->reload = s_pull ("reload", endpoints[2]);
    self->args = (http_args_t){.role = "all",
        .config = self->config,
        .pool = self->pool,
        .live = self->live,
        .ended = self->ended,
        .backlog = &self->backlog,
        .admin_port = self->admin_port,
        .admin_bind = CONFIG_ADMIN_BIND,
        .accept_endpoint = endpoints[0],
        .once_endpoint = endpoints[1],
        .reload_endpoint = endpoints[2]};
    *state = self;
    return 0;
}

/* Made when it is first spoken to: until then its settings may change. */
static inline zactor_t *
s_actor (fixture_t *self)
{
    if (!self->actor)
        self->actor = zactor_new (http_actor, &self->args);
    return self->actor;
}

static inline void
s_command (fixture_t *self, const char *command, const char *reply)
{
    zstr_send (s_actor (self), command);
    char *said = zstr_recv (self->actor);
    assert_string_equal (said, reply);
    zstr_free (&said);
}

static inline int
s_setup (void **state)
{
    s_setup_stopped (state);
    s_command (*state, "START", "OK");
    return 0;
}

static inline int
s_teardown (void **state)
{
    fixture_t *self = *state;
    live_shutdown (self->live);
    ended_shutdown (self->ended);
    zactor_destroy (&self->actor);
    zsock_destroy (&self->accept);
    zsock_destroy (&self->once);
    zsock_destroy (&self->reload);
    model_slot_destroy (&self->slot);
    live_destroy (&self->live);
    ended_destroy (&self->ended);
    pool_destroy (&self->pool);
    config_destroy (&self->config);
    free (self);
    return 0;
}

static inline bool
s_waits (zsock_t *socket, int timeout_ms)
{
    zpoller_t *poller = zpoller_new (socket, NULL);
    bool waits = zpoller_wait (poller, timeout_ms) == socket;
    zpoller_destroy (&poller);
    return waits;
}

static inline request_t *
s_take_request (zsock_t *socket)
{
    assert_true (s_waits (socket, PATIENCE_MS));
    request_t *request = request_recv (socket);
    assert_non_null (request);
    return request;
}

static inline void
s_nothing_was_sent (fixture_t *self)
{
    assert_false (s_waits (self->accept, 0));
    assert_false (s_waits (self->once, 0));
    assert_false (s_waits (self->reload, 0));
}

/* Sends a request; the handler then waits for the neighbour. */
static inline int
s_post (fixture_t *self, const char *path, const char *headers, const char *body)
{
    int fd = client_connect (self->port);
    assert_true (fd >= 0);
    client_send (fd, "POST", path, headers, body);
    return fd;
}

/* Answers what waits on the socket and returns what the client gets. */
static inline answer_t
s_settle (int fd, zsock_t *socket, ticket_status_t status, result_t **result_p,
    const char *reason)
{
    request_t *request = s_take_request (socket);
    assert_true (ticket_claim (request->ticket));
    if (result_p)
        result_answer (result_p, request->ticket);
    else
        ticket_answer (request->ticket, status, reason);
    request_destroy (&request);
    return client_receive (fd);
}

static inline answer_t
s_get (fixture_t *self, const char *path)
{
    return client_ask (self->port, "GET", path, "", NULL);
}

static inline void
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

static inline void
s_expect_problem (answer_t answer, int status, const char *type)
{
    s_check_problem (&answer, status, type);
    client_free (&answer);
}

static inline const char *
s_error_member (const answer_t *answer, const char *key)
{
    const json_t *error = json_array_get (json_object_get (answer->json, "errors"), 0);
    const char *text = json_string_value (json_object_get (error, key));
    return text ? text : "";
}

static inline result_t *
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

#define TEST(name) cmocka_unit_test_setup_teardown (name, s_setup, s_teardown)

/* Before the first thread. */
static inline void
s_block_signals (void)
{
    sigset_t all;
    sigfillset (&all);
    pthread_sigmask (SIG_BLOCK, &all, NULL);
    zsys_handler_set (NULL);
}

#endif

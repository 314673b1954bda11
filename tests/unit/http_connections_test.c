/* The deadlines of connections, on real sockets and made-up time.
 * SPDX-License-Identifier: Apache-2.0 */
#include "actors/http/connections.h"

#include <arpa/inet.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

#define START_MS 1000

typedef struct {
    connections_t *connections;
    connection_t *connection;
    int server; /* the accepted end */
    int client;
} fixture_t;

static void
s_connect (int *client, int *server)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_addr.s_addr = htonl (INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    int listener = socket (AF_INET, SOCK_STREAM, 0);
    *client = socket (AF_INET, SOCK_STREAM, 0);
    assert_int_equal (bind (listener, (struct sockaddr *)&address, length), 0);
    assert_int_equal (listen (listener, 1), 0);
    getsockname (listener, (struct sockaddr *)&address, &length);
    assert_int_equal (connect (*client, (struct sockaddr *)&address, length), 0);
    *server = accept (listener, NULL, NULL);
    assert_true (*server >= 0);
    close (listener);
}

static int
s_setup (void **state)
{
    fixture_t *self = calloc (1, sizeof *self);
    s_connect (&self->client, &self->server);
    self->connections = connections_new ();
    self->connection = connections_open (self->connections, self->server, START_MS);
    *state = self;
    return 0;
}

static int
s_teardown (void **state)
{
    fixture_t *self = *state;
    connections_close (self->connections, &self->connection);
    connections_destroy (&self->connections);
    close (self->server);
    close (self->client);
    free (self);
    return 0;
}

static size_t
s_sweep (fixture_t *self, int64_t after_ms)
{
    return connections_sweep (self->connections, START_MS + after_ms, NULL);
}

static void
s_enter (fixture_t *self, connection_phase_t phase, int64_t after_ms)
{
    connections_enter (self->connections, self->connection, phase, START_MS + after_ms);
}

/* What the client reads until the end; "" when the connection just closes. */
static const char *
s_farewell (fixture_t *self)
{
    static char text[1024];
    size_t length = 0;
    ssize_t got;
    while ((got = recv (self->client, text + length, sizeof text - 1 - length, 0)) > 0)
        length += (size_t)got;
    text[length] = '\0';
    return text;
}

static void
test_a_silent_connection_is_cut (void **state)
{
    fixture_t *self = *state;
    assert_int_equal (s_sweep (self, CONNECTIONS_RECEIVE_LIMIT_MS - 1), 0);
    assert_int_equal (s_sweep (self, CONNECTIONS_RECEIVE_LIMIT_MS), 1);
    assert_string_equal (s_farewell (self), "");
    assert_int_equal (s_sweep (self, CONNECTIONS_RECEIVE_LIMIT_MS + 500), 0);
}

static void
test_a_slow_first_request_counts_from_the_acceptance (void **state)
{
    fixture_t *self = *state;
    s_enter (self, CONNECTION_RECEIVING, 5000);
    assert_int_equal (s_sweep (self, CONNECTIONS_RECEIVE_LIMIT_MS), 1);
    const char *text = s_farewell (self);
    assert_memory_equal (text, "HTTP/1.1 408 ", 13);
    const char *body = strstr (text, "\r\n\r\n") + 4;
    assert_int_equal (strlen (body), atoi (strstr (text, "Content-Length: ") + 16));
}

static void
test_a_handler_may_take_its_time (void **state)
{
    fixture_t *self = *state;
    s_enter (self, CONNECTION_RECEIVING, 1);
    s_enter (self, CONNECTION_HANDLING, 2);
    assert_int_equal (s_sweep (self, 3600000), 0);
    assert_int_equal (connections_busy (self->connections), 1);
    s_enter (self, CONNECTION_STREAMING, 3600000);
    assert_int_equal (s_sweep (self, 7200000), 0);
}

static void
test_an_idle_connection_is_kept_for_a_while (void **state)
{
    fixture_t *self = *state;
    s_enter (self, CONNECTION_IDLE, 20000);
    assert_int_equal (s_sweep (self, 20000 + CONNECTIONS_IDLE_LIMIT_MS - 1), 0);
    assert_int_equal (connections_busy (self->connections), 0);
    assert_int_equal (s_sweep (self, 20000 + CONNECTIONS_IDLE_LIMIT_MS), 1);
}

static void
test_a_request_dripped_into_a_kept_connection_is_cut (void **state)
{
    fixture_t *self = *state;
    s_enter (self, CONNECTION_IDLE, 0);
    assert_int_equal (s_sweep (self, 500), 0);
    assert_int_equal (send (self->client, "G", 1, 0), 1);
    struct pollfd arrived = {.fd = self->server, .events = POLLIN};
    assert_int_equal (poll (&arrived, 1, 5000), 1);
    assert_int_equal (s_sweep (self, 1000), 0);
    assert_int_equal (s_sweep (self, 1000 + CONNECTIONS_RECEIVE_LIMIT_MS), 1);
}

static void
test_each_request_of_a_kept_connection_has_the_whole_time (void **state)
{
    fixture_t *self = *state;
    s_enter (self, CONNECTION_IDLE, 0);
    s_enter (self, CONNECTION_RECEIVING, 30000);
    assert_int_equal (s_sweep (self, 30000 + CONNECTIONS_RECEIVE_LIMIT_MS - 1), 0);
    assert_int_equal (s_sweep (self, 30000 + CONNECTIONS_RECEIVE_LIMIT_MS), 1);
}

static void
test_cuts_are_counted_by_phase (void **state)
{
    fixture_t *self = *state;
    uint64_t cut[CONNECTION_PHASE_COUNT] = {0};
    s_enter (self, CONNECTION_SENDING, 0);
    connections_sweep (self->connections, START_MS + CONNECTIONS_SEND_LIMIT_MS, cut);
    assert_int_equal (cut[CONNECTION_SENDING], 1);
    assert_int_equal (cut[CONNECTION_RECEIVING], 0);
}

static void
test_closed_connections_are_forgotten (void **state)
{
    fixture_t *self = *state;
    connection_t *others[3];
    for (size_t i = 0; i < 3; i++)
        others[i] = connections_open (self->connections, self->server, START_MS);
    assert_int_equal (connections_count (self->connections), 4);
    connections_close (self->connections, &others[1]);
    connections_close (self->connections, &others[2]);
    connections_close (self->connections, &others[0]);
    assert_null (others[0]);
    assert_int_equal (connections_count (self->connections), 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown (name, s_setup, s_teardown)

int
main (void)
{
    const struct CMUnitTest tests[] = {
        TEST (test_a_silent_connection_is_cut),
        TEST (test_a_slow_first_request_counts_from_the_acceptance),
        TEST (test_a_handler_may_take_its_time),
        TEST (test_an_idle_connection_is_kept_for_a_while),
        TEST (test_a_request_dripped_into_a_kept_connection_is_cut),
        TEST (test_each_request_of_a_kept_connection_has_the_whole_time),
        TEST (test_cuts_are_counted_by_phase),
        TEST (test_closed_connections_are_forgotten),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

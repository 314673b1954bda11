/* The deadlines of connections, on real sockets and made-up time.
 * SPDX-License-Identifier: Apache-2.0 */
#include "actors/http/connections.h"

#include <arpa/inet.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
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

static connection_t *
s_open (fixture_t *self, const char *peer, bool proxy)
{
    address_t address;
    assert_true (address_parse (peer, strlen (peer), &address));
    return connections_open (
        self->connections, self->server, &address, proxy, START_MS);
}

static bool
s_claim (fixture_t *self, connection_t *connection, const char *client)
{
    address_t address;
    assert_true (address_parse (client, strlen (client), &address));
    return connections_claim (self->connections, connection, &address);
}

static int
s_setup (void **state)
{
    fixture_t *self = calloc (1, sizeof *self);
    s_connect (&self->client, &self->server);
    self->connections = connections_new ((connections_limits_t){6, 3, false});
    self->connection = s_open (self, "192.0.2.1", false);
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
        others[i] = s_open (self, "192.0.2.2", false);
    assert_int_equal (connections_count (self->connections), 4);
    connections_close (self->connections, &others[1]);
    connections_close (self->connections, &others[2]);
    connections_close (self->connections, &others[0]);
    assert_null (others[0]);
    assert_int_equal (connections_count (self->connections), 1);
}

static void
s_close (fixture_t *self, connection_t **connections, size_t count)
{
    for (size_t i = 0; i < count; i++)
        connections_close (self->connections, &connections[i]);
}

/* The sockets are one and the same here, so that the last opened is the one refused. */
static void
test_a_client_past_its_limit_is_told_so (void **state)
{
    fixture_t *self = *state;
    connection_t *others[4];
    for (size_t i = 0; i < 2; i++)
        others[i] = s_open (self, "192.0.2.1", false);
    others[2] = s_open (self, "192.0.2.2", false); /* another client is welcome */
    assert_int_equal (connections_take_refused (self->connections).per_client, 0);
    others[3] = s_open (self, "192.0.2.1", false);
    assert_non_null (strstr (s_farewell (self), "HTTP/1.1 503"));
    connections_refused_t refused = connections_take_refused (self->connections);
    assert_int_equal (refused.per_client, 1);
    assert_int_equal (refused.in_all, 0);
    assert_int_equal (connections_take_refused (self->connections).per_client, 0);
    s_close (self, others, 4);
}

static void
test_there_is_a_limit_in_all (void **state)
{
    fixture_t *self = *state;
    connection_t *others[6];
    char peer[16];
    for (int i = 0; i < 6; i++) {
        snprintf (peer, sizeof peer, "192.0.2.%d", 10 + i);
        others[i] = s_open (self, peer, false);
    }
    assert_int_equal (connections_take_refused (self->connections).in_all, 1);
    s_close (self, others, 6);
}

static void
test_what_was_refused_counts_no_more (void **state)
{
    fixture_t *self = *state;
    connection_t *others[4];
    for (size_t i = 0; i < 3; i++)
        others[i] = s_open (self, "192.0.2.1", false); /* the third is refused */
    connections_close (self->connections, &others[0]);
    connections_take_refused (self->connections);
    others[3] = s_open (self, "192.0.2.1", false);
    assert_int_equal (connections_take_refused (self->connections).per_client, 0);
    s_close (self, others + 1, 3);
}

static void
test_an_ipv6_client_is_its_network (void **state)
{
    fixture_t *self = *state;
    connection_t *others[4];
    char peer[24];
    for (int i = 0; i < 4; i++) {
        snprintf (peer, sizeof peer, "2001:db8::%d", i);
        others[i] = s_open (self, peer, false);
    }
    assert_int_equal (connections_take_refused (self->connections).per_client, 1);
    s_close (self, others, 4);
}

/* Behind a proxy all connections come from one address. */
static void
test_a_proxy_is_not_the_client (void **state)
{
    fixture_t *self = *state;
    connection_t *others[5];
    for (size_t i = 0; i < 5; i++)
        others[i] = s_open (self, "10.0.0.1", true);
    assert_int_equal (connections_take_refused (self->connections).per_client, 0);
    for (size_t i = 0; i < 3; i++)
        assert_true (s_claim (self, others[i], "192.0.2.7"));
    assert_false (s_claim (self, others[3], "192.0.2.7"));
    assert_true (s_claim (self, others[4], "192.0.2.8"));
    connections_enter (self->connections, others[0], CONNECTION_IDLE, START_MS);
    assert_true (s_claim (self, others[3], "192.0.2.7"));
    s_close (self, others, 5);
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
        TEST (test_a_client_past_its_limit_is_told_so),
        TEST (test_there_is_a_limit_in_all),
        TEST (test_what_was_refused_counts_no_more),
        TEST (test_an_ipv6_client_is_its_network),
        TEST (test_a_proxy_is_not_the_client),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

/* The connections of one listener and their deadlines.
 * SPDX-License-Identifier: Apache-2.0 */
#include "actors/http/connections.h"

#include <assert.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

struct connection {
    int fd; /* borrowed from libmicrohttpd */
    connection_phase_t phase;
    int64_t since_ms;   /* when the phase began */
    bool requested;     /* its first request line has come */
    bool cut;           /* shut down; waits for its thread to notice */
    bool watched;       /* idle: received holds a value */
    uint64_t received;  /* bytes of the socket at the last sweep */
    connection_t *next; /* in the list */
    connection_t *previous;
};

struct connections {
    pthread_mutex_t mutex;
    connection_t *first;
    size_t count;
};

static const int64_t s_limit_ms[CONNECTION_PHASE_COUNT] = {
    [CONNECTION_RECEIVING] = CONNECTIONS_RECEIVE_LIMIT_MS,
    [CONNECTION_HANDLING] = INT64_MAX,
    [CONNECTION_SENDING] = CONNECTIONS_SEND_LIMIT_MS,
    [CONNECTION_STREAMING] = INT64_MAX,
    [CONNECTION_IDLE] = CONNECTIONS_IDLE_LIMIT_MS,
};

connections_t *
connections_new (void)
{
    connections_t *self = calloc (1, sizeof *self);
    assert (self);
    pthread_mutex_init (&self->mutex, NULL);
    return self;
}

void
connections_destroy (connections_t **self_p)
{
    connections_t *self = *self_p;
    if (!self)
        return;
    assert (self->count == 0);
    pthread_mutex_destroy (&self->mutex);
    free (self);
    *self_p = NULL;
}

connection_t *
connections_open (connections_t *self, int fd, int64_t now_ms)
{
    connection_t *connection = calloc (1, sizeof *connection);
    assert (connection);
    connection->fd = fd;
    connection->phase = CONNECTION_RECEIVING;
    connection->since_ms = now_ms;
    pthread_mutex_lock (&self->mutex);
    connection->next = self->first;
    if (self->first)
        self->first->previous = connection;
    self->first = connection;
    self->count++;
    pthread_mutex_unlock (&self->mutex);
    return connection;
}

void
connections_close (connections_t *self, connection_t **connection_p)
{
    connection_t *connection = *connection_p;
    if (!connection)
        return;
    pthread_mutex_lock (&self->mutex);
    if (connection->next)
        connection->next->previous = connection->previous;
    if (connection->previous)
        connection->previous->next = connection->next;
    else
        self->first = connection->next;
    self->count--;
    pthread_mutex_unlock (&self->mutex);
    free (connection);
    *connection_p = NULL;
}

void
connections_enter (connections_t *self, connection_t *connection,
    connection_phase_t phase, int64_t now_ms)
{
    pthread_mutex_lock (&self->mutex);
    bool receiving = connection->phase == CONNECTION_RECEIVING;
    if (phase != CONNECTION_RECEIVING || !receiving)
        connection->since_ms = now_ms;
    if (phase == CONNECTION_RECEIVING)
        connection->requested = true;
    connection->phase = phase;
    connection->watched = false;
    pthread_mutex_unlock (&self->mutex);
}

static uint64_t
s_received (int fd)
{
    struct tcp_info info;
    socklen_t length = sizeof info;
    memset (&info, 0, sizeof info);
    getsockopt (fd, IPPROTO_TCP, TCP_INFO, &info, &length);
    return info.tcpi_bytes_received;
}

/* libmicrohttpd says nothing before the request line is complete, so a request that is
 * dripped into a kept connection shows only in the socket's byte count. */
static void
s_watch_idle (connection_t *connection, int64_t now_ms)
{
    uint64_t received = s_received (connection->fd);
    if (connection->watched && received != connection->received) {
        connection->phase = CONNECTION_RECEIVING;
        connection->since_ms = now_ms;
    }
    connection->watched = true;
    connection->received = received;
}

/* Nobody else writes to a socket whose request is not complete; a client that does not
 * read is not waited for. */
static void
s_cut (connection_t *connection)
{
    static const char farewell[] =
        "HTTP/1.1 408 Request Timeout\r\n"
        "Content-Type: application/problem+json\r\n"
        "Connection: close\r\n"
        "Content-Length: 109\r\n\r\n"
        "{\"type\":\"/problems/too-slow\",\"title\":\"The request did not arrive in "
        "time\",\"status\":408,\"detail\":\"limit: 8 s\"}";
    if (connection->phase == CONNECTION_RECEIVING && connection->requested)
        send (
            connection->fd, farewell, sizeof farewell - 1, MSG_DONTWAIT | MSG_NOSIGNAL);
    shutdown (connection->fd, SHUT_RDWR);
    connection->cut = true;
}

size_t
connections_sweep (connections_t *self, int64_t now_ms, uint64_t *cut_by_phase)
{
    size_t cut = 0;
    pthread_mutex_lock (&self->mutex);
    for (connection_t *at = self->first; at; at = at->next) {
        if (at->cut)
            continue;
        if (at->phase == CONNECTION_IDLE)
            s_watch_idle (at, now_ms);
        if (now_ms - at->since_ms < s_limit_ms[at->phase])
            continue;
        if (cut_by_phase)
            cut_by_phase[at->phase]++;
        s_cut (at);
        cut++;
    }
    pthread_mutex_unlock (&self->mutex);
    return cut;
}

size_t
connections_count (connections_t *self)
{
    pthread_mutex_lock (&self->mutex);
    size_t count = self->count;
    pthread_mutex_unlock (&self->mutex);
    return count;
}

size_t
connections_busy (connections_t *self)
{
    size_t busy = 0;
    pthread_mutex_lock (&self->mutex);
    for (const connection_t *at = self->first; at; at = at->next)
        busy += at->phase == CONNECTION_HANDLING || at->phase == CONNECTION_SENDING ||
                at->phase == CONNECTION_STREAMING;
    pthread_mutex_unlock (&self->mutex);
    return busy;
}

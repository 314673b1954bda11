/* SPDX-License-Identifier: Apache-2.0 */
#include "actors/http/connections.h"

#include <assert.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

struct connection {
    int fd; /* borrowed from libmicrohttpd */
    address_t peer;
    address_t local;
    bool proxy;       /* the client differs from request to request */
    bool claimed;     /* client is one */
    address_t client; /* whose limit it counts against */
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
    connections_limits_t limits;
    connection_t *first;
    size_t count;                  /* in the list */
    connections_refused_t refused; /* since it was last asked for */
};

static const int64_t s_limit_ms[CONNECTION_PHASE_COUNT] = {
    [CONNECTION_RECEIVING] = CONNECTIONS_RECEIVE_LIMIT_MS,
    [CONNECTION_HANDLING] = INT64_MAX,
    [CONNECTION_SENDING] = CONNECTIONS_SEND_LIMIT_MS,
    [CONNECTION_STREAMING] = INT64_MAX,
    [CONNECTION_IDLE] = CONNECTIONS_IDLE_LIMIT_MS,
};

static const char s_too_slow[] =
    "HTTP/1.1 408 Request Timeout\r\n"
    "Content-Type: application/problem+json\r\n"
    "Connection: close\r\n"
    "Content-Length: 109\r\n\r\n"
    "{\"type\":\"/problems/too-slow\",\"title\":\"The request did not arrive in "
    "time\",\"status\":408,\"detail\":\"limit: 8 s\"}";

static const char s_too_many[] =
    "HTTP/1.1 503 Service Unavailable\r\n"
    "Content-Type: application/problem+json\r\n"
    "Connection: close\r\n"
    "Retry-After: 5\r\n"
    "Content-Length: 124\r\n\r\n"
    "{\"type\":\"/problems/overloaded\",\"title\":\"Too much is waiting already\","
    "\"status\":503,\"detail\":\"Too many connections are open.\"}";

connections_t *
connections_new (connections_limits_t limits)
{
    connections_t *self = calloc (1, sizeof *self);
    assert (self);
    self->limits = limits;
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

/* Nobody else writes to a socket whose request is not complete; a client that does not
 * read is not waited for. farewell may be NULL. */
static void
s_cut (const connections_t *self, connection_t *connection, const char *farewell)
{
    if (farewell && !self->limits.silent)
        send (connection->fd, farewell, strlen (farewell), MSG_DONTWAIT | MSG_NOSIGNAL);
    shutdown (connection->fd, SHUT_RDWR);
    connection->cut = true;
}

/* How many count, of the client or (NULL) in all. */
static size_t
s_open (const connections_t *self, const address_t *client)
{
    size_t count = 0;
    for (const connection_t *at = self->first; at; at = at->next)
        count +=
            !at->cut &&
            (!client || (at->claimed && address_same_client (&at->client, client)));
    return count;
}

static bool
s_client_full (connections_t *self, const address_t *client)
{
    if (s_open (self, client) < self->limits.per_client)
        return false;
    self->refused.per_client++;
    self->refused.last = *client;
    return true;
}

static bool
s_full (connections_t *self, const address_t *peer)
{
    if (self->count < self->limits.in_all || s_open (self, NULL) < self->limits.in_all)
        return false;
    self->refused.in_all++;
    self->refused.last = *peer;
    return true;
}

static void
s_link (connections_t *self, connection_t *connection)
{
    connection->next = self->first;
    if (self->first)
        self->first->previous = connection;
    self->first = connection;
    self->count++;
}

static address_t
s_local (int fd)
{
    struct sockaddr_storage local;
    socklen_t length = sizeof local;
    memset (&local, 0, sizeof local);
    getsockname (fd, (struct sockaddr *)&local, &length);
    return address_of_socket ((struct sockaddr *)&local);
}

connection_t *
connections_open (
    connections_t *self, int fd, const address_t *peer, bool proxy, int64_t now_ms)
{
    connection_t *connection = calloc (1, sizeof *connection);
    assert (connection);
    connection->fd = fd;
    connection->peer = connection->client = *peer;
    connection->local = s_local (fd);
    connection->proxy = proxy;
    connection->phase = CONNECTION_RECEIVING;
    connection->since_ms = now_ms;
    pthread_mutex_lock (&self->mutex);
    if (s_full (self, peer) || (!proxy && s_client_full (self, peer)))
        s_cut (self, connection, s_too_many);
    connection->claimed = !proxy;
    s_link (self, connection);
    pthread_mutex_unlock (&self->mutex);
    return connection;
}

bool
connections_claim (
    connections_t *self, connection_t *connection, const address_t *client)
{
    pthread_mutex_lock (&self->mutex);
    bool full = s_client_full (self, client);
    connection->claimed = !full;
    connection->client = *client;
    pthread_mutex_unlock (&self->mutex);
    return !full;
}

address_t
connections_peer (const connection_t *connection)
{
    return connection->peer;
}

address_t
connections_local (const connection_t *connection)
{
    return connection->local;
}

bool
connections_by_proxy (const connection_t *connection)
{
    return connection->proxy;
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
    if (phase == CONNECTION_IDLE && connection->proxy)
        connection->claimed = false;
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
        bool requested = at->phase == CONNECTION_RECEIVING && at->requested;
        s_cut (self, at, requested ? s_too_slow : NULL);
        cut++;
    }
    pthread_mutex_unlock (&self->mutex);
    return cut;
}

connections_refused_t
connections_take_refused (connections_t *self)
{
    pthread_mutex_lock (&self->mutex);
    connections_refused_t refused = self->refused;
    memset (&self->refused, 0, sizeof self->refused);
    pthread_mutex_unlock (&self->mutex);
    return refused;
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

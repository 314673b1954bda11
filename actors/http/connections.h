/* The connections of one listener: whose they are, what each is doing, since when. More
 * than a limit allows, in all or of one client, are refused with a 503. libmicrohttpd only
 * knows an idle time-out, which a client that drips a byte now and then never meets; here
 * every phase has its absolute limit, and a sweep cuts those past it (shutdown(2), so that
 * the thread that serves the connection ends by itself). Safe from any thread; time enters
 * as an argument (clock_monotonic_ms).
 *
 *   opened -> RECEIVING -> HANDLING -> SENDING or STREAMING -> IDLE -> RECEIVING -> ...
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_ACTORS_HTTP_CONNECTIONS_H
#define SASREC_ACTORS_HTTP_CONNECTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "actors/http/address.h"

typedef enum {
    CONNECTION_RECEIVING, /* accepted, or the request line is here: headers and body */
    CONNECTION_HANDLING,  /* a handler works or waits; handlers have deadlines */
    CONNECTION_SENDING,
    CONNECTION_STREAMING, /* may last; a stalled client meets the idle time-out */
    CONNECTION_IDLE,      /* kept alive between requests */
    CONNECTION_PHASE_COUNT
} connection_phase_t;

#define CONNECTIONS_RECEIVE_LIMIT_MS 8000
#define CONNECTIONS_IDLE_LIMIT_MS    75000 /* proxies keep theirs for 60 s */
#define CONNECTIONS_SEND_LIMIT_MS    60000

typedef struct {
    size_t in_all;
    size_t per_client; /* address_same_client */
    bool silent;       /* TLS: who is cut is not told why, it would not be understood */
} connections_limits_t;

typedef struct {
    uint64_t in_all; /* refused by this limit ... */
    uint64_t per_client;
    address_t last; /* whose connection was the last of them */
} connections_refused_t;

typedef struct connections connections_t;
typedef struct connection connection_t;

connections_t *connections_new (connections_limits_t limits);
void connections_destroy (connections_t **self_p); /* every connection must be closed */

/* fd is borrowed until connections_close, which must come before the fd is closed. A
 * connection past a limit is told so, is shut down, and counts no more. proxy: the client
 * is not the peer but whom connections_claim names with each request. */
connection_t *connections_open (
    connections_t *self, int fd, const address_t *peer, bool proxy, int64_t now_ms);
void connections_close (connections_t *self, connection_t **connection_p);

/* The request that a proxy passes on is this client's, until the connection is IDLE.
 * False: the client has as many as it may. */
bool connections_claim (
    connections_t *self, connection_t *connection, const address_t *client);

/* Where the connection comes from, and the end of ours that it reached. */
address_t connections_peer (const connection_t *connection);
address_t connections_local (const connection_t *connection);
bool connections_by_proxy (const connection_t *connection);

/* The first RECEIVING of a connection counts from its acceptance. */
void connections_enter (connections_t *self, connection_t *connection,
    connection_phase_t phase, int64_t now_ms);

/* Cuts connections past their limit; one that is RECEIVING a request is told so with a
 * 408 first. An idle one whose socket has received something since the last sweep is
 * receiving. Returns how many were cut, cut_by_phase (of CONNECTION_PHASE_COUNT, may be
 * NULL) adds them up. Call it every second or more often. */
size_t connections_sweep (connections_t *self, int64_t now_ms, uint64_t *cut_by_phase);

/* What was refused since the last call. */
connections_refused_t connections_take_refused (connections_t *self);

size_t connections_count (connections_t *self);
size_t connections_busy (connections_t *self); /* handling, sending or streaming */

#endif

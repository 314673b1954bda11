/* The connections of one listener and what each is doing, since when. libmicrohttpd only
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

#include <stddef.h>
#include <stdint.h>

typedef enum {
    CONNECTION_RECEIVING, /* accepted, or the request line is here: headers and body */
    CONNECTION_HANDLING,  /* a handler works or waits; handlers have deadlines */
    CONNECTION_SENDING,
    CONNECTION_STREAMING, /* may last; a stalled client meets the idle time-out */
    CONNECTION_IDLE,      /* kept alive between requests */
    CONNECTION_PHASE_COUNT
} connection_phase_t;

#define CONNECTIONS_RECEIVE_LIMIT_MS 8000
#define CONNECTIONS_IDLE_LIMIT_MS    45000
#define CONNECTIONS_SEND_LIMIT_MS    60000

typedef struct connections connections_t;
typedef struct connection connection_t;

connections_t *connections_new (void);
void connections_destroy (connections_t **self_p); /* every connection must be closed */

/* fd is borrowed until connections_close, which must come before the fd is closed. */
connection_t *connections_open (connections_t *self, int fd, int64_t now_ms);
void connections_close (connections_t *self, connection_t **connection_p);

/* The first RECEIVING of a connection counts from its acceptance. */
void connections_enter (connections_t *self, connection_t *connection,
    connection_phase_t phase, int64_t now_ms);

/* Cuts connections past their limit; one that is RECEIVING a request is told so with a
 * 408 first. An idle one whose socket has received something since the last sweep is
 * receiving. Returns how many were cut, cut_by_phase (of CONNECTION_PHASE_COUNT, may be
 * NULL) adds them up. Call it every second or more often. */
size_t connections_sweep (connections_t *self, int64_t now_ms, uint64_t *cut_by_phase);

size_t connections_count (connections_t *self);
size_t connections_busy (connections_t *self); /* handling, sending or streaming */

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#include "store/pgwait.h"

#include <errno.h>
#include <poll.h>
#include <stdatomic.h>

#include "base/clock.h"

#define SLICE_MS    100 /* after which a wait looks whether the process stops */
#define PATIENCE_MS 700 /* with a silent server, once it does */

static _Atomic int64_t s_end_ms = PGWAIT_FOREVER;
static _Atomic int64_t s_begin_ms; /* of the stopping */

void
pgwait_end_by (int64_t deadline_ms)
{
    atomic_store (&s_begin_ms, clock_monotonic_ms ());
    atomic_store (&s_end_ms, deadline_ms);
}

bool
pgwait_ending (void)
{
    return atomic_load (&s_end_ms) != PGWAIT_FOREVER;
}

static int64_t
s_earlier (int64_t deadline_ms)
{
    int64_t end_ms = atomic_load (&s_end_ms);
    return deadline_ms < end_ms ? deadline_ms : end_ms;
}

bool
pgwait_late (int64_t deadline_ms)
{
    return clock_monotonic_ms () >= s_earlier (deadline_ms);
}

/* At most a slice. */
static int
s_left_ms (int64_t deadline_ms)
{
    if (deadline_ms == PGWAIT_FOREVER)
        return SLICE_MS;
    int64_t left = deadline_ms - clock_monotonic_ms ();
    return left < 0 ? 0 : left > SLICE_MS ? SLICE_MS : (int)left;
}

/* A wait that began at start_ms. */
static int64_t
s_limit_ms (int64_t deadline_ms, int64_t start_ms)
{
    if (!pgwait_ending ())
        return deadline_ms;
    int64_t begin_ms = atomic_load (&s_begin_ms);
    int64_t silent_ms = (start_ms > begin_ms ? start_ms : begin_ms) + PATIENCE_MS;
    deadline_ms = s_earlier (deadline_ms);
    return deadline_ms < silent_ms ? deadline_ms : silent_ms;
}

/* The events that came; 0 when too late or the socket is gone. */
static short
s_poll (PGconn *conn, short events, int64_t deadline_ms)
{
    struct pollfd item = {.fd = PQsocket (conn), .events = events};
    int64_t start_ms = clock_monotonic_ms ();
    if (item.fd < 0)
        return 0;
    for (;;) {
        int64_t limit_ms = s_limit_ms (deadline_ms, start_ms);
        int ready = poll (&item, 1, s_left_ms (limit_ms));
        if (ready > 0)
            return item.revents;
        if ((ready == 0 && clock_monotonic_ms () >= limit_ms) ||
            (ready < 0 && errno != EINTR))
            return 0;
    }
}

bool
pgwait_pending (PGconn *conn)
{
    return s_poll (conn, POLLIN, 0) != 0;
}

bool
pgwait_can_read (PGconn *conn, int64_t deadline_ms)
{
    return s_poll (conn, POLLIN, deadline_ms) != 0;
}

bool
pgwait_can_write (PGconn *conn, int64_t deadline_ms)
{
    return s_poll (conn, POLLOUT, deadline_ms) != 0;
}

int
pgwait_writable (PGconn *conn, int64_t deadline_ms)
{
    short events = s_poll (conn, POLLIN | POLLOUT, deadline_ms);
    if (!events)
        return -1;
    /* The server may stop reading until its own output is read. */
    if ((events & ~POLLOUT) && !PQconsumeInput (conn))
        return -1;
    return 0;
}

int
pgwait_readable (PGconn *conn, int64_t deadline_ms)
{
    return s_poll (conn, POLLIN, deadline_ms) && PQconsumeInput (conn) ? 0 : -1;
}

int
pgwait_flush (PGconn *conn, int64_t deadline_ms)
{
    int pending;
    while ((pending = PQflush (conn)) > 0)
        if (pgwait_writable (conn, deadline_ms))
            return -1;
    return pending;
}

PGresult *
pgwait_result (PGconn *conn, int64_t deadline_ms)
{
    while (PQisBusy (conn)) {
        if (!s_poll (conn, POLLIN, deadline_ms))
            return NULL;
        if (!PQconsumeInput (conn))
            break; /* PQgetResult says why */
    }
    return PQgetResult (conn);
}

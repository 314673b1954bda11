/* SPDX-License-Identifier: Apache-2.0 */
#include "store/pgwait.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>

#include "base/clock.h"

static int
s_left_ms (int64_t deadline_ms)
{
    if (deadline_ms == PGWAIT_FOREVER)
        return -1;
    int64_t left = deadline_ms - clock_monotonic_ms ();
    return left < 0 ? 0 : left > INT_MAX ? INT_MAX : (int)left;
}

/* The events that came; 0 when too late or the socket is gone. */
static short
s_poll (PGconn *conn, short events, int64_t deadline_ms)
{
    struct pollfd item = {.fd = PQsocket (conn), .events = events};
    if (item.fd < 0)
        return 0;
    for (;;) {
        int ready = poll (&item, 1, s_left_ms (deadline_ms));
        if (ready > 0)
            return item.revents;
        if (ready == 0 || errno != EINTR)
            return 0;
    }
}

bool
pgwait_pending (PGconn *conn)
{
    return s_poll (conn, POLLIN, 0) != 0;
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

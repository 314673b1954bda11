/* SPDX-License-Identifier: Apache-2.0 */
#include "store/connect.h"

#include <assert.h>
#include <netdb.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "store/pgwait.h"

#define ADDRESS_SIZE  NI_MAXHOST
#define ADDRESS_LIMIT 8 /* of one host */

typedef char address_t[ADDRESS_SIZE];

/* 0, as libpq's, means as long as it takes. */
static int64_t
s_deadline_ms (const conninfo_t *conninfo)
{
    const char *text = conninfo_get (conninfo, "connect_timeout");
    int seconds = text ? atoi (text) : 0;
    return seconds > 0 ? clock_monotonic_ms () + INT64_C (1000) * seconds
                       : PGWAIT_FOREVER;
}

/* True: it came to an end, good or bad. libpq goes from one address of the host to the
 * next by itself when one refuses. */
static bool
s_finish (PGconn *conn, int64_t deadline_ms)
{
    PostgresPollingStatusType next = PGRES_POLLING_WRITING;
    while (PQstatus (conn) != CONNECTION_BAD && next != PGRES_POLLING_OK) {
        bool came = next == PGRES_POLLING_READING
                        ? pgwait_can_read (conn, deadline_ms)
                        : pgwait_can_write (conn, deadline_ms);
        if (!came)
            return false;
        next = PQconnectPoll (conn);
        if (next == PGRES_POLLING_FAILED)
            return true;
    }
    return true;
}

/* The addresses after the one that gave no answer. */
static size_t
s_addresses_after (const PGconn *conn, address_t addresses[ADDRESS_LIMIT])
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *all = NULL;
    const char *silent = PQhostaddr (conn);
    size_t count = 0;
    bool passed = false;
    address_t text;
    if (!silent || !*silent || getaddrinfo (PQhost (conn), NULL, &hints, &all))
        return 0;
    for (struct addrinfo *at = all; at && count < ADDRESS_LIMIT; at = at->ai_next) {
        if (getnameinfo (at->ai_addr, at->ai_addrlen, text, sizeof text, NULL, 0,
                NI_NUMERICHOST))
            continue;
        if (passed)
            memcpy (addresses[count++], text, sizeof text);
        passed = passed || strcmp (text, silent) == 0;
    }
    freeaddrinfo (all);
    return count;
}

static bool
s_is_simple (const conninfo_t *conninfo)
{
    const char *host = conninfo_get (conninfo, "host");
    const char *address = conninfo_get (conninfo, "hostaddr");
    return !(host && strchr (host, ',')) && !(address && strchr (address, ','));
}

static PGconn *
s_try_others (const conninfo_t *conninfo, PGconn *silent)
{
    address_t addresses[ADDRESS_LIMIT];
    size_t count =
        conninfo_get (conninfo, "hostaddr") ? 0 : s_addresses_after (silent, addresses);
    PGconn *conn = silent;
    for (size_t i = 0; i < count && !pgwait_ending (); i++) {
        PQfinish (conn);
        conn = conninfo_start (conninfo, addresses[i]);
        assert (conn);
        if (s_finish (conn, s_deadline_ms (conninfo)))
            break;
    }
    return conn;
}

PGconn *
connect_open (const conninfo_t *conninfo)
{
    if (!s_is_simple (conninfo))
        return conninfo_connect (conninfo);
    PGconn *conn = conninfo_start (conninfo, NULL);
    assert (conn);
    return s_finish (conn, s_deadline_ms (conninfo)) ? conn
                                                     : s_try_others (conninfo, conn);
}

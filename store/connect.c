/* SPDX-License-Identifier: Apache-2.0 */
#include "store/connect.h"

#include <assert.h>
#include <netdb.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/strbuf.h"
#include "store/pgwait.h"

#define ADDRESS_SIZE 256 /* of a name, an address, a socket's folder */
#define PORT_SIZE    8
#define HOST_LIMIT   16 /* in a list */

/* Where the server may be: an entry of the lists of a connection string. */
typedef struct {
    char host[ADDRESS_SIZE];
    char address[ADDRESS_SIZE]; /* "": by the host's name */
    char port[PORT_SIZE];
} place_t;

typedef struct {
    place_t list[HOST_LIMIT];
    size_t count;
} places_t;

/* 0, as libpq's, means as long as it takes. */
static int64_t
s_deadline_ms (const conninfo_t *conninfo)
{
    const char *text = conninfo_get (conninfo, "connect_timeout");
    int seconds = text ? atoi (text) : 0;
    return seconds > 0 ? clock_monotonic_ms () + INT64_C (1000) * seconds
                       : PGWAIT_FOREVER;
}

/* Where it is trying now. */
static place_t
s_place (const PGconn *conn)
{
    place_t place = {"", "", ""};
    const char *host = PQhost (conn), *address = PQhostaddr (conn);
    snprintf (place.host, sizeof place.host, "%s", host ? host : "");
    snprintf (place.address, sizeof place.address, "%s", address ? address : "");
    snprintf (place.port, sizeof place.port, "%s", PQport (conn));
    return place;
}

static bool
s_same (const place_t *a, const place_t *b)
{
    return strcmp (a->host, b->host) == 0 && strcmp (a->port, b->port) == 0 &&
           strcmp (a->address, b->address) == 0;
}

/* True: it came to an end, good or bad. libpq goes on to the next address or host by
 * itself when one refuses, but waits for ever for one that says nothing. */
static bool
s_finish (PGconn *conn, const conninfo_t *conninfo)
{
    PostgresPollingStatusType next = PGRES_POLLING_WRITING;
    int64_t deadline_ms = s_deadline_ms (conninfo);
    place_t before = s_place (conn);
    while (PQstatus (conn) != CONNECTION_BAD && next != PGRES_POLLING_OK) {
        bool came = next == PGRES_POLLING_READING
                        ? pgwait_can_read (conn, deadline_ms)
                        : pgwait_can_write (conn, deadline_ms);
        if (!came)
            return false;
        next = PQconnectPoll (conn);
        if (next == PGRES_POLLING_FAILED)
            return true;
        place_t now = s_place (conn);
        if (!s_same (&before, &now))
            deadline_ms = s_deadline_ms (conninfo);
        before = now;
    }
    return true;
}

/* The next entry of a list; a list of one counts for all of them. */
static void
s_take (const char **list, char *entry, size_t size)
{
    size_t length = *list ? strcspn (*list, ",") : 0;
    snprintf (entry, size, "%.*s", (int)length, *list ? *list : "");
    if (*list && (*list)[length] == ',')
        *list += length + 1;
}

static size_t
s_entries (const char *list)
{
    size_t count = list ? 1 : 0;
    for (; list && *list; list++)
        count += *list == ',';
    return count;
}

/* libpq has checked that the lists fit together. */
static places_t
s_places (const conninfo_t *conninfo, const PGconn *conn)
{
    places_t places = {.count = 0};
    const char *host = conninfo_get (conninfo, "host");
    const char *address = conninfo_get (conninfo, "hostaddr");
    const char *port = conninfo_get (conninfo, "port");
    size_t count = s_entries (address ? address : host);
    for (; places.count < count && places.count < HOST_LIMIT; places.count++) {
        place_t *place = &places.list[places.count];
        s_take (&host, place->host, sizeof place->host);
        s_take (&address, place->address, sizeof place->address);
        s_take (&port, place->port, sizeof place->port);
    }
    if (count == 0) { /* by the environment */
        places.list[places.count++] = s_place (conn);
        places.list[0].address[0] = 0;
    }
    return places;
}

/* What the name of the host leads to behind this address; false: nothing. */
static bool
s_next_address (const char *host, char address[ADDRESS_SIZE])
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *all = NULL;
    bool passed = false, found = false;
    char text[ADDRESS_SIZE];
    if (!*host || getaddrinfo (host, NULL, &hints, &all))
        return false;
    for (struct addrinfo *at = all; at && !found; at = at->ai_next) {
        if (getnameinfo (at->ai_addr, at->ai_addrlen, text, sizeof text, NULL, 0,
                NI_NUMERICHOST))
            continue;
        found = passed;
        passed = passed || strcmp (text, address) == 0;
    }
    freeaddrinfo (all);
    if (found)
        memcpy (address, text, ADDRESS_SIZE);
    return found;
}

static bool
s_is_at (const place_t *place, const place_t *silent)
{
    const char *host = *place->host ? place->host : place->address;
    const char *port = *place->port ? place->port : silent->port;
    return strcmp (host, silent->host) == 0 && strcmp (port, silent->port) == 0 &&
           (!*place->address || strcmp (place->address, silent->address) == 0);
}

/* Leaves out the one that said nothing, and nothing else: those before it are asked again,
 * for what libpq wants of a server (target_session_attrs) may depend on all. The host's
 * other addresses come in its place, unless the string named one. False: none is left. */
static bool
s_leave_out (places_t *self, const place_t *silent, const char *named)
{
    size_t at = 0;
    while (at < self->count && !s_is_at (&self->list[at], silent))
        at++;
    if (at == self->count)
        return false;
    place_t *place = &self->list[at];
    char address[ADDRESS_SIZE];
    memcpy (address, silent->address, sizeof address);
    if (!named && s_next_address (place->host, address)) {
        memcpy (place->address, address, sizeof address);
        return true;
    }
    self->count--;
    memmove (place, place + 1, (self->count - at) * sizeof *place);
    return self->count > 0;
}

static PGconn *
s_start (const conninfo_t *conninfo, const places_t *places)
{
    strbuf_t hosts = STRBUF_EMPTY, addresses = STRBUF_EMPTY, ports = STRBUF_EMPTY;
    for (size_t i = 0; i < places->count; i++) {
        const char *comma = i > 0 ? "," : "";
        strbuf_addf (&hosts, "%s%s", comma, places->list[i].host);
        strbuf_addf (&addresses, "%s%s", comma, places->list[i].address);
        strbuf_addf (&ports, "%s%s", comma, places->list[i].port);
    }
    PGconn *conn = conninfo_start (
        conninfo, &(conninfo_hosts_t){hosts.data, addresses.data, ports.data});
    strbuf_free (&hosts);
    strbuf_free (&addresses);
    strbuf_free (&ports);
    return conn;
}

PGconn *
connect_open (const conninfo_t *conninfo)
{
    const char *named = conninfo_get (conninfo, "hostaddr");
    PGconn *conn = conninfo_start (conninfo, NULL);
    assert (conn);
    bool done = s_finish (conn, conninfo);
    places_t places = s_places (conninfo, conn);
    while (!done && !pgwait_ending ()) {
        place_t silent = s_place (conn);
        if (!s_leave_out (&places, &silent, named))
            break;
        PQfinish (conn);
        conn = s_start (conninfo, &places);
        assert (conn);
        done = s_finish (conn, conninfo);
    }
    return conn;
}

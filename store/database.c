/* Makes sure that the database itself is there. SPDX-License-Identifier: Apache-2.0 */
#include "store/database.h"

#include <libpq-fe.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"

/* name NULL: the database that conninfo names. */
static PGconn *
s_open (const char *conninfo, const char *name)
{
    const char *keys[] = {"connect_timeout", "dbname", name ? "dbname" : NULL, NULL};
    const char *values[] = {"3", conninfo, name, NULL};
    return PQconnectdbParams (keys, values, 1);
}

static bool
s_is_open (const PGconn *conn)
{
    return PQstatus (conn) == CONNECTION_OK;
}

/* What is left of libpq's text when the place, which we name ourselves, is taken off. */
static void
s_explain (const char *conninfo, const PGconn *conn, char error[160])
{
    const char *keys[] = {"connect_timeout", "dbname", NULL};
    const char *values[] = {"3", conninfo, NULL};
    const char *text = PQerrorMessage (conn);
    const char *failed = strstr (text, "failed: ");
    if (failed)
        text = failed + strlen ("failed: ");
    int length = (int)strcspn (text, "\n");
    if (length > 80)
        length = 80;
    const char *host = PQhost (conn) ? PQhost (conn) : "";
    const char *port = PQport (conn) ? PQport (conn) : "";
    PGPing ping = PQpingParams (keys, values, 1);
    if (ping == PQPING_NO_RESPONSE)
        snprintf (error, 160,
            "cannot reach PostgreSQL at %.40s:%s: %.*s; is it running?", host, port,
            length, text);
    else
        snprintf (error, 160, "PostgreSQL at %.40s:%s refused: %.*s", host, port,
            length, text);
}

static bool
s_exists (PGconn *conn, const char *name)
{
    PGresult *result = PQexecParams (conn, "SELECT FROM pg_database WHERE datname = $1",
        1, NULL, &name, NULL, NULL, 0);
    bool found = PQresultStatus (result) == PGRES_TUPLES_OK && PQntuples (result) > 0;
    PQclear (result);
    return found;
}

static bool
s_create_as (PGconn *conn, const char *name, const char *options)
{
    char sql[400];
    char *quoted = PQescapeIdentifier (conn, name, strlen (name));
    if (!quoted)
        return false;
    snprintf (sql, sizeof sql,
        "CREATE DATABASE %s TEMPLATE template0 ENCODING 'UTF8'%s", quoted, options);
    PQfreemem (quoted);
    PGresult *result = PQexec (conn, sql);
    bool done = PQresultStatus (result) == PGRES_COMMAND_OK;
    PQclear (result);
    return done;
}

/* The server's own locale may not go with UTF-8; "C" goes with everything. Somebody
 * else may create it at the same time: what counts is that it is there. */
static int
s_create (PGconn *conn, const char *name, char error[160])
{
    char reason[100];
    bool done = s_create_as (conn, name, "");
    snprintf (reason, sizeof reason, "%.*s", (int)strcspn (PQerrorMessage (conn), "\n"),
        PQerrorMessage (conn));
    if (!done && !s_exists (conn, name))
        done = s_create_as (conn, name, " LC_COLLATE 'C' LC_CTYPE 'C'");
    if (done)
        log_info ("migrate.database_created", log_str ("name", name));
    if (done || s_exists (conn, name))
        return 0;
    snprintf (error, 160, "cannot create the database %.40s: %.90s", name, reason);
    return -1;
}

int
database_ensure (const char *conninfo, char error[160])
{
    static const char *const maintenance[] = {"postgres", "template1"};
    PGconn *conn = s_open (conninfo, NULL);
    int rc = s_is_open (conn) ? 0 : -1;
    if (rc)
        s_explain (conninfo, conn, error);
    const char *name = PQdb (conn);
    bool done = rc == 0 || !name;
    for (size_t i = 0; !done && i < 2; i++) {
        PGconn *other = s_open (conninfo, maintenance[i]);
        done = s_is_open (other);
        if (done && !s_exists (other, name))
            rc = s_create (other, name, error);
        PQfinish (other);
    }
    PQfinish (conn);
    return rc;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "store/database.h"

#include <libpq-fe.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "store/conninfo.h"

static bool
s_is_open (const PGconn *conn)
{
    return PQstatus (conn) == CONNECTION_OK;
}

/* What is left of libpq's text when the place, which we name ourselves, is taken off. */
static void
s_explain (const conninfo_t *conninfo, const PGconn *conn, char error[160])
{
    const char *text = PQerrorMessage (conn);
    const char *failed = strstr (text, "failed: ");
    if (failed)
        text = failed + strlen ("failed: ");
    int length = (int)strcspn (text, "\n");
    if (length > 80)
        length = 80;
    const char *host = PQhost (conn) ? PQhost (conn) : "";
    const char *port = PQport (conn) ? PQport (conn) : "";
    PGPing ping = conninfo_ping (conninfo);
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

static int
s_ensure (conninfo_t *conninfo, char error[160])
{
    static const char *const maintenance[] = {"postgres", "template1"};
    PGconn *conn = conninfo_connect (conninfo);
    int rc = s_is_open (conn) ? 0 : -1;
    if (rc)
        s_explain (conninfo, conn, error);
    const char *name = PQdb (conn);
    bool done = rc == 0 || !name;
    for (size_t i = 0; !done && i < 2; i++) {
        conninfo_set (conninfo, "dbname", maintenance[i]);
        PGconn *other = conninfo_connect (conninfo);
        done = s_is_open (other);
        if (done && !s_exists (other, name))
            rc = s_create (other, name, error);
        PQfinish (other);
    }
    PQfinish (conn);
    return rc;
}

int
database_ensure (const char *text, char error[160])
{
    conninfo_t *conninfo = conninfo_parse (text, error);
    int rc = conninfo ? s_ensure (conninfo, error) : -1;
    conninfo_destroy (&conninfo);
    return rc;
}

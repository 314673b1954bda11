/* SPDX-License-Identifier: Apache-2.0 */
#include "store/session.h"

#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/strbuf.h"
#include "store/connect.h"
#include "store/conninfo.h"
#include "store/pgwait.h"
#include "store/pooled.h"
#include "store/sqlstate.h"

#define GRACE_MS       1000 /* the server's own time-out should come first */
#define PREPARED_LIMIT 96
#define PLAN_MS        1000 /* a plan is good for the table as it was then */
#define PARAM_LIMIT    16

struct session {
    PGconn *conn;   /* non-blocking */
    char *settings; /* pooled: goes with each statement */
    int timeout_ms; /* of a statement; 0: none */
    int64_t end_ms; /* of all of them */
    const db_statement_t *prepared[PREPARED_LIMIT]; /* known to the server */
    size_t prepared_count;                          /* of those */
    int64_t plan_ms;                                /* when they were planned anew */
    char error[SESSION_ERROR_SIZE];                 /* the last failure */
};

static void
s_ignore_notice (void *context, const PGresult *result)
{
    (void)context;
    (void)result;
}

static void
s_add_setting (strbuf_t *sql, const char *name, const char *expression, bool pooled)
{
    strbuf_addf (sql, "%s set_config ('%s', %s, %s)", sql->length ? "," : "SELECT",
        name, expression, pooled ? "true" : "false");
}

/* enable_bitmapscan: only plain index scans leave marks on dead entries, and without them
 * the small indexes on what is pending are walked through all that has ended since the
 * last vacuum (0.1 s instead of 0.1 ms after 200,000 requests).
 * enable_seqscan: a plan stays for a second (s_plan_anew), in which a small table can grow
 * to one that must not be read as a whole.
 * synchronous_commit: an accepted request must survive a power cut, so a server-wide
 * "off" is not for us, while anything stricter is left alone. */
static char *
s_settings (
    session_t *self, const session_args_t *args, const char *schema, bool pooled)
{
    static const char *const fixed[][2] = {
        {"idle_in_transaction_session_timeout", "'60s'"},
        {"timezone", "'UTC'"},
        {"datestyle", "'ISO'"},
        {"jit", "'off'"},
        {"enable_bitmapscan", "'off'"},
        {"synchronous_commit", "coalesce (nullif (current_setting "
                               "('synchronous_commit'), 'off'), 'on')"},
    };
    strbuf_t sql = STRBUF_EMPTY;
    char number[16];
    snprintf (number, sizeof number, "'%d'", args->timeout_ms);
    s_add_setting (&sql, "statement_timeout", number, pooled);
    snprintf (number, sizeof number, "'%d'",
        args->lock_timeout_ms ? args->lock_timeout_ms : 30000);
    s_add_setting (&sql, "lock_timeout", number, pooled);
    for (size_t i = 0; i < sizeof fixed / sizeof *fixed; i++)
        s_add_setting (&sql, fixed[i][0], fixed[i][1], pooled);
    if (args->by_index)
        s_add_setting (&sql, "enable_seqscan", "'off'", pooled);
    char *name =
        schema ? PQescapeIdentifier (self->conn, schema, strlen (schema)) : NULL;
    char *path = name ? PQescapeLiteral (self->conn, name, strlen (name)) : NULL;
    if (path)
        s_add_setting (&sql, "search_path", path, pooled);
    PQfreemem (path);
    PQfreemem (name);
    return strbuf_take (&sql);
}

/* libpq's messages have several lines; the first says what. */
static void
s_set_error (session_t *self, const char *text)
{
    size_t length = strcspn (text, "\n");
    if (length >= sizeof self->error)
        length = sizeof self->error - 1;
    memcpy (self->error, text, length);
    self->error[length] = 0;
}

/* Of a connection that was given up libpq says with whom, and then nothing. */
static void
s_complete_error (session_t *self)
{
    size_t length = strlen (self->error);
    if (length == 0 || self->error[length - 1] == ' ')
        snprintf (
            self->error + length, sizeof self->error - length, "no answer in time");
}

/* Bytes that are not UTF-8 would come and go unseen, or not at all. */
static bool
s_is_utf8 (session_t *self)
{
    const char *encoding = PQparameterStatus (self->conn, "server_encoding");
    if (!encoding || strcmp (encoding, "UTF8") == 0)
        return true;
    snprintf (self->error, sizeof self->error,
        "database %.40s has the encoding %.16s; make one with CREATE DATABASE ... "
        "ENCODING 'UTF8' TEMPLATE template0",
        PQdb (self->conn), encoding);
    return false;
}

/* A pooler has a number of its own for each client. */
static db_status_t
s_is_pooled (session_t *self, bool *pooled)
{
    PGresult *result = NULL;
    db_status_t status =
        session_exec (self, "SELECT pg_backend_pid ()", 0, NULL, &result);
    *pooled = result && atoi (PQgetvalue (result, 0, 0)) != PQbackendPID (self->conn);
    PQclear (result);
    return status;
}

static bool
s_set_up (session_t *self, const session_args_t *args, const char *schema)
{
    bool pooled;
    if (!s_is_utf8 (self) || s_is_pooled (self, &pooled) != DB_OK)
        return false;
    char *settings = s_settings (self, args, schema, pooled);
    if (pooled) {
        self->settings = settings;
        return true;
    }
    bool set = session_script (self, settings) == DB_OK;
    free (settings);
    return set;
}

static bool
s_open (session_t *self, conninfo_t *conninfo, const session_args_t *args)
{
    if (!conninfo_get (conninfo, "application_name"))
        conninfo_set (conninfo, "application_name", args->application);
    conninfo_set (conninfo, "client_encoding", "UTF8");
    self->conn = connect_open (conninfo);
    PQsetNoticeReceiver (self->conn, s_ignore_notice, NULL);
    if (PQstatus (self->conn) != CONNECTION_OK || PQsetnonblocking (self->conn, 1)) {
        s_set_error (self, PQerrorMessage (self->conn));
        s_complete_error (self);
        return false;
    }
    return s_set_up (self, args, conninfo_schema (conninfo));
}

session_t *
session_new (const session_args_t *args, char error[SESSION_ERROR_SIZE])
{
    conninfo_t *conninfo = conninfo_parse (args->conninfo, error);
    if (!conninfo)
        return NULL;
    session_t *self = calloc (1, sizeof *self);
    assert (self);
    self->timeout_ms = args->timeout_ms;
    self->end_ms = PGWAIT_FOREVER;
    if (!s_open (self, conninfo, args)) {
        memcpy (error, self->error, SESSION_ERROR_SIZE);
        session_destroy (&self);
    }
    conninfo_destroy (&conninfo);
    return self;
}

void
session_destroy (session_t **self_p)
{
    session_t *self = *self_p;
    if (!self)
        return;
    PQfinish (self->conn);
    free (self->settings);
    free (self);
    *self_p = NULL;
}

const char *
session_error (const session_t *self)
{
    return self->error;
}

void
session_end_by (session_t *self, int64_t deadline_ms)
{
    self->end_ms = deadline_ms;
}

PGconn *
session_raw (session_t *self)
{
    return self->conn;
}

/* A server that closes first says why: the words come before the end of the stream. */
bool
session_alive (session_t *self)
{
    while (pgwait_pending (self->conn))
        if (!PQconsumeInput (self->conn) || PQstatus (self->conn) != CONNECTION_OK) {
            s_set_error (self, PQerrorMessage (self->conn));
            return false;
        }
    return true;
}

/* The last result of a statement or script, or the first that failed; a COPY that began
 * ends it too. NULL: none came before the deadline, or the connection is gone. */
static PGresult *
s_last_result (session_t *self, int64_t deadline_ms)
{
    PGresult *last = NULL;
    PGresult *next;
    while ((next = pgwait_result (self->conn, deadline_ms))) {
        ExecStatusType kind = PQresultStatus (next);
        if (last && PQresultStatus (last) == PGRES_FATAL_ERROR) {
            PQclear (next);
            continue;
        }
        PQclear (last);
        last = next;
        if (kind == PGRES_COPY_IN || kind == PGRES_COPY_OUT)
            return last;
    }
    if (PQstatus (self->conn) == CONNECTION_OK &&
        PQtransactionStatus (self->conn) == PQTRANS_ACTIVE) {
        PQclear (last); /* not all of it came */
        return NULL;
    }
    return last;
}

static db_status_t
s_failure (session_t *self, const PGresult *result)
{
    const char *text = PQresultErrorField (result, PG_DIAG_MESSAGE_PRIMARY);
    s_set_error (self, text ? text : PQresultErrorMessage (result));
    if (PQstatus (self->conn) != CONNECTION_OK)
        return DB_AWAY;
    db_status_t status =
        sqlstate_status (PQresultErrorField (result, PG_DIAG_SQLSTATE));
    /* Said by a function (an owner's trigger), not by the server about itself. */
    if (status == DB_AWAY && PQresultErrorField (result, PG_DIAG_CONTEXT))
        status = DB_REFUSED;
    return status;
}

/* Reads the outcome of what was queued (queued: what PQsend... returned). */
static db_status_t
s_read (session_t *self, int queued, PGresult **result_p)
{
    int64_t deadline_ms = self->timeout_ms > 0
                              ? clock_monotonic_ms () + self->timeout_ms + GRACE_MS
                              : PGWAIT_FOREVER;
    if (deadline_ms > self->end_ms)
        deadline_ms = self->end_ms;
    if (!queued) {
        s_set_error (self, PQerrorMessage (self->conn));
        return DB_AWAY;
    }
    PGresult *result = NULL;
    /* What the server said before it closed the connection is worth more than EPIPE. */
    if (pgwait_flush (self->conn, deadline_ms) == 0 ||
        PQstatus (self->conn) != CONNECTION_OK)
        result = PQpipelineStatus (self->conn) == PQ_PIPELINE_OFF
                     ? s_last_result (self, deadline_ms)
                     : pooled_result (self->conn, deadline_ms);
    if (!result) {
        const char *text = PQerrorMessage (self->conn);
        s_set_error (self, *text ? text : "no answer from PostgreSQL in time");
        return DB_AWAY;
    }
    if (PQresultStatus (result) == PGRES_FATAL_ERROR) {
        db_status_t status = s_failure (self, result);
        PQclear (result);
        return status;
    }
    if (result_p)
        *result_p = result;
    else
        PQclear (result);
    return DB_OK;
}

/* A failed statement leaves its transaction open and useless: end it. */
static db_status_t
s_run (session_t *self, int queued, PGresult **result_p)
{
    db_status_t status = s_read (self, queued, result_p);
    if (status != DB_OK && status != DB_AWAY &&
        PQtransactionStatus (self->conn) == PQTRANS_INERROR) {
        char error[SESSION_ERROR_SIZE];
        memcpy (error, self->error, sizeof error);
        if (s_read (self, PQsendQuery (self->conn, "ROLLBACK"), NULL) != DB_OK)
            status = DB_AWAY;
        memcpy (self->error, error, sizeof error);
    }
    return status;
}

/* Inside a transaction the settings are there already. */
static bool
s_needs_settings (const session_t *self)
{
    return self->settings && PQtransactionStatus (self->conn) == PQTRANS_IDLE;
}

static db_status_t
s_send (session_t *self, const pooled_statement_t *statement, PGresult **result_p)
{
    int queued = s_needs_settings (self)
                     ? pooled_send (self->conn, self->settings, statement)
                     : PQsendQueryParams (self->conn, statement->sql, statement->count,
                           NULL, statement->values, statement->lengths,
                           statement->formats, statement->binary_result);
    return s_run (self, queued, result_p);
}

db_status_t
session_exec (session_t *self, const char *sql, int count, const char *const *values,
    PGresult **result_p)
{
    pooled_statement_t statement = {.sql = sql, .count = count, .values = values};
    return s_send (self, &statement, result_p);
}

/* Of a script, all up to its own BEGIN is one transaction with what follows. */
db_status_t
session_script (session_t *self, const char *sql)
{
    strbuf_t all = STRBUF_EMPTY;
    if (s_needs_settings (self))
        strbuf_addf (&all, "%s;", self->settings);
    strbuf_add (&all, sql);
    db_status_t status = s_run (self, PQsendQuery (self->conn, all.data), NULL);
    strbuf_free (&all);
    return status;
}

/* A plan that was made while the table was small can be one that reads all of it for each
 * row (a join the wrong way round: 500 results took two seconds once there were 100,000),
 * and it would stay until the server's next ANALYZE. */
static db_status_t
s_plan_anew (session_t *self)
{
    int64_t now_ms = clock_monotonic_ms ();
    if (now_ms < self->plan_ms + PLAN_MS ||
        PQtransactionStatus (self->conn) != PQTRANS_IDLE)
        return DB_OK;
    self->plan_ms = now_ms;
    return self->prepared_count > 0
               ? s_run (self, PQsendQuery (self->conn, "DISCARD PLANS"), NULL)
               : DB_OK;
}

static db_status_t
s_prepare (session_t *self, const db_statement_t *statement)
{
    for (size_t i = 0; i < self->prepared_count; i++)
        if (self->prepared[i] == statement)
            return DB_OK;
    assert (self->prepared_count < PREPARED_LIMIT);
    int queued = PQsendPrepare (self->conn, statement->name, statement->sql, 0, NULL);
    db_status_t status = s_run (self, queued, NULL);
    if (status == DB_OK)
        self->prepared[self->prepared_count++] = statement;
    return status;
}

db_status_t
session_query (session_t *self, const db_statement_t *statement, int count,
    const db_param_t *params, PGresult **result_p)
{
    const char *values[PARAM_LIMIT];
    int lengths[PARAM_LIMIT];
    int formats[PARAM_LIMIT];
    assert (count <= PARAM_LIMIT);
    for (int i = 0; i < count; i++) {
        values[i] = params[i].bytes;
        lengths[i] = params[i].length;
        formats[i] = params[i].binary;
    }
    if (self->settings) {
        pooled_statement_t once = {
            statement->sql, count, values, lengths, formats, statement->binary_result};
        return s_send (self, &once, result_p);
    }
    db_status_t status = s_plan_anew (self);
    if (status == DB_OK)
        status = s_prepare (self, statement);
    if (status != DB_OK)
        return status;
    int queued = PQsendQueryPrepared (self->conn, statement->name, count, values,
        lengths, formats, statement->binary_result);
    return s_run (self, queued, result_p);
}

static db_status_t
s_copy_failed (session_t *self)
{
    s_set_error (self, PQerrorMessage (self->conn));
    return DB_AWAY;
}

db_status_t
session_copy_put (session_t *self, const char *bytes, size_t length)
{
    assert (length <= INT32_MAX);
    int put;
    while ((put = PQputCopyData (self->conn, bytes, (int)length)) == 0)
        if (pgwait_writable (self->conn, PGWAIT_FOREVER))
            return s_copy_failed (self);
    /* libpq would keep what the server has not taken yet: all of a large file. */
    if (put < 0 || pgwait_flush (self->conn, PGWAIT_FOREVER))
        return s_copy_failed (self);
    return DB_OK;
}

/* Index maintenance and constraints of a long COPY may be left: no time-out of ours. */
db_status_t
session_copy_finish (session_t *self, const char *abort)
{
    int put;
    while ((put = PQputCopyEnd (self->conn, abort)) == 0)
        if (pgwait_writable (self->conn, PGWAIT_FOREVER))
            return s_copy_failed (self);
    int timeout_ms = self->timeout_ms;
    self->timeout_ms = 0;
    db_status_t status = s_run (self, put > 0, NULL);
    self->timeout_ms = timeout_ms;
    return status;
}

int
session_copy_get (session_t *self, char **row, db_status_t *status)
{
    int length;
    while ((length = PQgetCopyData (self->conn, row, 1)) == 0)
        if (pgwait_readable (self->conn, PGWAIT_FOREVER)) {
            *status = s_copy_failed (self);
            return -1;
        }
    *status = DB_OK;
    if (length > 0)
        return length;
    *status = length == -1 ? s_run (self, 1, NULL) : s_copy_failed (self);
    return *status == DB_OK ? 0 : -1;
}

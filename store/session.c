/* One connection to PostgreSQL for as long as it lives.
 * SPDX-License-Identifier: Apache-2.0 */
#include "store/session.h"

#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "store/pgwait.h"
#include "store/sqlstate.h"

#define GRACE_MS       1000 /* the server's own time-out should come first */
#define PREPARED_LIMIT 32
#define PARAM_LIMIT    16

struct session {
    PGconn *conn;                                   /* non-blocking */
    int timeout_ms;                                 /* of a statement; 0: none */
    int64_t end_ms;                                 /* of all of them */
    const db_statement_t *prepared[PREPARED_LIMIT]; /* known to the server */
    size_t prepared_count;                          /* of those */
    char error[SESSION_ERROR_SIZE];                 /* the last failure */
};

static void
s_ignore_notice (void *context, const PGresult *result)
{
    (void)context;
    (void)result;
}

/* Ours come first: what the connection string says for itself beats them. */
static PGconn *
s_open (const char *conninfo, const char *application)
{
    const char *keys[] = {"connect_timeout", "tcp_user_timeout", "keepalives_idle",
        "keepalives_interval", "keepalives_count", "target_session_attrs",
        "application_name", "dbname", "client_encoding", NULL};
    const char *values[] = {
        "3", "5000", "10", "5", "3", "read-write", application, conninfo, "UTF8", NULL};
    return PQconnectdbParams (keys, values, 1);
}

/* enable_bitmapscan: only plain index scans leave marks on dead entries, and without them
 * the small indexes on what is pending are walked through all that has ended since the
 * last vacuum (0.1 s instead of 0.1 ms after 200,000 requests).
 * synchronous_commit: an accepted request must survive a power cut, so a server-wide
 * "off" is not for us, while anything stricter is left alone. */
static db_status_t
s_set_up (session_t *self, const session_args_t *args)
{
    char sql[512];
    snprintf (sql, sizeof sql,
        "SET statement_timeout = %d; SET lock_timeout = %d;"
        "SET idle_in_transaction_session_timeout = '60s';"
        "SET timezone = 'UTC'; SET datestyle = 'ISO';"
        "SET jit = off; SET enable_bitmapscan = off;"
        "SELECT set_config ('synchronous_commit', 'on', false)"
        " WHERE current_setting ('synchronous_commit') = 'off'",
        args->timeout_ms, args->lock_timeout_ms ? args->lock_timeout_ms : 30000);
    return session_script (self, sql);
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

session_t *
session_new (const session_args_t *args, char error[SESSION_ERROR_SIZE])
{
    session_t *self = calloc (1, sizeof *self);
    assert (self);
    self->timeout_ms = args->timeout_ms;
    self->end_ms = PGWAIT_FOREVER;
    self->conn = s_open (args->conninfo, args->application);
    assert (self->conn);
    PQsetNoticeReceiver (self->conn, s_ignore_notice, NULL);
    bool open =
        PQstatus (self->conn) == CONNECTION_OK && PQsetnonblocking (self->conn, 1) == 0;
    if (!open)
        s_set_error (self, PQerrorMessage (self->conn));
    if (!open || s_set_up (self, args) != DB_OK) {
        memcpy (error, self->error, SESSION_ERROR_SIZE);
        session_destroy (&self);
    }
    return self;
}

void
session_destroy (session_t **self_p)
{
    session_t *self = *self_p;
    if (!self)
        return;
    PQfinish (self->conn);
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
        result = s_last_result (self, deadline_ms);
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

db_status_t
session_exec (session_t *self, const char *sql, int count, const char *const *values,
    PGresult **result_p)
{
    int queued =
        PQsendQueryParams (self->conn, sql, count, NULL, values, NULL, NULL, 0);
    return s_run (self, queued, result_p);
}

db_status_t
session_script (session_t *self, const char *sql)
{
    return s_run (self, PQsendQuery (self->conn, sql), NULL);
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
    db_status_t status = s_prepare (self, statement);
    if (status != DB_OK)
        return status;
    for (int i = 0; i < count; i++) {
        values[i] = params[i].bytes;
        lengths[i] = params[i].length;
        formats[i] = params[i].binary;
    }
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

/* SPDX-License-Identifier: Apache-2.0 */
#include "store/db.h"

#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/rng.h"
#include "store/pgwait.h"
#include "store/session.h"

#define BACKOFF_LOW_MS  50
#define BACKOFF_HIGH_MS 1000

typedef enum { STATE_UNKNOWN, STATE_UP, STATE_LOST } state_t;

struct db {
    char *conninfo;                 /* holds the password: never printed */
    char application[64];           /* shown in pg_stat_activity and in the log */
    session_args_t args;            /* borrow the two above */
    session_t *session;             /* NULL: away */
    bool proven;                    /* a statement of ours worked in this session */
    bool suspect;                   /* the last session was lost before one worked */
    bool muted;                     /* log nothing */
    state_t state;                  /* as logged last */
    bool ending;                    /* connects no more */
    int backoff_ms;                 /* the next failure's */
    int64_t retry_at_ms;            /* no attempt to connect before */
    rng_t rng;                      /* jitter */
    char error[SESSION_ERROR_SIZE]; /* the last failure */
};

db_t *
db_new (const char *conninfo, const char *application, int statement_timeout_ms)
{
    assert (statement_timeout_ms >= 0);
    db_t *self = calloc (1, sizeof *self);
    assert (self);
    self->conninfo = strdup (conninfo);
    assert (self->conninfo);
    snprintf (self->application, sizeof self->application, "%s", application);
    snprintf (self->error, sizeof self->error, "not connected yet");
    self->args = (session_args_t){.conninfo = self->conninfo,
        .application = self->application,
        .timeout_ms = statement_timeout_ms,
        .lock_timeout_ms = statement_timeout_ms};
    self->backoff_ms = BACKOFF_LOW_MS;
    rng_seed (&self->rng, (uint64_t)clock_monotonic_us (), (uint64_t)(uintptr_t)self);
    return self;
}

void
db_destroy (db_t **self_p)
{
    db_t *self = *self_p;
    if (!self)
        return;
    session_destroy (&self->session);
    free (self->conninfo);
    free (self);
    *self_p = NULL;
}

void
db_wait_for_locks (db_t *self, int timeout_ms)
{
    self->args.lock_timeout_ms = timeout_ms;
}

void
db_find_by_index (db_t *self)
{
    self->args.by_index = true;
}

void
db_mute (db_t *self)
{
    self->muted = true;
}

bool
db_up (const db_t *self)
{
    return self->session && self->state == STATE_UP;
}

PGconn *
db_raw (db_t *self)
{
    return self->session ? session_raw (self->session) : NULL;
}

const char *
db_error (const db_t *self)
{
    return self->error;
}

db_status_t
db_refuse (db_t *self, const char *reason)
{
    snprintf (self->error, sizeof self->error, "%s", reason);
    return DB_REFUSED;
}

static void
s_note_up (db_t *self)
{
    if (self->state != STATE_UP && !self->muted)
        log_info ("db.connected", log_str ("application", self->application));
    self->state = STATE_UP;
}

static void
s_back_off (db_t *self)
{
    int half = self->backoff_ms / 2;
    self->retry_at_ms = clock_monotonic_ms () + half +
                        (int64_t)rng_below (&self->rng, (uint64_t)half + 1);
    self->backoff_ms *= 2;
    if (self->backoff_ms > BACKOFF_HIGH_MS)
        self->backoff_ms = BACKOFF_HIGH_MS;
}

/* A session that worked may be replaced at once: the server was restarted. One that
 * never did has to wait, or a missing schema would make us connect in a loop; and that
 * it connects again is then no news for the log. */
static void
s_note_lost (db_t *self)
{
    if (self->state != STATE_LOST && !self->muted)
        log_warn ("db.lost", log_str ("application", self->application),
            log_str ("reason", self->error));
    self->state = STATE_LOST;
    self->suspect = self->session && !self->proven;
    if (!self->proven)
        s_back_off (self);
    self->proven = false;
    session_destroy (&self->session);
}

static void
s_connect (db_t *self)
{
    self->session = session_new (&self->args, self->error);
    if (!self->session)
        s_note_lost (self);
    else if (!self->suspect)
        s_note_up (self);
}

/* Connecting to a server that hangs takes seconds, which one that stops has not. */
static bool
s_may_connect (const db_t *self)
{
    return !self->ending && !(self->state == STATE_LOST && pgwait_ending ()) &&
           clock_monotonic_ms () >= self->retry_at_ms;
}

bool
db_ensure (db_t *self)
{
    if (self->session && !session_alive (self->session)) {
        snprintf (self->error, sizeof self->error, "%s", session_error (self->session));
        s_note_lost (self);
    }
    if (!self->session && s_may_connect (self))
        s_connect (self);
    return self->session != NULL;
}

void
db_end_by (db_t *self, int64_t deadline_ms)
{
    self->ending = true;
    if (self->session)
        session_end_by (self->session, deadline_ms);
}

void
db_end_all_by (int64_t deadline_ms)
{
    pgwait_end_by (deadline_ms);
}

static db_status_t
s_note (db_t *self, db_status_t status)
{
    if (status == DB_OK) {
        self->proven = true;
        self->suspect = false;
        self->backoff_ms = BACKOFF_LOW_MS;
        s_note_up (self);
        return status;
    }
    snprintf (self->error, sizeof self->error, "%s", session_error (self->session));
    if (status == DB_AWAY)
        s_note_lost (self);
    return status;
}

db_status_t
db_exec (db_t *self, const char *sql, int count, const char *const *values,
    PGresult **result_p)
{
    if (result_p)
        *result_p = NULL;
    if (!self->session)
        return DB_AWAY;
    return s_note (self, session_exec (self->session, sql, count, values, result_p));
}

size_t
db_changed (PGresult *result)
{
    return (size_t)strtoull (PQcmdTuples (result), NULL, 10);
}

db_status_t
db_script (db_t *self, const char *sql)
{
    if (!self->session)
        return DB_AWAY;
    return s_note (self, session_script (self->session, sql));
}

db_status_t
db_probe_table (db_t *self, const char *table)
{
    char sql[160];
    snprintf (sql, sizeof sql,
        "BEGIN; LOCK TABLE %s IN ROW EXCLUSIVE MODE NOWAIT; COMMIT", table);
    return db_script (self, sql);
}

db_status_t
db_query (db_t *self, const db_statement_t *statement, int count,
    const db_param_t *params, PGresult **result_p)
{
    if (result_p)
        *result_p = NULL;
    if (!self->session)
        return DB_AWAY;
    return s_note (
        self, session_query (self->session, statement, count, params, result_p));
}

db_status_t
db_copy_start (db_t *self, const char *sql)
{
    return db_script (self, sql);
}

db_status_t
db_copy_put (db_t *self, const char *bytes, size_t length)
{
    if (!self->session)
        return DB_AWAY;
    db_status_t status = session_copy_put (self->session, bytes, length);
    return status == DB_OK ? DB_OK : s_note (self, status);
}

db_status_t
db_copy_finish (db_t *self, const char *abort)
{
    if (!self->session)
        return DB_AWAY;
    return s_note (self, session_copy_finish (self->session, abort));
}

int
db_copy_get (db_t *self, char **row, db_status_t *status)
{
    *row = NULL;
    *status = DB_AWAY;
    if (!self->session)
        return -1;
    int length = session_copy_get (self->session, row, status);
    if (length <= 0)
        s_note (self, *status);
    return length;
}

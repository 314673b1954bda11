/* One connection to PostgreSQL that comes back by itself. Not thread-safe: one owner at
 * a time. Every statement has a time-out, kept by the server and, when that hangs, by
 * the client a second later. SQL is always parameterised.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_STORE_DB_H
#define SASREC_STORE_DB_H

#include <libpq-fe.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct db db_t;

typedef enum {
    DB_OK,
    DB_DATA, /* the statement was refused because of its data (classes 22, 23): bisect */
    DB_LOCKED,  /* a lock of somebody else's was in the way for too long (55P03) */
    DB_REFUSED, /* refused for another reason of its own, a row's as a rule: an owner's
                   trigger, a damaged page (every SQLSTATE that no other line names) */
    DB_RETRY,   /* rolled back, may work next time (40xxx, 57014, 53200) */
    DB_AWAY,    /* no connection, or lost with unknown outcome (08xxx, 57P0x) */
    DB_UNABLE /* the server is there, but would refuse it whatever the rows are: no room
                 * left (53100), a right or a table of ours missing (42xxx, 3F). db_error
                 * says which; rolled back, and the connection stays. Somebody has to do
                 * something: say it once, and try again with a pause */
} db_status_t;

/* Does not connect yet. statement_timeout_ms applies to every statement; 0: none. */
db_t *db_new (const char *conninfo, const char *application, int statement_timeout_ms);
void db_destroy (db_t **self_p);

/* How long a statement waits for somebody's lock; the statement's own time-out unless
 * set, before the first connection. */
void db_wait_for_locks (db_t *self, int timeout_ms);

/* For an owner all of whose statements find their rows by an index: the table is never
 * read as a whole, however small it was when the planner looked. Before the first
 * connection. */
void db_find_by_index (db_t *self);

/* Connected and usable: true at once; a connection that the server closed meanwhile is
 * noticed. Else tries to connect, at most once per back-off (50 ms to 1 s, jittered),
 * taking at most the connect time-out (3 s per address). Says nothing about the schema
 * (migrate_current does). Logs db.lost and db.connected once per change of state. */
bool db_ensure (db_t *self);
const char *db_error (const db_t *self); /* text of the last failure, one line */

/* The server did what was said, and not what was meant. DB_REFUSED; reason: db_error. */
db_status_t db_refuse (db_t *self, const char *reason);

/* For an owner that stops: from now on nothing takes longer than until deadline_ms (on
 * clock_monotonic_ms). No new connection is made, since that may hang, and a statement
 * without an answer by then is DB_AWAY. The rows of a COPY are not limited. */
void db_end_by (db_t *self, int64_t deadline_ms);

/* The same for all connections of the process, from any thread, and a server that says
 * nothing for 0.7 s is given up; but a connection that was never lost may still be made. */
void db_end_all_by (int64_t deadline_ms);

/* Text parameters, text results; *result_p (may be NULL) is the caller's to PQclear,
 * NULL unless DB_OK. Any failure ends an open transaction. After DB_AWAY the connection
 * is closed, and whether a COMMIT took effect is unknown: repeat what is safe to repeat.
 * Without a connection it is DB_AWAY at once: call db_ensure first. */
db_status_t db_exec (db_t *self, const char *sql, int count, const char *const *values,
    PGresult **result_p);

size_t db_changed (PGresult *result);

/* DB_LOCKED: somebody has a lock on the whole table that keeps writers out. */
db_status_t db_probe_table (db_t *self, const char *table);

/* Several statements without parameters: a migration. */
db_status_t db_script (db_t *self, const char *sql);

/* Statements of the hot paths: prepared once per connection, known by their address. */
typedef struct {
    const char *name; /* unique in the program */
    const char *sql;
    bool binary_result;
} db_statement_t;

typedef struct {
    const char *bytes; /* NULL: SQL NULL */
    int length;        /* of a binary value */
    bool binary;
} db_param_t;

db_status_t db_query (db_t *self, const db_statement_t *statement, int count,
    const db_param_t *params, PGresult **result_p);

/* COPY, for store/ only. db_copy_start runs a COPY statement; put may block until the
 * server has room; finish sends the end (abort: an error, so that nothing is kept) and
 * reads the outcome. db_copy_get: length of a fresh row (PQfreemem it), 0 at the end,
 * -1 on failure (*status says which). No time-out applies. */
db_status_t db_copy_start (db_t *self, const char *sql);
db_status_t db_copy_put (db_t *self, const char *bytes, size_t length);
db_status_t db_copy_finish (db_t *self, const char *abort);
int db_copy_get (db_t *self, char **row, db_status_t *status);

/* The raw connection, or NULL: for its settings and state. Not for statements. */
PGconn *db_raw (db_t *self);

/* For a pool, which logs for all of its connections, and for commands, which say it in
 * their own words: log nothing by itself. */
void db_mute (db_t *self);
bool db_up (const db_t *self); /* what the log would say: connected, and of use */

#endif

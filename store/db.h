/* One connection to PostgreSQL that comes back by itself. Not thread-safe: one owner at
 * a time. Every statement has a time-out; nothing here waits longer than that. SQL is
 * always parameterised. SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_STORE_DB_H
#define SASREC_STORE_DB_H

#include <libpq-fe.h>
#include <stdbool.h>
#include <stddef.h>

typedef struct db db_t;

typedef enum {
    DB_OK,
    DB_DATA,  /* the statement was refused because of its data (classes 22, 23): bisect */
    DB_RETRY, /* rolled back, may work next time (40001, 40P01, 55P03, 57014, 53xxx) */
    DB_AWAY   /* no connection, or lost with unknown outcome (08xxx, 57P0x); also: no schema */
} db_status_t;

/* Does not connect yet. statement_timeout_ms applies to every statement. */
db_t *db_new (const char *conninfo, const char *application, int statement_timeout_ms);
void db_destroy (db_t **self_p);

/* Connected and usable: true at once. Else tries to connect, at most once per back-off
 * (50 ms to 1 s, jittered), taking at most the connect time-out (3 s). Logs once per
 * change of state. */
bool db_ensure (db_t *self);
const char *db_error (const db_t *self); /* text of the last failure, one line */

/* After DB_AWAY the connection is closed; db_ensure opens the next. Parameters as in
 * PQexecParams with text format; *result_p (may be NULL) is the caller's to PQclear. */
db_status_t db_exec (db_t *self, const char *sql, int count, const char *const *values,
    PGresult **result_p);

/* The raw connection, for COPY and pipelines inside store/. */
PGconn *db_raw (db_t *self);

#endif

/* One connection to PostgreSQL for as long as it lives: statements, prepared ones and
 * COPY, each with a deadline. Private to store/; db adds coming back.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_STORE_SESSION_H
#define SASREC_STORE_SESSION_H

#include "store/db.h"

#define SESSION_ERROR_SIZE 160

typedef struct session session_t;

typedef struct {
    const char *conninfo;
    const char *application;
    int timeout_ms;      /* of a statement; 0: none */
    int lock_timeout_ms; /* waiting for a lock; 0: 30 s */
    bool by_index;       /* every row that a statement wants is found by an index */
} session_args_t;

/* Connects, and sets the time-outs and the schema: for the session, or behind a pooler
 * (pgbouncer, of any pool mode) along with each statement, and then nothing is prepared.
 * A database that is not in UTF-8 is refused. args is not kept. NULL with error. */
session_t *session_new (const session_args_t *args, char error[SESSION_ERROR_SIZE]);
void session_destroy (session_t **self_p);

/* False once the server has closed it. Does not wait. */
bool session_alive (session_t *self);
const char *session_error (const session_t *self);
PGconn *session_raw (session_t *self);

/* No statement is waited for past it, whatever its own time-out is. */
void session_end_by (session_t *self, int64_t deadline_ms);

/* As the db_ functions of the same name. After DB_AWAY only destroy is left. */
db_status_t session_exec (session_t *self, const char *sql, int count,
    const char *const *values, PGresult **result_p);
db_status_t session_script (session_t *self, const char *sql);
db_status_t session_query (session_t *self, const db_statement_t *statement, int count,
    const db_param_t *params, PGresult **result_p);
db_status_t session_copy_put (session_t *self, const char *bytes, size_t length);
db_status_t session_copy_finish (session_t *self, const char *abort);
int session_copy_get (session_t *self, char **row, db_status_t *status);

#endif

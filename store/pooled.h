/* One statement behind a pooler that lends its server connections for a transaction
 * (pgbouncer): what was set, prepared or locked for a session would be somebody else's
 * the next moment. So the settings go along with each statement, in a pipeline, which is
 * one transaction and one round trip. Private to store/. SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_STORE_POOLED_H
#define SASREC_STORE_POOLED_H

#include <libpq-fe.h>
#include <stdbool.h>
#include <stdint.h>

/* The numbers of PQsendQueryParams, in one place. */
typedef struct {
    const char *sql;
    int count; /* of each of the arrays */
    const char *const *values;
    const int *lengths; /* may be NULL: text */
    const int *formats; /* too */
    bool binary_result;
} pooled_statement_t;

/* Queues both; settings is a SELECT of set_config (..., true). 0: as PQsendQuery. */
int pooled_send (
    PGconn *conn, const char *settings, const pooled_statement_t *statement);

/* The statement's result, or the settings' when those failed; NULL when it did not come
 * by deadline_ms (pgwait) or the connection is gone. */
PGresult *pooled_result (PGconn *conn, int64_t deadline_ms);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#include "store/once.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_OF(number) #number
#define SECONDS(number) TEXT_OF (number)

static const db_statement_t s_take = {
    .name = "once_take",
    .sql = "INSERT INTO idempotency (id, fingerprint)"
           " VALUES ($1::uuid, decode ($2, 'hex')) ON CONFLICT DO NOTHING",
};

static const db_statement_t s_find = {
    .name = "once_find",
    .sql = "SELECT fingerprint = decode ($2, 'hex'), answer FROM idempotency"
           " WHERE id = $1::uuid",
};

static const db_statement_t s_keep = {
    .name = "once_keep",
    .sql = "UPDATE idempotency SET answer = $2 WHERE id = $1::uuid",
};

static const db_statement_t s_forget = {
    .name = "once_forget",
    .sql = "DELETE FROM idempotency WHERE id IN (SELECT id FROM idempotency"
           " WHERE created_at < now () - interval '1 s' * " SECONDS (
               ONCE_KEPT_S) " LIMIT $1::bigint)",
};

void
once_cancel (db_t *db)
{
    PGconn *conn = db_raw (db);
    if (conn && PQtransactionStatus (conn) != PQTRANS_IDLE)
        db_script (db, "ROLLBACK");
}

/* What was answered, by a transaction that is over. A row that was forgotten meanwhile: try
 * again. */
static db_status_t
s_read (db_t *db, const db_param_t *params, once_outcome_t *outcome, char **answer)
{
    PGresult *result = NULL;
    db_status_t status = db_query (db, &s_find, 2, params, &result);
    if (status == DB_OK && PQntuples (result) == 0)
        status = DB_RETRY;
    if (status == DB_OK) {
        bool same = *PQgetvalue (result, 0, 0) == 't';
        *outcome = same ? ONCE_AGAIN : ONCE_ANOTHER;
        *answer = same ? strdup (PQgetvalue (result, 0, 1)) : NULL;
        assert (*answer || !same);
    }
    PQclear (result);
    return status;
}

db_status_t
once_begin (db_t *db, const char *id, const char *fingerprint, once_outcome_t *outcome,
    char **answer)
{
    const db_param_t params[] = {{.bytes = id}, {.bytes = fingerprint}};
    PGresult *result = NULL;
    *outcome = ONCE_NEW;
    *answer = NULL;
    db_status_t status = db_script (db, "BEGIN");
    if (status == DB_OK)
        status = db_query (db, &s_take, 2, params, &result);
    bool taken = status == DB_OK && db_changed (result) > 0;
    PQclear (result);
    if (taken)
        return DB_OK;
    once_cancel (db);
    return status == DB_OK ? s_read (db, params, outcome, answer) : status;
}

db_status_t
once_end (db_t *db, const char *id, const char *answer)
{
    const db_param_t params[] = {{.bytes = id}, {.bytes = answer}};
    db_status_t status = db_query (db, &s_keep, 2, params, NULL);
    if (status == DB_OK)
        status = db_script (db, "COMMIT");
    if (status != DB_OK)
        once_cancel (db);
    return status;
}

db_status_t
once_forget (db_t *db, size_t limit, size_t *forgotten)
{
    char text[24];
    const db_param_t param = {.bytes = text};
    PGresult *result = NULL;
    snprintf (text, sizeof text, "%zu", limit);
    db_status_t status = db_query (db, &s_forget, 1, &param, &result);
    *forgotten = status == DB_OK ? db_changed (result) : 0;
    PQclear (result);
    return status;
}

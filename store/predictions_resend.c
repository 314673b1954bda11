/* The table predictions: sending again, and giving up. SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/uuid.h"
#include "store/array.h"
#include "store/backoff.h"
#include "store/predictions.h"

static const db_statement_t s_undispatch = {
    .name = "predictions_undispatch",
    .sql = "UPDATE predictions SET dispatched_at = NULL, next_attempt_at = '-infinity',"
           " attempts = greatest (attempts - 1, 0), updated_at = now ()"
           " WHERE request_id = ANY ($1::text[]::uuid[]) AND status = 'PENDING'"
           " AND dispatched_at IS NOT NULL",
};

/* The sum keeps the planner from starting at the index on the deadline, where nearly all
 * rows are beyond now (). */
static const db_statement_t s_take = {
    .name = "predictions_take",
    .sql = "WITH due AS MATERIALIZED ("
           " SELECT request_id, dispatched_at IS NOT NULL AND attempts >= $2::bigint"
           "  AS spent"
           " FROM predictions WHERE status = 'PENDING'"
           " AND deadline + interval '0 s' > now ()"
           " AND next_attempt_at <= CASE WHEN $1::boolean THEN now ()"
           "  ELSE '-infinity'::timestamptz END"
           " ORDER BY next_attempt_at, created_at LIMIT $3::bigint"
           " FOR UPDATE SKIP LOCKED),"
           " taken AS (UPDATE predictions p SET"
           "  status = CASE WHEN spent THEN 'FAILED' ELSE 'PENDING' END,"
           "  error = CASE WHEN spent"
           "   THEN format ('no answer after %s attempts', attempts) END,"
           "  attempts = attempts + (NOT spent)::int,"
           "  dispatched_at = now (), updated_at = now (),"
           "  next_attempt_at = " BACKOFF_NEXT
           " FROM due WHERE p.request_id = due.request_id"
           " RETURNING p.request_id, p.user_id, p.request_json, p.deadline, p.attempts,"
           "  p.created_at, spent)"
           " SELECT request_id, user_id, request_json,"
           "  floor (extract (epoch FROM deadline) * 1000)::bigint, attempts"
           " FROM taken WHERE NOT spent ORDER BY created_at, request_id",
};

static const db_statement_t s_pending = {
    .name = "predictions_pending",
    .sql = "SELECT count (*) FROM (SELECT FROM predictions WHERE status = 'PENDING'"
           " ORDER BY deadline LIMIT $1::bigint + 1) t", /* the order: use the index */
};

db_status_t
predictions_undispatch (db_t *db, const char *const *ids, size_t count)
{
    array_t column = {0};
    array_start (&column, ARRAY_TEXT);
    for (size_t i = 0; i < count; i++)
        if (uuid_valid (ids[i]))
            array_add_text (&column, ids[i]);
    db_param_t param = array_param (&column);
    db_status_t status = db_query (db, &s_undispatch, 1, &param, NULL);
    array_free (&column);
    return status;
}

/* NULL when the stored request cannot be read (somebody wrote into the table): *fault
 * says why. */
static request_t *
s_request_of_row (PGresult *result, int row, json_fault_t *fault)
{
    request_t *request = request_from_json (
        PQgetvalue (result, row, 2), (size_t)PQgetlength (result, row, 2), fault);
    if (!request)
        return NULL;
    snprintf (request->request_id, sizeof request->request_id, "%s",
        PQgetvalue (result, row, 0));
    snprintf (
        request->user_id, sizeof request->user_id, "%s", PQgetvalue (result, row, 1));
    request->deadline_ms = strtoll (PQgetvalue (result, row, 3), NULL, 10);
    request->attempt = atoi (PQgetvalue (result, row, 4));
    request->job = true;
    return request;
}

static void
s_fail_unreadable (db_t *db, const char *request_id, const json_fault_t *fault)
{
    log_error ("predictions.unreadable", log_str ("request_id", request_id),
        log_str ("reason", fault->detail));
    result_t *failed = result_new ();
    failed->status = RESULT_FAILED;
    failed->job = true;
    snprintf (failed->request_id, sizeof failed->request_id, "%s", request_id);
    snprintf (failed->error, sizeof failed->error,
        "the stored request is unreadable: %.*s", 100, fault->detail);
    const result_t *results[] = {failed};
    size_t hit;
    predictions_finish (db, results, 1, &hit);
    result_destroy (&failed);
}

db_status_t
predictions_take_unsent (db_t *db, bool repeats, int max_attempts, size_t limit,
    request_t **requests, size_t *count)
{
    char attempts_text[16];
    char limit_text[24];
    snprintf (attempts_text, sizeof attempts_text, "%d", max_attempts);
    snprintf (limit_text, sizeof limit_text, "%zu", limit);
    db_param_t params[] = {{.bytes = repeats ? "t" : "f"}, {.bytes = attempts_text},
        {.bytes = limit_text}};
    PGresult *result;
    *count = 0;
    db_status_t status = db_query (db, &s_take, 3, params, &result);
    int row_count = status == DB_OK ? PQntuples (result) : 0;
    for (int row = 0; row < row_count; row++) {
        json_fault_t fault;
        request_t *request = s_request_of_row (result, row, &fault);
        if (request)
            requests[(*count)++] = request;
        else
            s_fail_unreadable (db, PQgetvalue (result, row, 0), &fault);
    }
    PQclear (result);
    return status;
}

/* Portions keep each statement well inside its time-out, whatever the backlog. Rows sent
 * since the start are somebody else's, at work already. */
static db_status_t
s_reset_portions (db_t *db, const char *start, size_t *count)
{
    size_t portion;
    do {
        db_status_t status = db_change (db,
            "UPDATE predictions SET dispatched_at = NULL, next_attempt_at = "
            "'-infinity',"
            " updated_at = now () WHERE request_id = ANY (ARRAY ("
            "  SELECT request_id FROM predictions WHERE status = 'PENDING'"
            "  AND next_attempt_at > '-infinity' AND updated_at <= $1::timestamptz"
            "  ORDER BY next_attempt_at LIMIT 10000 FOR UPDATE SKIP LOCKED))"
            " AND status = 'PENDING'",
            start, &portion);
        if (status != DB_OK)
            return status;
        *count += portion;
    } while (portion > 0);
    return DB_OK;
}

#define RESET_LOCK "(hashtext ('sasrec.reset_dispatch'))"

/* The lock keeps two processes that start together from doing it twice. */
db_status_t
predictions_reset_dispatch (db_t *db, size_t *count)
{
    PGresult *result;
    *count = 0;
    db_status_t status = db_exec (db,
        "SELECT pg_try_advisory_lock " RESET_LOCK ", now ()::text", 0, NULL, &result);
    if (status == DB_OK && PQgetvalue (result, 0, 0)[0] == 't') {
        status = s_reset_portions (db, PQgetvalue (result, 0, 1), count);
        db_status_t unlocked =
            db_exec (db, "SELECT pg_advisory_unlock " RESET_LOCK, 0, NULL, NULL);
        if (status == DB_OK)
            status = unlocked;
    }
    PQclear (result);
    return status;
}

db_status_t
predictions_expire (db_t *db, size_t *count)
{
    return db_change (db,
        "UPDATE predictions SET status = 'EXPIRED', updated_at = now (),"
        " error = 'not answered before its deadline'"
        " WHERE request_id = ANY (ARRAY (SELECT request_id FROM predictions"
        "  WHERE status = 'PENDING' AND deadline <= now ()"
        "  ORDER BY deadline LIMIT 10000 FOR UPDATE SKIP LOCKED))"
        " AND status = 'PENDING'",
        NULL, count);
}

db_status_t
predictions_pending_count (db_t *db, size_t limit, size_t *count)
{
    char limit_text[24];
    snprintf (limit_text, sizeof limit_text, "%zu", limit);
    db_param_t param = {.bytes = limit_text};
    PGresult *result;
    db_status_t status = db_query (db, &s_pending, 1, &param, &result);
    if (status == DB_OK)
        *count = (size_t)strtoull (PQgetvalue (result, 0, 0), NULL, 10);
    PQclear (result);
    return status;
}

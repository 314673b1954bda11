/* The table predictions. SPDX-License-Identifier: Apache-2.0 */
#include "store/predictions.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/uuid.h"
#include "store/array.h"

/* The first repeat comes 15 s after a sending, the next 30, 60 ... 960 s, each give or
 * take a fifth so that a batch does not come back as one. */
#define NEXT_ATTEMPT(attempts)                                                         \
    "now () + interval '15 s' * 2 ^ least (" attempts " - 1, 6)"                       \
    " * (0.8 + 0.4 * random ())"

static const db_statement_t s_insert = {
    .name = "predictions_insert",
    .sql = "WITH new AS ("
           " INSERT INTO predictions (request_id, user_id, request_json, deadline,"
           "  attempts, dispatched_at, next_attempt_at)"
           " SELECT id::uuid, user_id, request::jsonb,"
           "  now () + interval '1 s' * deadline_s, 1, now (), " NEXT_ATTEMPT (
               "1") " FROM unnest ($1::text[], $2::text[], $3::text[], $4::bigint[])"
                    "  AS t (id, user_id, request, deadline_s)"
                    " ON CONFLICT DO NOTHING)"
                    " SELECT floor (extract (epoch FROM now ()) * 1000)::bigint",
    .binary_result = true,
};

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
           "  next_attempt_at = " NEXT_ATTEMPT (
               "attempts + 1") " FROM due WHERE p.request_id = due.request_id"
                               " RETURNING p.request_id, p.user_id, p.request_json, "
                               "p.deadline, p.attempts,"
                               "  p.created_at, spent)"
                               " SELECT request_id, user_id, request_json,"
                               "  floor (extract (epoch FROM deadline) * "
                               "1000)::bigint, attempts"
                               " FROM taken WHERE NOT spent ORDER BY created_at, "
                               "request_id",
};

static const db_statement_t s_finish = {
    .name = "predictions_finish",
    .sql = "UPDATE predictions p SET status = t.status, result_json = t.result::jsonb,"
           " error = t.error, model_version = t.version, updated_at = now ()"
           " FROM unnest ($1::text[], $2::text[], $3::text[], $4::text[], $5::text[])"
           "  AS t (id, status, result, error, version)"
           " WHERE p.request_id = t.id::uuid AND p.status = 'PENDING'",
};

#define RFC3339(column)                                                                \
    "to_char (" column " AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')"

static const db_statement_t s_find = {
    .name = "predictions_find",
    .sql = "SELECT status, result_json, error, user_id, model_version,"
           " " RFC3339 ("created_at") ", " RFC3339 (
               "updated_at") " FROM predictions WHERE request_id = $1::uuid",
};

static const db_statement_t s_pending = {
    .name = "predictions_pending",
    .sql = "SELECT count (*) FROM (SELECT FROM predictions WHERE status = 'PENDING'"
           " ORDER BY deadline LIMIT $1::bigint + 1) t", /* the order: use the index */
};

/* How many rows a statement changed. */
static size_t
s_changed (PGresult *result)
{
    return (size_t)strtoull (PQcmdTuples (result), NULL, 10);
}

static db_status_t
s_run_counted (db_t *db, const char *sql, const char *value, size_t *count)
{
    PGresult *result;
    db_status_t status = db_exec (db, sql, value ? 1 : 0, &value, &result);
    if (status == DB_OK)
        *count = s_changed (result);
    PQclear (result);
    return status;
}

static int
s_deadline_s (const request_t *request, int default_deadline_s)
{
    return request->deadline_s > 0 ? request->deadline_s : default_deadline_s;
}

typedef enum {
    COLUMN_ID,
    COLUMN_USER,
    COLUMN_REQUEST,
    COLUMN_DEADLINE
} insert_column_t;

static void
s_fill_insert (array_t columns[4], request_t *const *requests, size_t count,
    int default_deadline_s)
{
    strbuf_t json = STRBUF_EMPTY;
    for (int i = COLUMN_ID; i < COLUMN_DEADLINE; i++)
        array_start (&columns[i], ARRAY_TEXT);
    array_start (&columns[COLUMN_DEADLINE], ARRAY_INT8);
    for (size_t i = 0; i < count; i++) {
        strbuf_clear (&json);
        request_to_json (requests[i], &json);
        array_add_text (&columns[COLUMN_ID], requests[i]->request_id);
        array_add_text (&columns[COLUMN_USER], requests[i]->user_id);
        array_add_text (&columns[COLUMN_REQUEST], json.data);
        array_add_int (
            &columns[COLUMN_DEADLINE], s_deadline_s (requests[i], default_deadline_s));
    }
    strbuf_free (&json);
}

db_status_t
predictions_insert (
    db_t *db, request_t *const *requests, size_t count, int default_deadline_s)
{
    if (count == 0)
        return DB_OK;
    array_t columns[4] = {0};
    db_param_t params[4];
    s_fill_insert (columns, requests, count, default_deadline_s);
    for (int i = 0; i < 4; i++)
        params[i] = array_param (&columns[i]);
    PGresult *result;
    db_status_t status = db_query (db, &s_insert, 4, params, &result);
    if (status == DB_OK) {
        int64_t now_ms = array_get_be64 (PQgetvalue (result, 0, 0));
        for (size_t i = 0; i < count; i++)
            requests[i]->deadline_ms =
                now_ms +
                s_deadline_s (requests[i], default_deadline_s) * INT64_C (1000);
    }
    PQclear (result);
    for (int i = 0; i < 4; i++)
        array_free (&columns[i]);
    return status;
}

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
        db_status_t status = s_run_counted (db,
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
    return s_run_counted (db,
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

typedef enum {
    FINISH_ID,
    FINISH_STATUS,
    FINISH_RESULT,
    FINISH_ERROR,
    FINISH_VERSION,
    FINISH_COLUMNS
} finish_column_t;

static void
s_add_finished (array_t columns[FINISH_COLUMNS], const result_t *result, strbuf_t *json)
{
    bool completed = result->status == RESULT_COMPLETED;
    strbuf_clear (json);
    if (completed)
        result_payload_to_json (result, json);
    array_add_text (&columns[FINISH_ID], result->request_id);
    array_add_text (&columns[FINISH_STATUS], completed ? "COMPLETED" : "FAILED");
    array_add_text (&columns[FINISH_RESULT], completed ? json->data : NULL);
    array_add_text (&columns[FINISH_ERROR], completed ? NULL : result->error);
    array_add_text (&columns[FINISH_VERSION],
        result->model_version[0] ? result->model_version : NULL);
}

db_status_t
predictions_finish (db_t *db, const result_t *const *results, size_t count, size_t *hit)
{
    array_t columns[FINISH_COLUMNS] = {0};
    db_param_t params[FINISH_COLUMNS];
    strbuf_t json = STRBUF_EMPTY;
    *hit = 0;
    for (int i = 0; i < FINISH_COLUMNS; i++)
        array_start (&columns[i], ARRAY_TEXT);
    for (size_t i = 0; i < count; i++)
        if (uuid_valid (results[i]->request_id))
            s_add_finished (columns, results[i], &json);
    for (int i = 0; i < FINISH_COLUMNS; i++)
        params[i] = array_param (&columns[i]);
    PGresult *result = NULL;
    db_status_t status = DB_OK;
    if (columns[FINISH_ID].count > 0)
        status = db_query (db, &s_finish, FINISH_COLUMNS, params, &result);
    if (result)
        *hit = s_changed (result);
    PQclear (result);
    for (int i = 0; i < FINISH_COLUMNS; i++)
        array_free (&columns[i]);
    strbuf_free (&json);
    return status;
}

static char *
s_copy_value (PGresult *result, int column)
{
    if (PQgetisnull (result, 0, column))
        return NULL;
    char *copy = strdup (PQgetvalue (result, 0, column));
    assert (copy);
    return copy;
}

#define COPY_TO(array, result, column)                                                 \
    snprintf (array, sizeof (array), "%s", PQgetvalue (result, 0, column))

db_status_t
predictions_find (db_t *db, const char *request_id, prediction_t *row, bool *found)
{
    memset (row, 0, sizeof *row);
    *found = false;
    if (!uuid_valid (request_id))
        return DB_OK;
    db_param_t param = {.bytes = request_id};
    PGresult *result;
    db_status_t status = db_query (db, &s_find, 1, &param, &result);
    if (status == DB_OK && PQntuples (result) == 1) {
        *found = true;
        COPY_TO (row->status, result, 0);
        row->result_json = s_copy_value (result, 1);
        row->error = s_copy_value (result, 2);
        row->user_id = s_copy_value (result, 3);
        COPY_TO (row->model_version, result, 4);
        COPY_TO (row->created_at, result, 5);
        COPY_TO (row->updated_at, result, 6);
    }
    PQclear (result);
    return status;
}

void
prediction_clear (prediction_t *row)
{
    free (row->result_json);
    free (row->error);
    free (row->user_id);
    memset (row, 0, sizeof *row);
}

/* In portions, so that no statement takes long and no row is locked for long. */
db_status_t
predictions_prune (db_t *db, const char *date, size_t *count)
{
    size_t portion;
    *count = 0;
    do {
        db_status_t status = s_run_counted (db,
            "DELETE FROM predictions WHERE ctid = ANY (ARRAY (SELECT ctid"
            " FROM predictions WHERE created_at < $1::timestamptz"
            " AND status <> 'PENDING' LIMIT 10000)) AND status <> 'PENDING'",
            date, &portion);
        if (status != DB_OK)
            return status;
        *count += portion;
    } while (portion > 0);
    return DB_OK;
}

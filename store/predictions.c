/* The table predictions. SPDX-License-Identifier: Apache-2.0 */
#include "store/predictions.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/uuid.h"
#include "store/array.h"
#include "store/backoff.h"
#include "store/pending.h"

#define INSERT(conflict)                                                               \
    "WITH new AS ("                                                                    \
    " INSERT INTO predictions (request_id, user_id, request_json, deadline,"           \
    "  attempts, dispatched_at, next_attempt_at)"                                      \
    " SELECT id::uuid, user_id, request::jsonb,"                                       \
    "  now () + interval '1 s' * deadline_s, 1, now (), " BACKOFF_FIRST                \
    " FROM unnest ($1::text[], $2::text[], $3::text[], $4::bigint[])"                  \
    "  AS t (id, user_id, request, deadline_s)" conflict " RETURNING 1)"               \
    " SELECT floor (extract (epoch FROM now ()) * 1000)::bigint,"                      \
    "  (SELECT count (*) FROM new)"

/* Rows are new as a rule, and telling that each is costs the server a tenth of its
 * insertion. Only the row of a transaction of unknown end can be there before. */
static const db_statement_t s_insert = {
    .name = "predictions_insert", .sql = INSERT (""), .binary_result = true};
static const db_statement_t s_insert_missing = {.name = "predictions_insert_missing",
    .sql = INSERT (" ON CONFLICT DO NOTHING"),
    .binary_result = true};

/* The same when some may have come before: these, by number, behind the time and the count.
 * Sorted, so that two groups with the same ids wait for each other in one order. */
static const db_statement_t s_insert_once = {
    .name = "predictions_insert_once",
    .sql =
        "WITH t AS MATERIALIZED (SELECT number, id::uuid AS id, user_id, request,"
        "  deadline_s, decode (fingerprint, 'hex') AS fingerprint"
        "  FROM unnest ($1::text[], $2::text[], $3::text[], $4::bigint[], $5::text[])"
        "  WITH ORDINALITY AS t (id, user_id, request, deadline_s, fingerprint, "
        "number)),"
        " new AS ("
        " INSERT INTO predictions (request_id, user_id, request_json, deadline,"
        "  attempts, dispatched_at, next_attempt_at, fingerprint)"
        " SELECT id, user_id, request::jsonb, now () + interval '1 s' * deadline_s, 1,"
        "  now (), " BACKOFF_FIRST ", fingerprint FROM t ORDER BY id"
        " ON CONFLICT DO NOTHING RETURNING request_id)"
        " SELECT floor (extract (epoch FROM now ()) * 1000)::bigint,"
        "  (SELECT count (*) FROM new), coalesce (again.number, 0) FROM (SELECT) one "
        "LEFT JOIN"
        "  (SELECT number FROM t WHERE fingerprint IS NOT NULL"
        "   AND id NOT IN (SELECT request_id FROM new)) again ON true",
    .binary_result = true,
};

static const db_statement_t s_count = {
    .name = "predictions_count",
    .sql = "SELECT count (*) FROM unnest ($1::text[]) AS t (id)"
           " JOIN predictions p ON p.request_id = t.id::uuid",
    .binary_result = true,
};

/* Whether the row of each is of the same body; asked after the above, to see what was
 * committed while that waited. */
static const db_statement_t s_compare = {
    .name = "predictions_compare",
    .sql = "SELECT t.number, coalesce (p.fingerprint = decode (t.fingerprint, 'hex'),"
           "  false) FROM unnest ($1::text[], $2::text[]) WITH ORDINALITY"
           "  AS t (id, fingerprint, number)"
           " JOIN predictions p ON p.request_id = t.id::uuid",
    .binary_result = true,
};

static const db_statement_t s_finish = {
    .name = "predictions_finish",
    .sql =
        "UPDATE predictions p SET status = t.status, result_json = t.result::jsonb,"
        " error = t.error, model_version = t.version, updated_at = now ()"
        " FROM unnest ($1::text[], $2::text[], $3::text[], $4::text[], $5::text[])"
        "  WITH ORDINALITY AS t (id, status, result, error, version, number)"
        " WHERE p.request_id = t.id::uuid AND p." PENDING_BY_ID " RETURNING t.number",
    .binary_result = true,
};

static const db_statement_t s_find_locked = {
    .name = "predictions_find_locked",
    .sql =
        "WITH free AS MATERIALIZED (SELECT request_id FROM predictions"
        "  WHERE request_id = ANY ($1::text[]::uuid[]) AND " PENDING_BY_ID
        "  FOR UPDATE SKIP LOCKED)"
        " SELECT number FROM unnest ($1::text[]::uuid[]) WITH ORDINALITY"
        "  AS t (request_id, number) JOIN predictions USING (request_id)"
        " WHERE " PENDING_BY_ID " AND request_id NOT IN (SELECT request_id FROM free)",
    .binary_result = true,
};

#define RFC3339 "'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"'"

static const db_statement_t s_find = {
    .name = "predictions_find",
    .sql = "SELECT status, result_json, error, user_id, model_version,"
           " to_char (created_at AT TIME ZONE 'UTC', " RFC3339 "),"
           " to_char (updated_at AT TIME ZONE 'UTC', " RFC3339 ")"
           " FROM predictions WHERE request_id = $1::uuid",
};

static const db_statement_t s_find_ended = {
    .name = "predictions_find_ended",
    .sql = "SELECT t.id FROM unnest ($1::text[]) AS t (id)"
           " LEFT JOIN predictions p ON p.request_id = t.id::uuid"
           " WHERE p.status IS DISTINCT FROM 'PENDING'",
};

static int
s_deadline_s (const request_t *request, int default_deadline_s)
{
    return request->deadline_s > 0 ? request->deadline_s : default_deadline_s;
}

typedef enum {
    COLUMN_ID,
    COLUMN_USER,
    COLUMN_REQUEST,
    COLUMN_DEADLINE,
    COLUMN_FINGERPRINT, /* of s_insert_once only */
    INSERT_COLUMNS
} insert_column_t;

static void
s_fill_insert (array_t columns[INSERT_COLUMNS], request_t *const *requests,
    size_t count, int default_deadline_s)
{
    strbuf_t json = STRBUF_EMPTY;
    for (int i = COLUMN_ID; i < INSERT_COLUMNS; i++)
        array_start (&columns[i], i == COLUMN_DEADLINE ? ARRAY_INT8 : ARRAY_TEXT);
    for (size_t i = 0; i < count; i++) {
        strbuf_clear (&json);
        request_to_row (requests[i], &json);
        array_add_text (&columns[COLUMN_ID], requests[i]->request_id);
        array_add_text (&columns[COLUMN_USER], requests[i]->user_id);
        array_add_text (&columns[COLUMN_REQUEST], json.data);
        array_add_int (
            &columns[COLUMN_DEADLINE], s_deadline_s (requests[i], default_deadline_s));
        array_add_text (&columns[COLUMN_FINGERPRINT],
            *requests[i]->fingerprint ? requests[i]->fingerprint : NULL);
    }
    strbuf_free (&json);
}

static bool
s_any_once (request_t *const *requests, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (*requests[i]->fingerprint)
            return true;
    return false;
}

/* again: those whose row was there before. A row that is gone meanwhile: try all again. */
static db_status_t
s_compare_again (db_t *db, request_t **again, size_t count)
{
    array_t columns[2] = {0};
    PGresult *result = NULL;
    for (int i = 0; i < 2; i++)
        array_start (&columns[i], ARRAY_TEXT);
    for (size_t i = 0; i < count; i++) {
        array_add_text (&columns[0], again[i]->request_id);
        array_add_text (&columns[1], again[i]->fingerprint);
    }
    const db_param_t params[] = {array_param (&columns[0]), array_param (&columns[1])};
    db_status_t status = db_query (db, &s_compare, 2, params, &result);
    if (status == DB_OK && (size_t)PQntuples (result) < count)
        status = DB_RETRY;
    for (int row = 0; status == DB_OK && row < (int)count; row++) {
        int64_t number = array_get_be64 (PQgetvalue (result, row, 0));
        bool same = *PQgetvalue (result, row, 1) != 0;
        again[number - 1]->once = same ? REQUEST_AGAIN : REQUEST_ANOTHER;
    }
    PQclear (result);
    for (int i = 0; i < 2; i++)
        array_free (&columns[i]);
    return status;
}

/* result: of s_insert_once. */
static db_status_t
s_note_again (db_t *db, request_t *const *requests, PGresult *result)
{
    int row_count = PQntuples (result);
    size_t count = 0;
    request_t **again = calloc ((size_t)row_count, sizeof (request_t *));
    assert (again);
    for (int row = 0; row < row_count; row++) {
        int64_t number = array_get_be64 (PQgetvalue (result, row, 2));
        if (number > 0)
            again[count++] = requests[number - 1];
    }
    db_status_t status = count > 0 ? s_compare_again (db, again, count) : DB_OK;
    free (again);
    return status;
}

/* Fewer rows than requests: had the others theirs before? A trigger can take a row away
 * without a word, and what has none is not accepted. */
static db_status_t
s_check_rows (db_t *db, array_t *ids, size_t count)
{
    PGresult *result = NULL;
    const db_param_t param = array_param (ids);
    db_status_t status = db_query (db, &s_count, 1, &param, &result);
    if (status == DB_OK && (size_t)array_get_be64 (PQgetvalue (result, 0, 0)) < count)
        status =
            db_refuse (db, "something in the database (a trigger?) takes its row of"
                           " predictions away");
    PQclear (result);
    return status;
}

db_status_t
predictions_insert (
    db_t *db, request_t *const *requests, size_t count, int default_deadline_s)
{
    if (count == 0)
        return DB_OK;
    array_t columns[INSERT_COLUMNS] = {0};
    db_param_t params[INSERT_COLUMNS];
    bool once = s_any_once (requests, count);
    s_fill_insert (columns, requests, count, default_deadline_s);
    for (int i = 0; i < INSERT_COLUMNS; i++)
        params[i] = array_param (&columns[i]);
    PGresult *result;
    db_status_t status = db_query (db, once ? &s_insert_once : &s_insert,
        once ? INSERT_COLUMNS : COLUMN_FINGERPRINT, params, &result);
    if (status == DB_DATA && !once)
        status = db_query (db, &s_insert_missing, COLUMN_FINGERPRINT, params, &result);
    if (status == DB_OK) {
        int64_t now_ms = array_get_be64 (PQgetvalue (result, 0, 0));
        for (size_t i = 0; i < count; i++)
            requests[i]->deadline_ms =
                now_ms +
                s_deadline_s (requests[i], default_deadline_s) * INT64_C (1000);
    }
    if (status == DB_OK && (size_t)array_get_be64 (PQgetvalue (result, 0, 1)) < count)
        status = s_check_rows (db, &columns[COLUMN_ID], count);
    if (status == DB_OK && once)
        status = s_note_again (db, requests, result);
    PQclear (result);
    for (int i = 0; i < INSERT_COLUMNS; i++)
        array_free (&columns[i]);
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
    bool ours = uuid_valid (result->request_id);
    strbuf_clear (json);
    if (completed)
        result_payload_to_json (result, json);
    array_add_text (&columns[FINISH_ID], ours ? result->request_id : NULL);
    array_add_text (&columns[FINISH_STATUS], completed ? "COMPLETED" : "FAILED");
    array_add_text (&columns[FINISH_RESULT], completed ? json->data : NULL);
    array_add_text (&columns[FINISH_ERROR], completed ? NULL : result->error);
    array_add_text (&columns[FINISH_VERSION],
        result->model_version[0] ? result->model_version : NULL);
}

static void
s_count_ended (void *context, const char *request_id)
{
    (void)request_id;
    ++*(size_t *)context;
}

/* Rows that a statement did not change are those of duplicates, or none; a trigger can keep
 * one as it is without a word, too. */
static db_status_t
s_check_ended (db_t *db, const result_t *const *results, size_t count)
{
    const char **ids = calloc (count, sizeof *ids);
    assert (ids);
    size_t valid = 0, ended = 0;
    for (size_t i = 0; i < count; i++)
        if (uuid_valid (results[i]->request_id))
            ids[valid++] = results[i]->request_id;
    db_status_t status = predictions_find_ended (db, ids, valid, s_count_ended, &ended);
    free (ids);
    return status == DB_OK && ended < valid ? db_refuse (db, PENDING_KEPT) : status;
}

db_status_t
predictions_finish (
    db_t *db, const result_t *const *results, size_t count, bool *hits, size_t *hit)
{
    array_t columns[FINISH_COLUMNS] = {0};
    db_param_t params[FINISH_COLUMNS];
    strbuf_t json = STRBUF_EMPTY;
    for (int i = 0; i < FINISH_COLUMNS; i++)
        array_start (&columns[i], ARRAY_TEXT);
    for (size_t i = 0; i < count; i++)
        s_add_finished (columns, results[i], &json);
    for (int i = 0; i < FINISH_COLUMNS; i++)
        params[i] = array_param (&columns[i]);
    PGresult *result = NULL;
    db_status_t status = db_query (db, &s_finish, FINISH_COLUMNS, params, &result);
    *hit = status == DB_OK ? (size_t)PQntuples (result) : 0;
    for (size_t row = 0; hits && row < *hit; row++)
        hits[array_get_be64 (PQgetvalue (result, (int)row, 0)) - 1] = true;
    if (status == DB_OK && *hit < count)
        status = s_check_ended (db, results, count);
    PQclear (result);
    for (int i = 0; i < FINISH_COLUMNS; i++)
        array_free (&columns[i]);
    strbuf_free (&json);
    return status;
}

db_status_t
predictions_find_locked (
    db_t *db, const result_t *const *results, size_t count, bool *locked)
{
    array_t ids = {0};
    array_start (&ids, ARRAY_TEXT);
    for (size_t i = 0; i < count; i++)
        array_add_text (
            &ids, uuid_valid (results[i]->request_id) ? results[i]->request_id : NULL);
    db_param_t param = array_param (&ids);
    PGresult *found = NULL;
    db_status_t status = db_query (db, &s_find_locked, 1, &param, &found);
    int found_count = status == DB_OK ? PQntuples (found) : 0;
    for (int row = 0; row < found_count; row++)
        locked[array_get_be64 (PQgetvalue (found, row, 0)) - 1] = true;
    PQclear (found);
    array_free (&ids);
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

db_status_t
predictions_find_ended (db_t *db, const char *const *ids, size_t count,
    predictions_found_fn *found, void *context)
{
    array_t column = {0};
    array_start (&column, ARRAY_TEXT);
    for (size_t i = 0; i < count; i++)
        array_add_text (&column, ids[i]);
    db_param_t param = array_param (&column);
    PGresult *result = NULL;
    db_status_t status = db_query (db, &s_find_ended, 1, &param, &result);
    int row_count = status == DB_OK ? PQntuples (result) : 0;
    for (int row = 0; row < row_count; row++)
        found (context, PQgetvalue (result, row, 0));
    PQclear (result);
    array_free (&column);
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

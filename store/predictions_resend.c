/* The table predictions: sending again, and giving up. SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/uuid.h"
#include "store/array.h"
#include "store/backoff.h"
#include "store/pending.h"
#include "store/predictions.h"

static const db_statement_t s_undispatch = {
    .name = "predictions_undispatch",
    .sql = "UPDATE predictions SET dispatched_at = NULL, next_attempt_at = '-infinity',"
           " attempts = greatest (attempts - 1, 0), updated_at = now ()"
           " WHERE request_id = ANY ($1::text[]::uuid[]) AND " PENDING_BY_ID
           " AND dispatched_at IS NOT NULL",
};

/* What is due. Entries of rows that have ended stay in the indexes while any transaction
 * in the database is older than they, and all of them would be walked through at each
 * look: so a look begins where the last one ended, give or take the time that a
 * transaction may have taken to commit. */
#define SINCE "coalesce ($1::timestamptz, '-infinity') - interval '10 s'"
#define ALWAYS                                                                         \
    "$1::timestamptz IS NOT DISTINCT FROM $1" /* each has the same parameters */
#define CHOSEN                                                                         \
    " AND request_id <> ALL ($2::text[]::uuid[])"                                      \
    " AND ($3::text[] IS NULL OR request_id = ANY ($3::text[]::uuid[]))"
#define LIMITED " LIMIT $4::bigint FOR UPDATE SKIP LOCKED"
/* A stranger's row has no request to send. */
#define DUE " FROM predictions WHERE " PENDING_DUE " AND request_json IS NOT NULL"

#define DUE_UNSENT                                                                     \
    DUE " AND deadline > now () AND " ALWAYS                                           \
        " AND next_attempt_at <= '-infinity'" CHOSEN                                   \
        " ORDER BY next_attempt_at, created_at" LIMITED
/* Rows that were with processes that died are taken apart from the others. */
#define DUE_INNOCENT                                                                   \
    DUE " AND ($6::bigint = 0 OR attempts < $6::bigint) AND deadline > now () "        \
        "AND " ALWAYS " AND next_attempt_at <= '-infinity'" CHOSEN                     \
        " ORDER BY next_attempt_at, created_at" LIMITED
#define DUE_SUSPECT                                                                    \
    DUE " AND attempts >= $6::bigint AND deadline > now () AND " ALWAYS                \
        " AND next_attempt_at <= '-infinity'" CHOSEN                                   \
        " ORDER BY next_attempt_at, created_at" LIMITED
#define DUE_REPEATS                                                                    \
    DUE " AND deadline > now () AND dispatched_at IS NOT NULL"                         \
        " AND next_attempt_at <= now () AND next_attempt_at >= " SINCE CHOSEN          \
        " ORDER BY next_attempt_at, created_at" LIMITED
#define DUE_RESET                                                                      \
    DUE " AND next_attempt_at > '-infinity' AND " ALWAYS                               \
        " AND updated_at <= $5::timestamptz" CHOSEN                                    \
        " ORDER BY next_attempt_at" LIMITED
#define DUE_EXPIRED                                                                    \
    " FROM predictions WHERE " PENDING_DEADLINE                                        \
    " AND deadline <= now () AND deadline >= " SINCE CHOSEN                            \
    " ORDER BY deadline" LIMITED

#define TAKE(due)                                                                      \
    "WITH due AS MATERIALIZED (SELECT request_id, attempts >= $5::bigint AND"          \
    "  (dispatched_at IS NOT NULL OR ($6::bigint > 0 AND attempts >= $6::bigint))"     \
    "  AS spent" due "),"                                                              \
    " taken AS (UPDATE predictions p SET"                                              \
    "  status = CASE WHEN spent THEN 'FAILED' ELSE 'PENDING' END,"                     \
    "  error = CASE WHEN spent THEN format ('no answer after %s attempts', attempts)"  \
    "   END,"                                                                          \
    "  attempts = attempts + (NOT spent)::int,"                                        \
    "  dispatched_at = now (), updated_at = now (),"                                   \
    "  next_attempt_at = " BACKOFF_NEXT                                                \
    " FROM due WHERE p.request_id = due.request_id"                                    \
    " RETURNING p.request_id, p.user_id, p.request_json, p.deadline, p.attempts,"      \
    "  p.created_at, spent)"                                                           \
    " SELECT now ()::text, request_id, user_id, request_json,"                         \
    "  floor (extract (epoch FROM deadline) * 1000)::bigint, attempts, spent,"         \
    "  (SELECT count (*) FROM due)"                                                    \
    " FROM (SELECT) one LEFT JOIN taken ON true ORDER BY created_at, request_id"

static const db_statement_t s_take_unsent = {
    .name = "predictions_take_unsent", .sql = TAKE (DUE_INNOCENT)};
static const db_statement_t s_take_suspects = {
    .name = "predictions_take_suspects", .sql = TAKE (DUE_SUSPECT)};
static const db_statement_t s_take_repeats = {
    .name = "predictions_take_repeats", .sql = TAKE (DUE_REPEATS)};
static const db_statement_t s_reset = {.name = "predictions_reset",
    .sql = "WITH due AS MATERIALIZED (SELECT request_id" DUE_RESET "),"
           " reset AS (UPDATE predictions p SET dispatched_at = NULL,"
           "  next_attempt_at = '-infinity', updated_at = now ()"
           "  FROM due WHERE p.request_id = due.request_id AND " PENDING_BY_ID
           "  RETURNING 1)"
           " SELECT (SELECT count (*) FROM reset), (SELECT count (*) FROM due)"};
static const db_statement_t s_expire = {.name = "predictions_expire",
    .sql = "WITH due AS MATERIALIZED (SELECT request_id" DUE_EXPIRED "),"
           " ended AS (UPDATE predictions p SET status = 'EXPIRED',"
           "  updated_at = now (), error = 'not answered before its deadline'"
           "  FROM due WHERE p.request_id = due.request_id AND " PENDING_BY_ID
           "  RETURNING p.request_id)"
           " SELECT now ()::text, request_id, (SELECT count (*) FROM due)"
           " FROM (SELECT) one LEFT JOIN ended ON true"};
static const db_statement_t s_choose[] = {
    [CHOOSE_UNSENT] = {.name = "predictions_choose_unsent",
        .sql = "SELECT request_id" DUE_UNSENT},
    [CHOOSE_REPEATS] = {.name = "predictions_choose_repeats",
        .sql = "SELECT request_id" DUE_REPEATS},
    [CHOOSE_RESET] = {.name = "predictions_choose_reset",
        .sql = "SELECT request_id" DUE_RESET},
    [CHOOSE_EXPIRED] = {.name = "predictions_choose_expired",
        .sql = "SELECT request_id" DUE_EXPIRED},
};

/* The order: use the index. It does not have created_at, so the age is that of the oldest
 * among the rows that would expire first: with deadlines alike it is the oldest of all. */
static const db_statement_t s_pending = {
    .name = "predictions_pending",
    .sql =
        "SELECT (SELECT count (*) FROM (SELECT FROM predictions WHERE " PENDING_DEADLINE
        " ORDER BY deadline LIMIT $1::bigint + 1) t),"
        " (SELECT coalesce (extract (epoch FROM now () - min (created_at)), 0) FROM"
        " (SELECT created_at FROM predictions WHERE " PENDING_DEADLINE
        " ORDER BY deadline LIMIT 100) t)",
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

/* The parameters that say what is due, and up to two of the statement's own. */
enum { DUE_SINCE, DUE_ASIDE, DUE_ONLY, DUE_LIMIT, DUE_OWN, DUE_COLUMNS = DUE_OWN + 2 };

static void
s_add_ids (array_t *column, const char *const *ids, size_t count)
{
    array_start (column, ARRAY_TEXT);
    for (size_t i = 0; i < count; i++)
        array_add_text (column, ids[i]);
}

static db_status_t
s_query_due (db_t *db, const db_statement_t *statement, const due_t *due,
    const char *const *own, int own_count, PGresult **result)
{
    array_t aside = {0}, only = {0};
    char limit[24];
    snprintf (limit, sizeof limit, "%zu", due->limit);
    s_add_ids (&aside, due->aside, due->aside_count);
    s_add_ids (&only, due->only, due->only_count);
    db_param_t params[DUE_COLUMNS] = {[DUE_SINCE] = {.bytes = due->since},
        [DUE_ASIDE] = array_param (&aside),
        [DUE_LIMIT] = {.bytes = limit}};
    for (int i = 0; i < own_count; i++)
        params[DUE_OWN + i].bytes = own[i];
    if (due->only)
        params[DUE_ONLY] = array_param (&only);
    db_status_t status = db_query (db, statement, DUE_OWN + own_count, params, result);
    array_free (&aside);
    array_free (&only);
    return status;
}

/* A row for each that was changed, or one without an id; the time of the look is first. NULL:
 * the statement failed. */
static int
s_read_changed (PGresult *result, int id_column, char looked[PREDICTIONS_TIME_SIZE])
{
    if (!result)
        return 0;
    snprintf (looked, PREDICTIONS_TIME_SIZE, "%s", PQgetvalue (result, 0, 0));
    return PQgetisnull (result, 0, id_column) ? 0 : PQntuples (result);
}

/* What is due is locked first, so that only a trigger can leave less to be changed. */
static db_status_t
s_check_changed (db_t *db, PGresult *result, int due_column, size_t changed)
{
    size_t due = (size_t)strtoull (PQgetvalue (result, 0, due_column), NULL, 10);
    return changed < due ? db_refuse (db, PENDING_KEPT) : DB_OK;
}

db_status_t
predictions_choose (db_t *db, choose_t which, const due_t *due, const char *start,
    char (*ids)[UUID_TEXT_SIZE], size_t *count)
{
    PGresult *result = NULL;
    db_status_t status =
        s_query_due (db, &s_choose[which], due, &start, which == CHOOSE_RESET, &result);
    *count = status == DB_OK ? (size_t)PQntuples (result) : 0;
    for (size_t row = 0; row < *count; row++)
        snprintf (ids[row], UUID_TEXT_SIZE, "%s", PQgetvalue (result, (int)row, 0));
    PQclear (result);
    return status;
}

enum {
    TAKE_NOW,
    TAKE_ID,
    TAKE_USER,
    TAKE_REQUEST,
    TAKE_DEADLINE,
    TAKE_ATTEMPTS,
    TAKE_SPENT,
    TAKE_DUE
};

/* NULL when the stored request cannot be read (somebody wrote into the table): *fault
 * says why. */
static request_t *
s_request_of_row (PGresult *result, int row, json_fault_t *fault)
{
    request_t *request = request_from_row (PQgetvalue (result, row, TAKE_REQUEST),
        (size_t)PQgetlength (result, row, TAKE_REQUEST), fault);
    if (!request)
        return NULL;
    snprintf (request->request_id, sizeof request->request_id, "%s",
        PQgetvalue (result, row, TAKE_ID));
    snprintf (request->user_id, sizeof request->user_id, "%s",
        PQgetvalue (result, row, TAKE_USER));
    request->deadline_ms = strtoll (PQgetvalue (result, row, TAKE_DEADLINE), NULL, 10);
    request->attempt = atoi (PQgetvalue (result, row, TAKE_ATTEMPTS));
    request->sent_ms = clock_unix_ms ();
    return request;
}

static void
s_fail_unreadable (
    db_t *db, const take_t *take, const char *request_id, const json_fault_t *fault)
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
    if (predictions_finish (db, results, 1, NULL, &hit) == DB_OK && hit && take->ended)
        take->ended (take->context, request_id, "FAILED");
    result_destroy (&failed);
}

static void
s_take_row (db_t *db, const take_t *take, PGresult *result, int row,
    request_t **requests, size_t *count)
{
    json_fault_t fault;
    const char *id = PQgetvalue (result, row, TAKE_ID);
    if (PQgetvalue (result, row, TAKE_SPENT)[0] == 't') {
        if (take->ended)
            take->ended (take->context, id, "FAILED");
        return;
    }
    request_t *request = s_request_of_row (result, row, &fault);
    if (request)
        requests[(*count)++] = request;
    else
        s_fail_unreadable (db, take, id, &fault);
}

db_status_t
predictions_take (db_t *db, const due_t *due, const take_t *take, request_t **requests,
    size_t *count, char looked[PREDICTIONS_TIME_SIZE])
{
    char attempts[16], suspect_from[16];
    const char *own[] = {attempts, suspect_from};
    PGresult *result = NULL;
    snprintf (attempts, sizeof attempts, "%d", take->max_attempts);
    snprintf (suspect_from, sizeof suspect_from, "%d", take->suspect_from);
    const db_statement_t *statement = take->repeats    ? &s_take_repeats
                                      : take->suspects ? &s_take_suspects
                                                       : &s_take_unsent;
    *count = 0;
    db_status_t status = s_query_due (db, statement, due, own, 2, &result);
    int taken = s_read_changed (result, TAKE_ID, looked);
    for (int row = 0; row < taken; row++)
        s_take_row (db, take, result, row, requests, count);
    if (status == DB_OK)
        status = s_check_changed (db, result, TAKE_DUE, (size_t)taken);
    PQclear (result);
    return status;
}

db_status_t
predictions_reset_start (db_t *db, char start[PREDICTIONS_TIME_SIZE])
{
    PGresult *result = NULL;
    db_status_t status = db_exec (db, "SELECT now ()::text", 0, NULL, &result);
    if (status == DB_OK)
        snprintf (start, PREDICTIONS_TIME_SIZE, "%s", PQgetvalue (result, 0, 0));
    PQclear (result);
    return status;
}

db_status_t
predictions_reset (db_t *db, const due_t *due, const char *start, size_t *count)
{
    PGresult *result = NULL;
    db_status_t status = s_query_due (db, &s_reset, due, &start, 1, &result);
    *count = 0;
    if (status == DB_OK) {
        *count = (size_t)strtoull (PQgetvalue (result, 0, 0), NULL, 10);
        status = s_check_changed (db, result, 1, *count);
    }
    PQclear (result);
    return status;
}

db_status_t
predictions_expire (db_t *db, const due_t *due, predictions_ended_fn *ended,
    void *context, size_t *count, char looked[PREDICTIONS_TIME_SIZE])
{
    PGresult *result = NULL;
    db_status_t status = s_query_due (db, &s_expire, due, NULL, 0, &result);
    int expired = s_read_changed (result, 1, looked);
    for (int row = 0; ended && row < expired; row++)
        ended (context, PQgetvalue (result, row, 1), "EXPIRED");
    *count = (size_t)expired;
    if (status == DB_OK)
        status = s_check_changed (db, result, 2, *count);
    PQclear (result);
    return status;
}

db_status_t
predictions_pending_count (db_t *db, size_t limit, size_t *count, double *oldest_s)
{
    char limit_text[24];
    snprintf (limit_text, sizeof limit_text, "%zu", limit);
    db_param_t param = {.bytes = limit_text};
    PGresult *result;
    db_status_t status = db_query (db, &s_pending, 1, &param, &result);
    if (status == DB_OK) {
        *count = (size_t)strtoull (PQgetvalue (result, 0, 0), NULL, 10);
        *oldest_s = strtod (PQgetvalue (result, 0, 1), NULL);
    }
    PQclear (result);
    return status;
}

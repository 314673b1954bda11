/* SPDX-License-Identifier: Apache-2.0 */
#include "store/forget.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"

#define INTERACTIONS_PORTION 10000
#define PREDICTIONS_PORTION  20000 /* looked at */
#define NIL                  "00000000-0000-0000-0000-000000000000"

/* The parameter takes the column's type: of a view the ids may be numbers. */
static const db_statement_t s_interactions = {
    .name = "forget_interactions",
    .sql = "DELETE FROM interactions WHERE user_id = $1 AND id IN"
           " (SELECT id FROM interactions WHERE user_id = $1 LIMIT $2::bigint)",
};

/* $2: the last key that was looked at. */
static const db_statement_t s_predictions = {
    .name = "forget_predictions",
    .sql = "WITH page AS MATERIALIZED (SELECT request_id, user_id FROM predictions"
           "  WHERE request_id > $2::uuid ORDER BY request_id LIMIT $3::bigint),"
           " gone AS (DELETE FROM predictions p USING page"
           "  WHERE p.request_id = page.request_id AND page.user_id = $1 RETURNING 1)"
           " SELECT (SELECT count (*) FROM gone), (SELECT count (*) FROM page),"
           " (SELECT request_id FROM page ORDER BY request_id DESC LIMIT 1)",
};

static bool
s_late (int64_t deadline_ms)
{
    return clock_monotonic_ms () > deadline_ms;
}

static db_status_t
s_forget_interactions (
    db_t *db, const char *user_id, int64_t deadline_ms, size_t *forgotten)
{
    char limit[24];
    snprintf (limit, sizeof limit, "%d", INTERACTIONS_PORTION);
    db_param_t params[] = {{.bytes = user_id}, {.bytes = limit}};
    size_t gone = INTERACTIONS_PORTION;
    while (gone == INTERACTIONS_PORTION) {
        PGresult *result;
        if (s_late (deadline_ms))
            return DB_RETRY;
        db_status_t status = db_query (db, &s_interactions, 2, params, &result);
        if (status != DB_OK)
            return status == DB_DATA ? DB_OK : status; /* no id of such a form */
        gone = db_changed (result);
        *forgotten += gone;
        PQclear (result);
    }
    return DB_OK;
}

static size_t
s_count (PGresult *result, int column)
{
    return strtoull (PQgetvalue (result, 0, column), NULL, 10);
}

static db_status_t
s_forget_predictions (
    db_t *db, const char *user_id, int64_t deadline_ms, size_t *forgotten)
{
    char limit[24], last[40] = NIL;
    snprintf (limit, sizeof limit, "%d", PREDICTIONS_PORTION);
    db_param_t params[] = {{.bytes = user_id}, {.bytes = last}, {.bytes = limit}};
    size_t seen = PREDICTIONS_PORTION;
    while (seen == PREDICTIONS_PORTION) {
        PGresult *result;
        if (s_late (deadline_ms))
            return DB_RETRY;
        db_status_t status = db_query (db, &s_predictions, 3, params, &result);
        if (status != DB_OK)
            return status;
        *forgotten += s_count (result, 0);
        seen = s_count (result, 1);
        snprintf (last, sizeof last, "%s", PQgetvalue (result, 0, 2));
        PQclear (result);
    }
    return DB_OK;
}

db_status_t
forget_user (db_t *db, const char *user_id, int64_t deadline_ms, forgotten_t *forgotten)
{
    *forgotten = (forgotten_t){0};
    db_status_t status =
        s_forget_interactions (db, user_id, deadline_ms, &forgotten->interactions);
    if (status != DB_OK)
        return status;
    return s_forget_predictions (db, user_id, deadline_ms, &forgotten->predictions);
}

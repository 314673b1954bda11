/* SPDX-License-Identifier: Apache-2.0 */
#include "store/overview.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "store/pending.h"

/* In the order of an index on what is pending (store/pending.h). */
static const char s_pending[] =
    "SELECT count (*), count (*) FILTER (WHERE dispatched_at IS NULL),"
    " coalesce (extract (epoch FROM now () - min (created_at)), 0)"
    " FROM (SELECT created_at, dispatched_at FROM predictions WHERE " PENDING_DEADLINE
    "  ORDER BY deadline LIMIT $1::bigint) t";

/* Our ids begin with the time; other people's have an index of their own. */
#define LAST_HOUR                                                                      \
    "WITH last_hour AS (SELECT request_id, status, error, updated_at FROM predictions" \
    " WHERE request_id >= (lpad (to_hex (floor (extract (epoch FROM"                   \
    "  now () - interval '1 h') * 1000)::bigint), 12, '0') || repeat ('0', 20))::uuid" \
    " AND get_byte (uuid_send (request_id), 6) >> 4 = 7"                               \
    " UNION ALL SELECT request_id, status, error, updated_at FROM predictions"         \
    " WHERE created_at >= now () - interval '1 h'"                                     \
    " AND get_byte (uuid_send (request_id), 6) >> 4 <> 7)"

static const char s_ended[] =
    LAST_HOUR " SELECT count (*) FILTER (WHERE status = 'COMPLETED'),"
              " count (*) FILTER (WHERE status = 'FAILED'),"
              " count (*) FILTER (WHERE status = 'EXPIRED') FROM last_hour";

static const char s_faults[] = LAST_HOUR
    " SELECT request_id, status,"
    " to_char (updated_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"'),"
    " regexp_replace (coalesce (error, ''), '[[:cntrl:][:space:]]+', ' ', 'g') FROM "
    "last_hour"
    " WHERE status IN ('FAILED', 'EXPIRED')"
    " ORDER BY updated_at DESC LIMIT $1::bigint";

static size_t
s_count (PGresult *result, int column)
{
    return (size_t)strtoull (PQgetvalue (result, 0, column), NULL, 10);
}

static db_status_t
s_read_pending (db_t *db, overview_t *self)
{
    char limit[24];
    const char *values[] = {limit};
    PGresult *result = NULL;
    snprintf (limit, sizeof limit, "%d", OVERVIEW_PENDING_LIMIT);
    db_status_t status = db_exec (db, s_pending, 1, values, &result);
    if (status == DB_OK) {
        self->pending = s_count (result, 0);
        self->unsent = s_count (result, 1);
        self->oldest_s = strtod (PQgetvalue (result, 0, 2), NULL);
    }
    PQclear (result);
    return status;
}

static db_status_t
s_read_ended (db_t *db, overview_t *self)
{
    PGresult *result = NULL;
    db_status_t status = db_exec (db, s_ended, 0, NULL, &result);
    if (status == DB_OK) {
        self->completed = s_count (result, 0);
        self->failed = s_count (result, 1);
        self->expired = s_count (result, 2);
    }
    PQclear (result);
    return status;
}

static db_status_t
s_read_faults (db_t *db, overview_t *self)
{
    char limit[24];
    const char *values[] = {limit};
    PGresult *result = NULL;
    snprintf (limit, sizeof limit, "%d", OVERVIEW_FAULT_LIMIT);
    db_status_t status = db_exec (db, s_faults, 1, values, &result);
    self->fault_count = status == DB_OK ? (size_t)PQntuples (result) : 0;
    for (size_t i = 0; i < self->fault_count; i++) {
        overview_fault_t *fault = &self->faults[i];
        int row = (int)i;
        utf8_copy (
            fault->request_id, sizeof fault->request_id, PQgetvalue (result, row, 0));
        utf8_copy (fault->status, sizeof fault->status, PQgetvalue (result, row, 1));
        utf8_copy (fault->at, sizeof fault->at, PQgetvalue (result, row, 2));
        utf8_copy (fault->error, sizeof fault->error, PQgetvalue (result, row, 3));
    }
    PQclear (result);
    return status;
}

db_status_t
overview_read (db_t *db, overview_t *overview)
{
    memset (overview, 0, sizeof *overview);
    db_status_t status = s_read_pending (db, overview);
    if (status == DB_OK)
        status = s_read_ended (db, overview);
    if (status == DB_OK && overview->failed + overview->expired > 0)
        status = s_read_faults (db, overview);
    return status;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "store/retention.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "store/portion.h"

#define PORTION_LIMIT 1000

typedef enum { ROUTE_TIMED, ROUTE_UNTIMED, ROUTE_COUNT } route_t;

struct retention {
    db_t *db; /* borrowed */
    char *before;
    bool alone;
    route_t route;     /* ROUTE_COUNT: done */
    char id[40];       /* the last one dealt with on the route */
    char created[48];  /* its time */
    portion_t portion; /* rows of a statement */
    size_t left;       /* could not be deleted */
};

/* $1 before, $2 and $3 the last one dealt with, $4 limit, $5 alone. The bound of an id is
 * its first 48 bits: milliseconds. Rows of the first route that are not ours have random
 * ids, and few of them lie below the bound. */
#define KEPT /* what its client may send again (store/once.h) */                       \
    " AND (fingerprint IS NULL OR created_at < now () - interval '1 day')"
#define TIMED                                                                          \
    "request_id > $2::uuid AND created_at IS NOT NULL AND $3::timestamptz IS NOT NULL" \
    " AND request_id < (lpad (to_hex (greatest (0, floor (extract (epoch FROM"         \
    "  $1::timestamptz) * 1000))::bigint), 12, '0') || repeat ('0', 20))::uuid"        \
    " AND created_at < $1::timestamptz AND status <> 'PENDING'" KEPT                   \
    " ORDER BY request_id"
#define UNTIMED                                                                        \
    "get_byte (uuid_send (request_id), 6) >> 4 <> 7"                                   \
    " AND (created_at, request_id) > ($3::timestamptz, $2::uuid)"                      \
    " AND created_at < $1::timestamptz AND status <> 'PENDING'" KEPT                   \
    " ORDER BY created_at, request_id"
#define DUE(route, lock)                                                               \
    "WITH turn AS MATERIALIZED (SELECT CASE WHEN $5::boolean THEN"                     \
    "  pg_try_advisory_xact_lock (hashtext ('sasrec.retention')) ELSE true END AS "    \
    "ours),"                                                                           \
    " due AS MATERIALIZED (SELECT request_id, created_at FROM predictions"             \
    "  WHERE (SELECT ours FROM turn) AND " route " LIMIT $4::bigint" lock ")"
#define LAST                                                                           \
    " (SELECT count (*) FROM due), request_id, created_at::text FROM (SELECT) one"     \
    " LEFT JOIN (SELECT * FROM due ORDER BY "
#define DELETE(route, order)                                                           \
    DUE (route, " FOR UPDATE SKIP LOCKED")                                             \
    ", gone AS (DELETE FROM predictions p"                                             \
    " USING due WHERE p.request_id = due.request_id RETURNING 1)"                      \
    " SELECT (SELECT count (*) FROM gone)," LAST order " LIMIT 1) last ON true"
#define LOOK(route, order)                                                             \
    DUE (route, "") " SELECT 0," LAST order " LIMIT 1) last ON true"

#define BY_ID   "request_id DESC"
#define BY_TIME "created_at DESC, request_id DESC"

static const db_statement_t s_delete[] = {
    [ROUTE_TIMED] = {.name = "retention_timed", .sql = DELETE (TIMED, BY_ID)},
    [ROUTE_UNTIMED] = {.name = "retention_untimed", .sql = DELETE (UNTIMED, BY_TIME)},
};
static const db_statement_t s_look[] = {
    [ROUTE_TIMED] = {.name = "retention_look_timed", .sql = LOOK (TIMED, BY_ID)},
    [ROUTE_UNTIMED] = {.name = "retention_look_untimed",
        .sql = LOOK (UNTIMED, BY_TIME)},
};

static void
s_take_route (retention_t *self, route_t route)
{
    self->route = route;
    snprintf (self->id, sizeof self->id, "00000000-0000-0000-0000-000000000000");
    snprintf (self->created, sizeof self->created, "-infinity");
}

retention_t *
retention_new (db_t *db, const char *before, int timeout_ms, bool alone)
{
    retention_t *self = calloc (1, sizeof *self);
    assert (self);
    self->db = db;
    self->before = strdup (before);
    assert (self->before);
    self->alone = alone;
    self->portion = portion_make (PORTION_LIMIT, timeout_ms);
    s_take_route (self, ROUTE_TIMED);
    return self;
}

void
retention_destroy (retention_t **self_p)
{
    retention_t *self = *self_p;
    if (!self)
        return;
    free (self->before);
    free (self);
    *self_p = NULL;
}

bool
retention_done (const retention_t *self)
{
    return self->route == ROUTE_COUNT;
}

size_t
retention_left (const retention_t *self)
{
    return self->left;
}

static void
s_go_on (retention_t *self, PGresult *result, size_t limit)
{
    size_t due = strtoull (PQgetvalue (result, 0, 1), NULL, 10);
    if (due < limit) {
        s_take_route (self, self->route + 1);
        return;
    }
    snprintf (self->id, sizeof self->id, "%s", PQgetvalue (result, 0, 2));
    snprintf (self->created, sizeof self->created, "%s", PQgetvalue (result, 0, 3));
}

static db_status_t
s_run (
    retention_t *self, const db_statement_t *statement, size_t limit, size_t *deleted)
{
    char limit_text[24];
    snprintf (limit_text, sizeof limit_text, "%zu", limit);
    db_param_t params[] = {{.bytes = self->before}, {.bytes = self->id},
        {.bytes = self->created}, {.bytes = limit_text},
        {.bytes = self->alone ? "t" : "f"}};
    PGresult *result;
    db_status_t status = db_query (self->db, statement, 5, params, &result);
    if (status == DB_OK) {
        *deleted = strtoull (PQgetvalue (result, 0, 0), NULL, 10);
        s_go_on (self, result, limit);
    }
    PQclear (result);
    return status;
}

/* In a statement of one row that row is the cause: it is passed over. */
static db_status_t
s_pass_over (retention_t *self)
{
    size_t none;
    db_status_t status = s_run (self, &s_look[self->route], 1, &none);
    if (status == DB_OK) {
        self->left++;
        self->portion.limit = PORTION_LIMIT / 8;
    }
    return status;
}

db_status_t
retention_step (retention_t *self, size_t *deleted)
{
    assert (!retention_done (self));
    *deleted = 0;
    size_t limit = self->portion.limit;
    int64_t start_ms = clock_monotonic_ms ();
    db_status_t status = s_run (self, &s_delete[self->route], limit, deleted);
    portion_note (
        &self->portion, limit, clock_monotonic_ms () - start_ms, status == DB_OK);
    if (status == DB_OK || status == DB_AWAY)
        return status;
    if (limit == 1)
        return s_pass_over (self);
    self->portion.limit = limit / 8 > 0 ? limit / 8 : 1;
    return DB_OK;
}

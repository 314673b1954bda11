/* SPDX-License-Identifier: Apache-2.0 */
#include "store/facts.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PAGE "50000" /* items; some 0.1 s */

struct facts {
    char *seen; /* the snapshot of what has been read: pg_snapshot as text */
};

/* Infinity is a timestamp, too. */
#define MS(column)                                                                     \
    "CASE WHEN isfinite (" column ") THEN floor (extract (epoch FROM " column          \
    ") * 1000)::bigint WHEN " column " > now () THEN '9223372036854775807'::bigint"    \
    " WHEN " column " < now () THEN '-9223372036854775808'::bigint END"
#define FACTS                                                                          \
    MS ("i.available_from")                                                            \
    ", " MS ("i.expires_at") ","                                                       \
                             " array_to_string (item_categories (i.category, "         \
                             "i.categories), chr (31))"
#define COLUMNS 5

static const db_statement_t s_snapshot = {
    .name = "facts_snapshot", .sql = "SELECT pg_current_snapshot ()::text"};

static const db_statement_t s_page = {
    .name = "facts_page",
    .sql = "SELECT i.item_id, i.hidden, " FACTS " FROM items i"
           " WHERE i.item_id > $1::bigint ORDER BY i.item_id LIMIT " PAGE,
};

static const db_statement_t s_gone = {
    .name = "facts_gone",
    .sql = "SELECT item_id, true, NULL, NULL, '' FROM item_changes"
           " WHERE gone AND item_id > $1::bigint ORDER BY item_id LIMIT " PAGE,
};

/* New is what the last snapshot did not see and this one does: transactions that were
 * running then, or began after it. Numbers beyond those that are given out are from another
 * server, before a restore. */
static const db_statement_t s_new = {
    .name = "facts_new",
    .sql = "SELECT c.item_id, c.gone OR coalesce (i.hidden, false), " FACTS ", now.seen"
           " FROM (SELECT pg_current_snapshot ()::text AS seen) now"
           " LEFT JOIN (SELECT * FROM item_changes"
           "  WHERE changed >= pg_snapshot_xmin ($1::pg_snapshot)"
           "  AND changed < pg_snapshot_xmax (pg_current_snapshot ())"
           "  AND NOT pg_visible_in_snapshot (changed, $1::pg_snapshot)"
           "  LIMIT $2::bigint) c ON true"
           " LEFT JOIN items i ON i.item_id = c.item_id ORDER BY c.item_id",
};

facts_t *
facts_new (void)
{
    facts_t *self = calloc (1, sizeof *self);
    assert (self);
    return self;
}

void
facts_destroy (facts_t **self_p)
{
    if (*self_p)
        free ((*self_p)->seen);
    free (*self_p);
    *self_p = NULL;
}

static int64_t
s_integer (PGresult *result, int row, int column, int64_t otherwise)
{
    return PQgetisnull (result, row, column)
               ? otherwise
               : strtoll (PQgetvalue (result, row, column), NULL, 10);
}

static int64_t
s_tell (PGresult *result, int row, facts_each_t *each, void *context)
{
    fact_t fact = {.item_id = s_integer (result, row, 0, 0),
        .hidden = PQgetvalue (result, row, 1)[0] == 't',
        .from_ms = s_integer (result, row, 2, INT64_MIN),
        .until_ms = s_integer (result, row, 3, INT64_MAX),
        .categories = PQgetvalue (result, row, 4)};
    fact_settle_times (&fact);
    each (context, &fact);
    return fact.item_id;
}

static void
s_set_seen (facts_t *self, char *seen)
{
    free (self->seen);
    self->seen = seen;
}

static db_status_t
s_read_pages (
    db_t *db, const db_statement_t *statement, facts_each_t *each, void *context)
{
    int64_t last = -1;
    for (int rows = 1; rows > 0;) {
        char id[24];
        PGresult *result;
        snprintf (id, sizeof id, "%" PRId64, last);
        db_param_t param = {.bytes = id};
        db_status_t status = db_query (db, statement, 1, &param, &result);
        if (status != DB_OK)
            return status;
        rows = PQntuples (result);
        for (int row = 0; row < rows; row++)
            last = s_tell (result, row, each, context);
        PQclear (result);
    }
    return DB_OK;
}

/* The snapshot comes first: what changes while pages are read is new afterwards. */
db_status_t
facts_read_all (facts_t *self, db_t *db, facts_each_t *each, void *context)
{
    PGresult *result;
    db_status_t status = db_query (db, &s_snapshot, 0, NULL, &result);
    if (status != DB_OK)
        return status;
    char *seen = strdup (PQgetvalue (result, 0, 0));
    assert (seen);
    PQclear (result);
    status = s_read_pages (db, &s_page, each, context);
    if (status == DB_OK)
        status = s_read_pages (db, &s_gone, each, context);
    if (status == DB_OK)
        s_set_seen (self, seen);
    else
        free (seen);
    return status;
}

db_status_t
facts_read_new (
    facts_t *self, db_t *db, facts_each_t *each, void *context, bool *overflow)
{
    char most[24];
    PGresult *result;
    assert (self->seen);
    snprintf (most, sizeof most, "%d", FACTS_NEW_MOST + 1);
    db_param_t params[] = {{.bytes = self->seen}, {.bytes = most}};
    *overflow = false;
    db_status_t status = db_query (db, &s_new, 2, params, &result);
    if (status != DB_OK)
        return status;
    *overflow = PQntuples (result) > FACTS_NEW_MOST;
    for (int row = 0; row < PQntuples (result) && !*overflow; row++)
        if (!PQgetisnull (result, row, 0))
            s_tell (result, row, each, context);
    char *seen = strdup (PQgetvalue (result, 0, COLUMNS));
    assert (seen);
    if (*overflow)
        free (seen);
    else
        s_set_seen (self, seen);
    PQclear (result);
    return DB_OK;
}

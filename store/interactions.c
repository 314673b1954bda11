/* SPDX-License-Identifier: Apache-2.0 */
#include "store/interactions.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/absent.h"
#include "store/array.h"

/* Users one after the other from the index on their keys (store/schema: user_order), so
 * that the cost follows the users found and not the interactions. $1 prefix, $2 after,
 * $3 limit; "" means none. A key is the stem, the number of digits at the end, the digits:
 * so what begins with a prefix that ends in digits lies in one range for each number of
 * digits, and in the range of the stems that go on. The ranges are walked in the order of
 * the keys; a plan of this shape cannot do otherwise. A step takes the users of the next 64
 * interactions; where those are of fewer than five, the next 16 steps go to one user each,
 * past the rest of the last one's. */
#define KEY "user_order (user_id) COLLATE \"C\""
#define END " || chr (1114111) COLLATE \"C\"" /* after all that begin so */
/* clang-format off */
#define NEXT(bound, limit)                                                             \
    "SELECT " KEY " AS user_key, user_id FROM interactions"                            \
    " WHERE " bound " ORDER BY " KEY " LIMIT " limit
#define MANY(bound)                                                                    \
    "SELECT max (user_key) AS last, array_agg (user_id) AS users FROM"                 \
    " (SELECT DISTINCT ON (user_key) user_key, user_id"                                \
    "  FROM (" NEXT (bound, "64") ") AS next ORDER BY user_key) AS found"              \
    " HAVING count (*) > 0"
#define ONE(bound)                                                                     \
    "SELECT user_key, ARRAY[user_id] FROM (" NEXT (bound, "1") ") AS next"
#define WALK(start, high)                                                              \
    "WITH RECURSIVE walk (last, users, single) AS ("                                   \
    "SELECT last, users, 0 FROM (" MANY (start high) ") AS first"                      \
    " UNION ALL SELECT step.last, step.users, CASE WHEN single > 0 THEN single - 1"    \
    "  WHEN cardinality (step.users) < 5 THEN 16 ELSE 0 END FROM walk,"                \
    " LATERAL ((" MANY (KEY " > walk.last AND single = 0" high) ")"                    \
    "  UNION ALL (" ONE (KEY " > walk.last AND single > 0" high) ")) AS step)"         \
    " SELECT unnest (users) AS user_id FROM walk"
#define AFTER "CASE WHEN $2::text = '' THEN '' ELSE user_order ($2) END"
static const db_statement_t s_walk_users = {
    .name = "interactions_users",
    .sql =
    "SELECT found.user_id FROM"
    " (SELECT rtrim ($1::text, '0123456789') AS stem, " AFTER " AS after) AS given,"
    " LATERAL (SELECT substr ($1, length (stem) + 1) AS digits) AS ending,"
    " LATERAL (SELECT stem || chr (1) || chr (32 + n) || digits AS low"
    "  FROM generate_series (length (digits), 128) AS n WHERE digits <> ''"
    "  UNION ALL SELECT $1) AS range,"
    " LATERAL (" WALK (KEY " >= range.low COLLATE \"C\" AND " KEY " > after COLLATE \"C\"",
        " AND " KEY " < range.low" END) ") AS found LIMIT $3::bigint",
};
/* Without a prefix there is no end to compare with. */
static const db_statement_t s_walk_all_users = {
    .name = "interactions_all_users",
    .sql = WALK ("$1::text = '' AND " KEY " > " AFTER " COLLATE \"C\"", "")
        " LIMIT $3::bigint",
};
/* clang-format on */

/* A view has no index of ours, and its ids may be numbers. */
static const db_statement_t s_sort_users = {
    .name = "interactions_sort_users",
    .sql = "SELECT user_id FROM (SELECT DISTINCT user_id::text AS user_id"
           "  FROM interactions WHERE user_id::text ^@ $1::text) t"
           " WHERE $2::text = '' OR " KEY " > user_order ($2) COLLATE \"C\""
           " ORDER BY " KEY " LIMIT $3::bigint",
};

static const db_statement_t s_is_table_statement = {
    .name = "interactions_is_table",
    .sql = "SELECT relkind IN ('r', 'p') FROM pg_class"
           " WHERE oid = to_regclass ('interactions')",
};

/* The parameter takes the column's type, so that a view of a table whose ids are numbers
 * uses that table's index. */
static const db_statement_t s_history = {
    .name = "interactions_history",
    .sql = "SELECT item_id::bigint FROM (SELECT item_id, created_at, id"
           "  FROM interactions WHERE user_id = $1"
           "  ORDER BY created_at DESC, id DESC LIMIT $2::bigint) t"
           " ORDER BY created_at, id",
    .binary_result = true,
};

/* Of someone's own table there is a view. */
static db_status_t
s_is_table (db_t *db, bool *table)
{
    PGresult *result;
    db_status_t status = db_query (db, &s_is_table_statement, 0, NULL, &result);
    *table = status == DB_OK && PQntuples (result) > 0 &&
             PQgetvalue (result, 0, 0)[0] == 't';
    PQclear (result);
    return status;
}

static char **
s_copy_users (PGresult *result, size_t count)
{
    char **users = calloc (count + 1, sizeof *users);
    assert (users);
    for (size_t i = 0; i < count; i++) {
        users[i] = strdup (PQgetvalue (result, (int)i, 0));
        assert (users[i]);
    }
    return users;
}

db_status_t
interactions_users (db_t *db, const char *prefix, const char *after, size_t limit,
    char ***users, size_t *count)
{
    char limit_text[24];
    snprintf (limit_text, sizeof limit_text, "%zu", limit);
    db_param_t params[] = {{.bytes = prefix}, {.bytes = after}, {.bytes = limit_text}};
    bool table;
    *users = NULL;
    *count = 0;
    db_status_t status = s_is_table (db, &table);
    if (status != DB_OK)
        return status;
    PGresult *result;
    const db_statement_t *statement = !table    ? &s_sort_users
                                      : *prefix ? &s_walk_users
                                                : &s_walk_all_users;
    status = db_query (db, statement, 3, params, &result);
    if (status == DB_OK) {
        *count = (size_t)PQntuples (result);
        *users = s_copy_users (result, *count);
    }
    PQclear (result);
    return status;
}

void
interactions_users_free (char ***users_p, size_t count)
{
    for (size_t i = 0; *users_p && i < count; i++)
        free ((*users_p)[i]);
    free (*users_p);
    *users_p = NULL;
}

/* Item ids, as the statement has them in its one column. */
static db_status_t
s_items (db_t *db, const db_statement_t *statement, const db_param_t *params,
    int param_count, int64_t **items, size_t *count)
{
    PGresult *result;
    *items = NULL;
    *count = 0;
    db_status_t status = db_query (db, statement, param_count, params, &result);
    if (status == DB_DATA)
        return DB_OK; /* no id of such a form: of a view whose ids are numbers */
    if (status == DB_OK) {
        *count = (size_t)PQntuples (result);
        *items = calloc (*count + 1, sizeof **items);
        assert (*items);
        for (size_t i = 0; i < *count; i++)
            (*items)[i] = array_get_be64 (PQgetvalue (result, (int)i, 0));
    }
    PQclear (result);
    return status;
}

db_status_t
interactions_history (
    db_t *db, const char *user_id, size_t limit, int64_t **items, size_t *count)
{
    char limit_text[24];
    snprintf (limit_text, sizeof limit_text, "%zu", limit);
    db_param_t params[] = {{.bytes = user_id}, {.bytes = limit_text}};
    return s_items (db, &s_history, params, 2, items, count);
}

/* Of a list as the command line has it. */
#define EVENT "coalesce (i.event, 'none')"
#define AMONG " (string_to_array ($2, ','))"

/* clang-format off */
static const db_statement_t s_history_without = {
    .name = "interactions_history_without",
    .sql = "SELECT item_id::bigint FROM (SELECT i.item_id, i.created_at, i.id"
           "  FROM " ABSENT_INTERACTIONS ("user_id, item_id, created_at, id")
           "  WHERE i.user_id = $1 AND " EVENT " <> ALL" AMONG
           "  ORDER BY i.created_at DESC, i.id DESC LIMIT $3::bigint) t"
           " ORDER BY created_at, id",
    .binary_result = true,
};
static const db_statement_t s_seen = {
    .name = "interactions_seen",
    .sql = "SELECT item_id::bigint FROM " ABSENT_INTERACTIONS ("user_id, item_id, created_at")
           " WHERE i.user_id = $1 AND " EVENT " = ANY" AMONG
           " GROUP BY item_id ORDER BY max (i.created_at) DESC, item_id LIMIT $3::bigint",
    .binary_result = true,
};
/* clang-format on */

static db_status_t
s_items_by_events (db_t *db, const db_statement_t *statement, const char *user_id,
    const char *events, size_t limit, int64_t **items, size_t *count)
{
    char limit_text[24];
    snprintf (limit_text, sizeof limit_text, "%zu", limit);
    db_param_t params[] = {
        {.bytes = user_id}, {.bytes = events}, {.bytes = limit_text}};
    return s_items (db, statement, params, 3, items, count);
}

db_status_t
interactions_history_without (db_t *db, const char *user_id, const char *events,
    size_t limit, int64_t **items, size_t *count)
{
    return s_items_by_events (
        db, &s_history_without, user_id, events, limit, items, count);
}

db_status_t
interactions_seen (db_t *db, const char *user_id, const char *events, size_t limit,
    int64_t **items, size_t *count)
{
    return s_items_by_events (db, &s_seen, user_id, events, limit, items, count);
}

/* As numeric, which holds what is no bigint, and what is text. */
static const char s_find_odd[] =
    "SELECT coalesce ('item_id ' || item_id::text, 'a row without item_id'),"
    " coalesce ('user_id ' || user_id::text, 'without user_id'),"
    " coalesce (created_at::text, 'without created_at')"
    " FROM interactions WHERE user_id IS NULL OR created_at IS NULL OR item_id IS NULL"
    " OR item_id::numeric NOT BETWEEN 0 AND 9007199254740991 LIMIT 1";

int
interactions_check (db_t *db, char error[160])
{
    bool table = false;
    PGresult *result = NULL;
    db_status_t status = db_ensure (db) ? s_is_table (db, &table) : DB_AWAY;
    if (status == DB_OK && !table)
        status = db_exec (db, s_find_odd, 0, NULL, &result);
    bool odd = result && PQntuples (result) > 0;
    if (status != DB_OK)
        snprintf (error, 160, "cannot read interactions: %.120s", db_error (db));
    else if (odd)
        snprintf (error, 160,
            "the view interactions has %.30s, %.40s, %.30s; item ids are 0 to 2^53 - 1",
            PQgetvalue (result, 0, 0), PQgetvalue (result, 0, 1),
            PQgetvalue (result, 0, 2));
    PQclear (result);
    return status == DB_OK && !odd ? 0 : -1;
}

int64_t
interactions_last_id (db_t *db)
{
    PGresult *result;
    db_status_t status = db_exec (db,
        "SELECT coalesce (max (id), 0)::bigint FROM interactions", 0, NULL, &result);
    int64_t id = status == DB_OK ? strtoll (PQgetvalue (result, 0, 0), NULL, 10) : 0;
    PQclear (result);
    return id;
}

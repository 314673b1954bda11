/* SPDX-License-Identifier: Apache-2.0 */
#include "store/schema_check.h"

#include <stdio.h>

#include "store/migrate.h"

/* Its first row is the first thing that is missing. */
static const char s_missing[] =
    "SELECT CASE WHEN to_regclass (name) IS NULL"
    " THEN format ('the table %s is missing', name)"
    " ELSE format ('the role %s lacks the right to %s on %s: GRANT it', current_user,"
    "  privilege, name) END"
    " FROM (VALUES (1, 'interactions', 'SELECT'), (2, 'predictions', 'SELECT'),"
    "  (3, 'predictions', 'INSERT'), (4, 'predictions', 'UPDATE'),"
    "  (5, 'items', 'SELECT'), (6, 'api_keys', 'SELECT'),"
    "  (7, 'item_changes', 'SELECT'))"
    " AS t (rank, name, privilege)"
    " WHERE to_regclass (name) IS NULL"
    "  OR NOT has_table_privilege (to_regclass (name), privilege)"
    " ORDER BY rank LIMIT 1";

/* Reads nothing; whether the columns are there, and of types that can be ours, shows. */
static const char s_readable[] =
    "SELECT id, user_id::text, item_id::bigint, created_at::timestamptz"
    " FROM interactions LIMIT 0";

static bool
s_is_complete (db_t *db, char reason[160])
{
    PGresult *result;
    db_status_t status = db_exec (db, s_missing, 0, NULL, &result);
    bool complete = status == DB_OK && PQntuples (result) == 0;
    if (!complete)
        snprintf (reason, 160, "%.150s",
            status == DB_OK ? PQgetvalue (result, 0, 0) : db_error (db));
    PQclear (result);
    return complete;
}

static bool
s_is_readable (db_t *db, char reason[160])
{
    if (db_exec (db, s_readable, 0, NULL, NULL) == DB_OK)
        return true;
    snprintf (reason, 160,
        "interactions must have id, user_id, item_id (integer), created_at "
        "(timestamptz): %.70s",
        db_error (db));
    return false;
}

bool
schema_check (db_t *db, char reason[160])
{
    if (migrate_current (db))
        return s_is_complete (db, reason) && s_is_readable (db, reason);
    snprintf (reason, 160, "not current: run 'sasrec migrate'");
    return false;
}

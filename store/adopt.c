/* SPDX-License-Identifier: Apache-2.0 */
#include "store/adopt.h"

#include <stdio.h>

#include "base/embed.h"

#define ADOPTABLE "'interactions', 'predictions'"

/* The first row is the worst: what nobody can take over comes before what may be. A view
 * in the place of interactions stays a view. */
static const char s_in_the_way[] =
    "SELECT current_schema (), CASE relkind WHEN 'v' THEN 'view' WHEN 'm'"
    "  THEN 'materialized view' WHEN 'S' THEN 'sequence' WHEN 'i' THEN 'index'"
    "  ELSE 'table' END, relname, relname IN (" ADOPTABLE ")"
    "  AND relkind IN ('r', 'p', 'v') AND (relname, relkind) <> ('predictions', 'v')"
    " FROM pg_class WHERE relnamespace = quote_ident (current_schema ())::regnamespace"
    " AND relname IN (" ADOPTABLE ", 'items', 'item_changes', 'imports',"
    "  'schema_migrations', 'api_keys', 'idempotency')"
    " ORDER BY 4, 3";

static const char s_move_aside[] =
    "DO $adopt$ DECLARE name text; BEGIN"
    " FOREACH name IN ARRAY ARRAY [" ADOPTABLE "] LOOP"
    "  IF to_regclass (format ('%I.%I', current_schema (), name)) IS NOT NULL THEN"
    "   EXECUTE format ('ALTER TABLE %I RENAME TO %I', name, 'adopted_' || name);"
    "  END IF; END LOOP; END $adopt$";

static void
s_say (const PGresult *result, bool adopting, char error[160])
{
    bool adoptable = PQgetvalue (result, 0, 3)[0] == 't' && !adopting;
    snprintf (error, 160,
        "the schema %.40s has a %s %s that is not ours: choose another by --schema "
        "sasrec%s",
        PQgetvalue (result, 0, 0), PQgetvalue (result, 0, 1), PQgetvalue (result, 0, 2),
        adoptable ? ", or take it over by --adopt" : "");
}

int
adopt_look (db_t *db, bool adopting, size_t *found, char error[160])
{
    PGresult *result;
    *found = 0;
    if (db_exec (db, s_in_the_way, 0, NULL, &result) != DB_OK) {
        snprintf (error, 160, "%.150s", db_error (db));
        return -1;
    }
    int rc = 0;
    *found = (size_t)PQntuples (result);
    if (*found > 0 && (!adopting || PQgetvalue (result, 0, 3)[0] != 't')) {
        s_say (result, adopting, error);
        rc = -1;
    }
    PQclear (result);
    return rc;
}

db_status_t
adopt_move_aside (db_t *db)
{
    return db_script (db, s_move_aside);
}

db_status_t
adopt_finish (db_t *db)
{
    return db_script (db, (const char *)embed_adopt[0].bytes);
}

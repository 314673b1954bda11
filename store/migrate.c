/* SPDX-License-Identifier: Apache-2.0 */
#include "store/migrate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/embed.h"
#include "base/log.h"
#include "store/adopt.h"
#include "store/array.h"
#include "store/conninfo.h"
#include "store/database.h"
#include "store/schema_check.h"

static const char s_begin[] =
    "BEGIN; SELECT pg_advisory_xact_lock (hashtext ('sasrec.migrate'))";
static const char s_create[] = "CREATE TABLE schema_migrations ("
                               " name text PRIMARY KEY, checksum text NOT NULL,"
                               " applied_at timestamptz NOT NULL DEFAULT now ())";

/* Rails has a table of that name, too. */
static const char s_is_ours[] =
    "SELECT EXISTS (SELECT FROM pg_attribute WHERE attname = 'checksum' AND attrelid ="
    " to_regclass (format ('%I.schema_migrations', current_schema ())))";

static const db_statement_t s_current = {
    .name = "migrate_current",
    .sql = "SELECT count (*) FROM schema_migrations WHERE name = ANY ($1::text[])",
};

static int
s_fail (db_t *db, const char *what, char error[160])
{
    snprintf (error, 160, "migration %.40s failed: %.90s", what, db_error (db));
    return -1;
}

static const embed_file_t *
s_known (const char *name)
{
    for (size_t i = 0; i < embed_schema_count; i++)
        if (strcmp (embed_schema[i].name, name) == 0)
            return &embed_schema[i];
    return NULL;
}

/* A database from the future is not ours to touch. */
static int
s_refuse_unknown (db_t *db, char error[160])
{
    PGresult *result;
    if (db_exec (db, "SELECT name FROM schema_migrations ORDER BY name DESC", 0, NULL,
            &result) != DB_OK)
        return s_fail (db, "check", error);
    int unknown = -1;
    for (int row = 0; row < PQntuples (result) && unknown < 0; row++)
        if (!s_known (PQgetvalue (result, row, 0)))
            unknown = row;
    if (unknown >= 0)
        snprintf (error, 160,
            "the database has migration %.60s, which this program does not know: use a"
            " newer sasrec",
            PQgetvalue (result, unknown, 0));
    PQclear (result);
    return unknown >= 0 ? -1 : 0;
}

typedef enum { MIGRATION_MISSING, MIGRATION_APPLIED, MIGRATION_CHANGED } migration_t;

static db_status_t
s_look_up (db_t *db, const embed_file_t *file, migration_t *state)
{
    const char *values[] = {file->name, (const char *)file->bytes};
    PGresult *result;
    db_status_t status = db_exec (db,
        "SELECT checksum = encode (sha256 (convert_to ($2, 'UTF8')), 'hex')"
        " FROM schema_migrations WHERE name = $1",
        2, values, &result);
    *state = MIGRATION_MISSING;
    if (status == DB_OK && PQntuples (result) > 0)
        *state =
            PQgetvalue (result, 0, 0)[0] == 't' ? MIGRATION_APPLIED : MIGRATION_CHANGED;
    PQclear (result);
    return status;
}

static db_status_t
s_apply (db_t *db, const embed_file_t *file)
{
    const char *values[] = {file->name, (const char *)file->bytes};
    db_status_t status = db_script (db, (const char *)file->bytes);
    if (status == DB_OK)
        status = db_exec (db,
            "INSERT INTO schema_migrations (name, checksum)"
            " VALUES ($1, encode (sha256 (convert_to ($2, 'UTF8')), 'hex'))",
            2, values, NULL);
    return status;
}

static int
s_apply_all (db_t *db, size_t *applied, char error[160])
{
    for (size_t i = 0; i < embed_schema_count; i++) {
        const embed_file_t *file = &embed_schema[i];
        migration_t state;
        if (s_look_up (db, file, &state) != DB_OK)
            return s_fail (db, file->name, error);
        if (state == MIGRATION_CHANGED) {
            snprintf (error, 160,
                "migration %.60s was applied with other content: this program does not"
                " fit the database",
                file->name);
            return -1;
        }
        if (state == MIGRATION_APPLIED)
            continue;
        if (s_apply (db, file) != DB_OK)
            return s_fail (db, file->name, error);
        ++*applied;
    }
    return 0;
}

/* With the first table of a schema comes the schema. */
static int
s_ensure_schema (db_t *db, const char *name, char error[160])
{
    char sql[200];
    PGresult *result;
    if (db_exec (db, "SELECT current_schema ()", 0, NULL, &result) != DB_OK)
        return s_fail (db, "check", error);
    bool there = !PQgetisnull (result, 0, 0);
    PQclear (result);
    if (there)
        return 0;
    char *quoted = name ? PQescapeIdentifier (db_raw (db), name, strlen (name)) : NULL;
    snprintf (sql, sizeof sql, "CREATE SCHEMA %.150s", quoted ? quoted : "");
    PQfreemem (quoted);
    if (!name)
        snprintf (
            error, 160, "the role's search_path has no schema: name one, --schema");
    else if (db_script (db, sql) == DB_OK)
        return 0;
    else
        snprintf (
            error, 160, "cannot create the schema %.40s: %.80s", name, db_error (db));
    return -1;
}

static int
s_start (db_t *db, bool adopting, char error[160])
{
    size_t found;
    if (adopt_look (db, adopting, &found, error))
        return -1;
    if ((found > 0 && adopt_move_aside (db) != DB_OK) ||
        db_script (db, s_create) != DB_OK)
        return s_fail (db, "start", error);
    return 0;
}

/* What was taken over must be of use, or nothing is changed. */
static int
s_finish_adopting (db_t *db, char error[160])
{
    if (adopt_finish (db) == DB_OK)
        return schema_check (db, error) ? 0 : -1;
    snprintf (error, 160, "%.150s", db_error (db));
    return -1;
}

static int
s_migrate (
    db_t *db, const char *schema, bool adopting, size_t *applied, char error[160])
{
    PGresult *result;
    if (s_ensure_schema (db, schema, error))
        return -1;
    if (db_exec (db, s_is_ours, 0, NULL, &result) != DB_OK)
        return s_fail (db, "check", error);
    bool ours = PQgetvalue (result, 0, 0)[0] == 't';
    PQclear (result);
    if (!ours && s_start (db, adopting, error))
        return -1;
    if (s_refuse_unknown (db, error) || s_apply_all (db, applied, error))
        return -1;
    return !ours && adopting ? s_finish_adopting (db, error) : 0;
}

/* Any failure of a statement has ended the transaction by itself. */
static int
s_run (db_t *db, const char *schema, bool adopting, size_t *applied, char error[160])
{
    if (db_script (db, s_begin) != DB_OK)
        return s_fail (db, "start", error);
    if (s_migrate (db, schema, adopting, applied, error)) {
        if (PQtransactionStatus (db_raw (db)) == PQTRANS_INTRANS)
            db_script (db, "ROLLBACK");
        return -1;
    }
    if (db_script (db, "COMMIT") != DB_OK)
        return s_fail (db, "commit", error);
    if (*applied > 0)
        log_info ("migrate.applied", log_int ("migrations", (int64_t)*applied));
    return 0;
}

static int
s_connect_and_run (const char *text, bool adopting, size_t *applied, char error[160])
{
    size_t count = 0;
    int rc = -1;
    conninfo_t *conninfo = conninfo_parse (text, error);
    if (!conninfo)
        return -1;
    db_t *db = db_new (text, "sasrec migrate", 0);
    db_mute (db);
    if (database_ensure (text, error) == 0) {
        if (db_ensure (db))
            rc = s_run (db, conninfo_schema (conninfo), adopting, &count, error);
        else
            snprintf (error, 160, "PostgreSQL: %.140s", db_error (db));
    }
    db_destroy (&db);
    conninfo_destroy (&conninfo);
    if (applied)
        *applied = rc == 0 ? count : 0;
    return rc;
}

int
migrate_run (const char *conninfo, size_t *applied, char error[160])
{
    return s_connect_and_run (conninfo, false, applied, error);
}

int
migrate_adopt (const char *conninfo, size_t *applied, char error[160])
{
    return s_connect_and_run (conninfo, true, applied, error);
}

/* Asked first: it says no to a missing table without an error. */
static bool
s_is_migrated (db_t *db)
{
    PGresult *result;
    bool found = db_exec (db, s_is_ours, 0, NULL, &result) == DB_OK &&
                 PQgetvalue (result, 0, 0)[0] == 't';
    PQclear (result);
    return found;
}

bool
migrate_current (db_t *db)
{
    if (!s_is_migrated (db))
        return false;
    array_t names = {0};
    array_start (&names, ARRAY_TEXT);
    for (size_t i = 0; i < embed_schema_count; i++)
        array_add_text (&names, embed_schema[i].name);
    db_param_t param = array_param (&names);
    PGresult *result;
    bool current = db_query (db, &s_current, 1, &param, &result) == DB_OK &&
                   strtoull (PQgetvalue (result, 0, 0), NULL, 10) == embed_schema_count;
    PQclear (result);
    array_free (&names);
    return current;
}

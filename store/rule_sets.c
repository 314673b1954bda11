/* SPDX-License-Identifier: Apache-2.0 */
#include "store/rule_sets.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

/* xmax is 0 in a row that is new. */
static const db_statement_t s_put = {
    .name = "rule_sets_put",
    .sql =
        "INSERT INTO rule_sets (name, rules) VALUES ($1, $2::jsonb)"
        " ON CONFLICT (name) DO UPDATE SET rules = excluded.rules, updated_at = now ()"
        " RETURNING xmax = 0",
};

static const db_statement_t s_find = {
    .name = "rule_sets_find",
    .sql = "SELECT rules FROM rule_sets WHERE name = $1",
};

static const db_statement_t s_delete = {
    .name = "rule_sets_delete",
    .sql = "DELETE FROM rule_sets WHERE name = $1",
};

static const db_statement_t s_list = {
    .name = "rule_sets_list",
    .sql = "SELECT coalesce (json_agg (t), '[]') FROM (SELECT name, to_char (updated_at"
           "  AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"') AS updated_at"
           " FROM rule_sets ORDER BY name LIMIT $1::bigint) t",
};

db_status_t
rule_sets_put (db_t *db, const char *name, const char *rules, bool *created)
{
    db_param_t params[] = {{.bytes = name}, {.bytes = rules}};
    PGresult *result;
    db_status_t status = db_query (db, &s_put, 2, params, &result);
    *created = status == DB_OK && *PQgetvalue (result, 0, 0) == 't';
    PQclear (result);
    return status;
}

db_status_t
rule_sets_find (db_t *db, const char *name, char **rules)
{
    db_param_t param = {.bytes = name};
    PGresult *result;
    *rules = NULL;
    db_status_t status = db_query (db, &s_find, 1, &param, &result);
    if (status == DB_OK && PQntuples (result) > 0) {
        *rules = strdup (PQgetvalue (result, 0, 0));
        assert (*rules);
    }
    PQclear (result);
    return status;
}

db_status_t
rule_sets_delete (db_t *db, const char *name, bool *found)
{
    db_param_t param = {.bytes = name};
    PGresult *result;
    db_status_t status = db_query (db, &s_delete, 1, &param, &result);
    *found = status == DB_OK && db_changed (result) > 0;
    PQclear (result);
    return status;
}

db_status_t
rule_sets_list (db_t *db, size_t most, strbuf_t *out)
{
    char limit[24];
    snprintf (limit, sizeof limit, "%zu", most);
    db_param_t param = {.bytes = limit};
    PGresult *result;
    db_status_t status = db_query (db, &s_list, 1, &param, &result);
    if (status == DB_OK)
        strbuf_add (out, PQgetvalue (result, 0, 0));
    PQclear (result);
    return status;
}

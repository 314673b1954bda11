/* SPDX-License-Identifier: Apache-2.0 */
#include "store/api_keys.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COLUMNS "prefix, name, hash, seal, scopes, rate"
#define RFC3339 "'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"'"

static const db_statement_t s_add = {
    .name = "api_keys_add",
    .sql = "INSERT INTO api_keys (" COLUMNS ") VALUES ($1, $2, $3, $4, $5, $6)",
};

static const db_statement_t s_revoke = {
    .name = "api_keys_revoke",
    .sql = "UPDATE api_keys SET revoked_at = now () WHERE name = $1 AND revoked_at IS "
           "NULL",
};

/* One row at least, so that it also says whether there is any. */
static const db_statement_t s_read = {
    .name = "api_keys_read",
    .sql = "SELECT EXISTS (SELECT FROM api_keys), k.* FROM (SELECT) one"
           " LEFT JOIN (SELECT " COLUMNS " FROM api_keys WHERE revoked_at IS NULL"
           "  ORDER BY created_at DESC LIMIT $1::bigint) k ON true",
    .binary_result = true, /* texts are what they are, hashes their bytes */
};

static const char s_list[] = "SELECT prefix, name, scopes, rate,"
                             " to_char (created_at AT TIME ZONE 'UTC', " RFC3339 "),"
                             " to_char (revoked_at AT TIME ZONE 'UTC', " RFC3339 ")"
                             " FROM api_keys ORDER BY created_at DESC, prefix";

db_status_t
api_keys_add (db_t *db, const api_key_t *key)
{
    char scopes[SCOPES_TEXT_SIZE], rate[RATE_TEXT_SIZE];
    const db_param_t params[] = {{.bytes = key->prefix}, {.bytes = key->name},
        {(const char *)key->hash, sizeof key->hash, true},
        {(const char *)key->seal, sizeof key->seal, true},
        {.bytes = scopes_print (key->scopes, scopes)},
        {.bytes = rate_print (&key->rate, rate)}};
    return db_query (db, &s_add, 6, params, NULL);
}

db_status_t
api_keys_revoke (db_t *db, const char *name, bool *revoked)
{
    const db_param_t param = {.bytes = name};
    PGresult *result = NULL;
    db_status_t status = db_query (db, &s_revoke, 1, &param, &result);
    *revoked = status == DB_OK && db_changed (result) > 0;
    PQclear (result);
    return status;
}

static bool
s_copy_text (PGresult *result, int row, int column, char *text, size_t size)
{
    size_t length = (size_t)PQgetlength (result, row, column);
    if (PQgetisnull (result, row, column) || length >= size)
        return false;
    memcpy (text, PQgetvalue (result, row, column), length);
    text[length] = '\0';
    return true;
}

static bool
s_copy_bytes (PGresult *result, int row, int column, uint8_t *bytes, size_t size)
{
    bool fits = (size_t)PQgetlength (result, row, column) == size;
    if (fits)
        memcpy (bytes, PQgetvalue (result, row, column), size);
    return fits;
}

static bool
s_read_row (PGresult *result, int row, api_key_t *key)
{
    char scopes[SCOPES_TEXT_SIZE], rate[RATE_TEXT_SIZE];
    return s_copy_text (result, row, 1, key->prefix, sizeof key->prefix) &&
           s_copy_text (result, row, 2, key->name, sizeof key->name) &&
           s_copy_bytes (result, row, 3, key->hash, sizeof key->hash) &&
           s_copy_bytes (result, row, 4, key->seal, sizeof key->seal) &&
           s_copy_text (result, row, 5, scopes, sizeof scopes) &&
           s_copy_text (result, row, 6, rate, sizeof rate) &&
           scopes_parse (scopes, &key->scopes) && rate_parse (rate, &key->rate);
}

db_status_t
api_keys_read (db_t *db, api_key_t **keys, size_t *count, bool *any)
{
    char limit[24];
    snprintf (limit, sizeof limit, "%d", API_KEYS_LIMIT);
    const db_param_t param = {.bytes = limit};
    PGresult *result = NULL;
    *keys = NULL;
    *count = 0;
    db_status_t status = db_query (db, &s_read, 1, &param, &result);
    if (status != DB_OK)
        return status;
    int row_count = PQntuples (result);
    *any = PQgetvalue (result, 0, 0)[0] != 0;
    *keys = calloc ((size_t)row_count, sizeof **keys);
    assert (*keys);
    for (int row = 0; row < row_count; row++)
        *count += s_read_row (result, row, *keys + *count);
    PQclear (result);
    return DB_OK;
}

db_status_t
api_keys_list (db_t *db, api_keys_row_fn *row, void *context)
{
    PGresult *result = NULL;
    db_status_t status = db_exec (db, s_list, 0, NULL, &result);
    int row_count = status == DB_OK ? PQntuples (result) : 0;
    for (int i = 0; i < row_count; i++) {
        api_key_t key = {0};
        s_copy_text (result, i, 0, key.prefix, sizeof key.prefix);
        s_copy_text (result, i, 1, key.name, sizeof key.name);
        scopes_parse (PQgetvalue (result, i, 2), &key.scopes);
        rate_parse (PQgetvalue (result, i, 3), &key.rate);
        row (context, &key, PQgetvalue (result, i, 4), PQgetvalue (result, i, 5));
    }
    PQclear (result);
    return status;
}

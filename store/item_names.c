/* SPDX-License-Identifier: Apache-2.0 */
#include "store/item_names.h"

#include <assert.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/item_key.h"
#include "store/array.h"

static const db_statement_t s_of = {
    .name = "item_names_of",
    .sql = "SELECT coalesce (i.item_key, '')"
           " FROM unnest ($1::bigint[]) WITH ORDINALITY AS t (item_id, place)"
           " LEFT JOIN items i ON i.item_id = t.item_id ORDER BY place",
};

static const db_statement_t s_find = {
    .name = "item_names_find",
    .sql = "SELECT coalesce (i.item_id, -1)"
           " FROM unnest ($1::text[]) WITH ORDINALITY AS t (item_key, place)"
           " LEFT JOIN items i ON i.item_key = t.item_key ORDER BY place",
    .binary_result = true,
};

static const db_statement_t s_resolve = {
    .name = "item_names_resolve",
    .sql = "SELECT coalesce ((SELECT item_id FROM items WHERE item_id = number),"
           "  (SELECT item_id FROM items WHERE item_key = name), number, -1)"
           " FROM (SELECT name, place,"
           "   CASE WHEN name ~ '^(0|[1-9][0-9]{0,15})$' THEN"
           "    CASE WHEN name::bigint <= 9007199254740991 THEN name::bigint END"
           "   END AS number"
           "  FROM unnest ($1::text[]) WITH ORDINALITY AS t (name, place)) AS given"
           " ORDER BY place",
    .binary_result = true,
};

/* In one order, so that two who make the same keys wait for each other and not in a ring.
 * What another transaction makes meanwhile is waited for, and then found. */
static const db_statement_t s_make = {
    .name = "item_names_make",
    .sql = "INSERT INTO items (item_id, item_key)"
           " SELECT DISTINCT ON (item_id) item_id, item_key"
           " FROM unnest ($1::bigint[], $2::text[]) AS t (item_id, item_key)"
           " ORDER BY item_id ON CONFLICT DO NOTHING",
};

static bool
s_may_be_keys (const int64_t *ids, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (ids[i] >= ITEM_KEY_FIRST)
            return true;
    return false;
}

/* The texts of the result's one column; NULL when all are empty. */
static char *
s_join (PGresult *result, size_t count)
{
    size_t size = 0;
    for (size_t i = 0; i < count; i++)
        size += (size_t)PQgetlength (result, (int)i, 0) + 1;
    if (size == count)
        return NULL;
    char *texts = malloc (size), *at = texts;
    assert (texts);
    for (size_t i = 0; i < count; i++) {
        size_t length = (size_t)PQgetlength (result, (int)i, 0) + 1;
        memcpy (at, PQgetvalue (result, (int)i, 0), length);
        at += length;
    }
    return texts;
}

db_status_t
item_names_of (db_t *db, const int64_t *ids, size_t count, char **texts)
{
    *texts = NULL;
    if (!s_may_be_keys (ids, count))
        return DB_OK;
    array_t column = {0};
    PGresult *result = NULL;
    array_start (&column, ARRAY_INT8);
    for (size_t i = 0; i < count; i++)
        array_add_int (&column, ids[i]);
    db_param_t param = array_param (&column);
    db_status_t status = db_query (db, &s_of, 1, &param, &result);
    if (status == DB_OK)
        *texts = s_join (result, count);
    PQclear (result);
    array_free (&column);
    return status;
}

/* Of each text an integer. */
static db_status_t
s_query_ids (db_t *db, const db_statement_t *statement, const char *const *texts,
    size_t count, int64_t *ids)
{
    array_t column = {0};
    PGresult *result = NULL;
    array_start (&column, ARRAY_TEXT);
    for (size_t i = 0; i < count; i++)
        array_add_text (&column, texts[i]);
    db_param_t param = array_param (&column);
    db_status_t status = db_query (db, statement, 1, &param, &result);
    for (size_t i = 0; status == DB_OK && i < count; i++)
        ids[i] = array_get_be64 (PQgetvalue (result, (int)i, 0));
    PQclear (result);
    array_free (&column);
    return status;
}

db_status_t
item_names_find (db_t *db, const char *const *keys, size_t count, int64_t *ids)
{
    return s_query_ids (db, &s_find, keys, count, ids);
}

db_status_t
item_names_resolve (db_t *db, const char *const *names, size_t count, int64_t *ids)
{
    return s_query_ids (db, &s_resolve, names, count, ids);
}

static db_status_t
s_insert (db_t *db, const char *const *keys, size_t count, const int64_t *ids,
    unsigned attempt)
{
    array_t columns[2] = {0};
    array_start (&columns[0], ARRAY_INT8);
    array_start (&columns[1], ARRAY_TEXT);
    for (size_t i = 0; i < count; i++) {
        if (ids[i] >= 0)
            continue;
        array_add_int (&columns[0], item_key_id (keys[i], attempt));
        array_add_text (&columns[1], keys[i]);
    }
    db_param_t params[] = {array_param (&columns[0]), array_param (&columns[1])};
    db_status_t status = db_query (db, &s_make, 2, params, NULL);
    array_free (&columns[0]);
    array_free (&columns[1]);
    return status;
}

static bool
s_all_known (const int64_t *ids, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (ids[i] < 0)
            return false;
    return true;
}

db_status_t
item_names_make (db_t *db, const char *const *keys, size_t count, int64_t *ids)
{
    db_status_t status = DB_OK;
    for (unsigned attempt = 0;
         attempt < ITEM_KEY_TRIES && status == DB_OK && !s_all_known (ids, count);
         attempt++) {
        status = s_insert (db, keys, count, ids, attempt);
        if (status == DB_OK)
            status = item_names_find (db, keys, count, ids);
    }
    return status == DB_OK && !s_all_known (ids, count) ? DB_RETRY : status;
}

#define COPY_HEADER_SIZE 19
static const char s_each_begin[] = "BEGIN READ ONLY; SET LOCAL statement_timeout = 0";
static const char s_each_copy[] =
    "COPY (SELECT item_id, item_key FROM items WHERE item_key IS NOT NULL)"
    " TO STDOUT (FORMAT binary)";

/* One tuple of a binary COPY: two fields, an integer and a text, which has no NUL. False
 * at the trailer. */
static bool
s_parse (const char *bytes, size_t length, int64_t *item_id, char key[ITEM_KEY_SIZE])
{
    if (length < 18 || memcmp (bytes, "\0\2", 2) != 0)
        return false;
    size_t size = length - 18;
    if (size >= ITEM_KEY_SIZE)
        return false;
    *item_id = array_get_be64 (bytes + 6);
    memcpy (key, bytes + 18, size);
    key[size] = '\0';
    return true;
}

static void
s_take (const char *bytes, size_t length, item_names_fn *each, void *context)
{
    int64_t item_id;
    char key[ITEM_KEY_SIZE];
    if (s_parse (bytes, length, &item_id, key))
        each (context, item_id, key);
}

int
item_names_each (db_t *db, item_names_fn *each, void *context, char error[160])
{
    char *bytes;
    int length;
    size_t header = COPY_HEADER_SIZE; /* before the first tuple */
    db_status_t status = db_ensure (db) ? db_script (db, s_each_begin) : DB_AWAY;
    if (status == DB_OK)
        status = db_copy_start (db, s_each_copy);
    while (status == DB_OK && (length = db_copy_get (db, &bytes, &status)) > 0) {
        if ((size_t)length >= header)
            s_take (bytes + header, (size_t)length - header, each, context);
        header = 0;
        PQfreemem (bytes);
    }
    if (status == DB_OK)
        status = db_script (db, "COMMIT");
    if (status != DB_OK)
        snprintf (error, 160, "cannot read the keys of items: %.120s", db_error (db));
    return status == DB_OK ? 0 : -1;
}

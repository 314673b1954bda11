/* SPDX-License-Identifier: Apache-2.0 */
#include "store/items.h"

#include <assert.h>
#include <ctype.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/array.h"
#include "store/item_names.h"

#define WORDS_MOST 16 /* of a search; the others are not looked at */

#define TIME(column)                                                                   \
    "to_char (" column " AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')"
#define ALL_CATEGORIES "item_categories (category, categories)"
#define AS_JSON                                                                        \
    "item_id, '{\"item_id\":' || item_id || CASE WHEN item_key IS NULL THEN ''"        \
    "  ELSE ',\"item_key\":' || to_json (item_key) END || ',' || substr ("             \
    "json_build_object ('title', title, 'category', (" ALL_CATEGORIES ")[1],"          \
    " 'categories', " ALL_CATEGORIES ", 'hidden', hidden, 'available_from', " TIME (   \
        "available_from") ", 'expires_at', " TIME ("expires_at") ","                   \
                                                                 " 'attributes', "     \
                                                                 "attributes, "        \
                                                                 "'image_url', "       \
                                                                 "image_url)::text, "  \
                                                                 "2)"

static const db_statement_t s_find = {
    .name = "items_find",
    .sql = "SELECT " AS_JSON " FROM items"
           " WHERE item_id = ANY ($1::bigint[]) ORDER BY item_id",
};

static const db_statement_t s_list = {
    .name = "items_list",
    .sql = "SELECT " AS_JSON " FROM items"
           " WHERE item_id > $1::bigint ORDER BY item_id LIMIT $2::bigint",
};

/* The pattern of LIKE is what a trigram index finds; those of the words' beginnings are then
 * asked of each row. $1: "%wars%"; $2: "(^|\W)star", "(^|\W)wars"; $3: "star wars%". */
static const db_statement_t s_search = {
    .name = "items_search",
    .sql = "SELECT " AS_JSON " FROM items WHERE lower (title) LIKE $1"
           " AND (SELECT bool_and (lower (title) ~ word)"
           "  FROM unnest ($2::text[]) AS w (word))"
           " AND ($5::bigint[] IS NULL OR item_id = ANY ($5))"
           " ORDER BY lower (title) LIKE $3 DESC, title, item_id LIMIT $4::bigint",
};

/* DISTINCT ON: of an id given twice the last counts, as if put one by one. A row of this
 * very transaction is new; its key may have been made before. */
static const db_statement_t s_put = {
    .name = "items_put",
    .sql =
        "WITH put AS (INSERT INTO items (item_id, title, category, categories, hidden,"
        "  available_from, expires_at, attributes, image_url)"
        " SELECT DISTINCT ON (item_id) item_id, title, categories[1], categories,"
        "  coalesce (hidden, false), available_from, expires_at, attributes, image_url"
        " FROM unnest ($1::bigint[], $2::text[]) WITH ORDINALITY"
        "  AS given (item_id, json, place),"
        " jsonb_to_record (json::jsonb) AS t (title text, categories text[],"
        "  hidden boolean, available_from timestamptz, expires_at timestamptz,"
        "  attributes jsonb, image_url text) ORDER BY item_id, place DESC"
        " ON CONFLICT (item_id) DO UPDATE SET title = excluded.title,"
        "  category = excluded.category, categories = excluded.categories,"
        "  hidden = excluded.hidden, available_from = excluded.available_from,"
        "  expires_at = excluded.expires_at, attributes = excluded.attributes,"
        "  image_url = excluded.image_url"
        " RETURNING created_at = now () AS fresh)"
        " SELECT count (*) FILTER (WHERE fresh) FROM put",
};

#define PATCHED(column, type)                                                          \
    column " = CASE WHEN p ? '" column "' THEN (p ->> '" column "')::" type            \
           " ELSE " column " END"

static const db_statement_t s_patch = {
    .name = "items_patch",
    .sql = "UPDATE items SET " PATCHED ("title", "text") ", " PATCHED (
        "hidden", "boolean") ", " PATCHED ("available_from",
        "timestamptz") ", " PATCHED ("expires_at",
        "timestamptz") ", " PATCHED ("image_url",
        "text") ", category = CASE WHEN p ? 'categories' THEN p -> 'categories' ->> 0"
                "  ELSE category END,"
                " categories = CASE WHEN p ? 'categories' THEN"
                "  ARRAY (SELECT jsonb_array_elements_text (p -> 'categories'))"
                "  ELSE categories END,"
                " attributes = CASE WHEN p ? 'attributes' THEN nullif ("
                "  json_merge_patch (attributes, p -> 'attributes'), 'null')"
                "  ELSE attributes END"
                " FROM (SELECT $2::jsonb AS p) AS given"
                " WHERE item_id = $1::bigint RETURNING " AS_JSON,
};

static const db_statement_t s_delete = {
    .name = "items_delete",
    .sql = "DELETE FROM items WHERE item_id = $1::bigint",
};

static db_status_t
s_ask (db_t *db, const db_statement_t *statement, int count, const db_param_t *params,
    items_t *found)
{
    PGresult *result;
    *found = (items_t){0};
    db_status_t status = db_query (db, statement, count, params, &result);
    if (status == DB_OK) {
        found->count = (size_t)PQntuples (result);
        found->items = calloc (found->count + 1, sizeof *found->items);
        assert (found->items);
    }
    for (int row = 0; row < (int)found->count; row++) {
        found->items[row].item_id = strtoll (PQgetvalue (result, row, 0), NULL, 10);
        found->items[row].json = strdup (PQgetvalue (result, row, 1));
        assert (found->items[row].json);
    }
    PQclear (result);
    return status;
}

void
items_free (items_t *self)
{
    for (size_t i = 0; i < self->count; i++)
        free (self->items[i].json);
    free (self->items);
    *self = (items_t){0};
}

db_status_t
items_find (db_t *db, const int64_t *ids, size_t id_count, items_t *found)
{
    array_t column = {0};
    array_start (&column, ARRAY_INT8);
    for (size_t i = 0; i < id_count; i++)
        array_add_int (&column, ids[i]);
    db_param_t param = array_param (&column);
    db_status_t status = s_ask (db, &s_find, 1, &param, found);
    array_free (&column);
    return status;
}

db_status_t
items_list (db_t *db, int64_t after, size_t limit, items_t *found)
{
    char id[24], most[24];
    snprintf (id, sizeof id, "%" PRId64, after);
    snprintf (most, sizeof most, "%zu", limit);
    db_param_t params[] = {{.bytes = id}, {.bytes = most}};
    return s_ask (db, &s_list, 2, params, found);
}

/* Searching */

static bool
s_is_letter (char c)
{
    return isalnum ((unsigned char)c) || (unsigned char)c >= 0x80;
}

typedef struct {
    array_t beginnings; /* a pattern of each word */
    size_t count;
    const char *longest; /* the word */
    int longest_length;
    strbuf_t inside; /* a pattern of it */
    strbuf_t prefix; /* of the whole title */
} patterns_t;

static void
s_add_word (patterns_t *self, const char *word, int length)
{
    strbuf_t pattern = STRBUF_EMPTY;
    strbuf_addf (&pattern, "(^|\\W)%.*s", length, word);
    array_add_text (&self->beginnings, pattern.data);
    strbuf_free (&pattern);
    self->count++;
    if (length <= self->longest_length)
        return;
    self->longest = word;
    self->longest_length = length;
}

/* Letters and digits mean themselves in both kinds of pattern. */
static void
s_read_words (patterns_t *self, const char *lower)
{
    array_start (&self->beginnings, ARRAY_TEXT);
    for (const char *at = lower; *at; at++) {
        if (strchr ("\\%_", *at))
            strbuf_add (&self->prefix, "\\");
        strbuf_add_bytes (&self->prefix, at, 1);
    }
    strbuf_add (&self->prefix, "%");
    while (*lower && self->count < WORDS_MOST) {
        int length = 0;
        while (s_is_letter (lower[length]))
            length++;
        if (length > 0)
            s_add_word (self, lower, length);
        lower += length > 0 ? length : 1;
    }
    strbuf_addf (&self->inside, "%%%.*s%%", self->longest_length,
        self->longest ? self->longest : "");
}

/* As the database does it to the titles: it knows its own letters. */
static db_status_t
s_lower (db_t *db, const char *text, char **lower)
{
    static const db_statement_t statement = {
        .name = "items_lower", .sql = "SELECT lower ($1::text)"};
    db_param_t param = {.bytes = text};
    PGresult *result;
    db_status_t status = db_query (db, &statement, 1, &param, &result);
    *lower = status == DB_OK ? strdup (PQgetvalue (result, 0, 0)) : NULL;
    assert (status != DB_OK || *lower);
    PQclear (result);
    return status;
}

/* ids: NULL for any. */
static db_status_t
s_match (db_t *db, const patterns_t *patterns, db_param_t beginnings, array_t *ids,
    size_t limit, items_t *found)
{
    char most[24];
    snprintf (most, sizeof most, "%zu", limit);
    db_param_t params[] = {{.bytes = patterns->inside.data}, beginnings,
        {.bytes = patterns->prefix.data}, {.bytes = most},
        ids ? array_param (ids) : (db_param_t){.bytes = NULL}};
    return s_ask (db, &s_search, 5, params, found);
}

db_status_t
items_search (db_t *db, const char *words, const int64_t *ids, size_t id_count,
    size_t limit, items_t *found)
{
    char *lower;
    *found = (items_t){0};
    db_status_t status = s_lower (db, words, &lower);
    if (status != DB_OK)
        return status;
    patterns_t patterns = {0};
    array_t column = {0};
    s_read_words (&patterns, lower);
    array_start (&column, ARRAY_INT8);
    for (size_t i = 0; i < id_count; i++)
        array_add_int (&column, ids[i]);
    status = s_match (db, &patterns, array_param (&patterns.beginnings),
        ids ? &column : NULL, limit, found);
    array_free (&column);
    array_free (&patterns.beginnings);
    strbuf_free (&patterns.inside);
    strbuf_free (&patterns.prefix);
    free (lower);
    return status;
}

/* Writing */

static db_status_t
s_put_named (db_t *db, const item_draft_t *drafts, size_t count, size_t *created)
{
    array_t ids = {0}, texts = {0};
    PGresult *result;
    array_start (&ids, ARRAY_INT8);
    array_start (&texts, ARRAY_TEXT);
    for (size_t i = 0; i < count; i++) {
        array_add_int (&ids, drafts[i].item_id);
        array_add_text (&texts, drafts[i].json);
    }
    db_param_t params[] = {array_param (&ids), array_param (&texts)};
    db_status_t status = db_query (db, &s_put, 2, params, &result);
    *created = status == DB_OK ? strtoull (PQgetvalue (result, 0, 0), NULL, 10) : 0;
    PQclear (result);
    array_free (&ids);
    array_free (&texts);
    return status;
}

/* New keys and what is said of their items are one transaction. */
static db_status_t
s_make_keys (db_t *db, const char *const *keys, size_t count, int64_t *ids, bool *begun)
{
    db_status_t status = item_names_find (db, keys, count, ids);
    bool all = true;
    for (size_t i = 0; i < count; i++)
        all = all && ids[i] >= 0;
    if (status != DB_OK || all)
        return status;
    if (PQtransactionStatus (db_raw (db)) == PQTRANS_IDLE) {
        status = db_script (db, "BEGIN");
        *begun = status == DB_OK;
    }
    return status == DB_OK ? item_names_make (db, keys, count, ids) : status;
}

static db_status_t
s_name (db_t *db, item_draft_t *drafts, size_t count, bool *begun)
{
    const char **keys = calloc (count + 1, sizeof *keys);
    int64_t *ids = calloc (count + 1, sizeof *ids);
    assert (keys && ids);
    size_t key_count = 0, next = 0;
    for (size_t i = 0; i < count; i++)
        if (drafts[i].key[0])
            keys[key_count++] = drafts[i].key;
    db_status_t status =
        key_count > 0 ? s_make_keys (db, keys, key_count, ids, begun) : DB_OK;
    for (size_t i = 0; status == DB_OK && i < count; i++)
        if (drafts[i].key[0])
            drafts[i].item_id = ids[next++];
    free (keys);
    free (ids);
    return status;
}

db_status_t
items_put (db_t *db, item_draft_t *drafts, size_t count, size_t *created)
{
    bool begun = false;
    *created = 0;
    db_status_t status = s_name (db, drafts, count, &begun);
    if (status == DB_OK)
        status = s_put_named (db, drafts, count, created);
    if (status == DB_OK && begun)
        status = db_script (db, "COMMIT");
    return status;
}

db_status_t
items_patch (db_t *db, int64_t item_id, const char *json, items_t *found)
{
    char id[24];
    snprintf (id, sizeof id, "%" PRId64, item_id);
    db_param_t params[] = {{.bytes = id}, {.bytes = json}};
    return s_ask (db, &s_patch, 2, params, found);
}

db_status_t
items_delete (db_t *db, int64_t item_id, size_t *deleted)
{
    char id[24];
    snprintf (id, sizeof id, "%" PRId64, item_id);
    db_param_t param = {.bytes = id};
    PGresult *result;
    db_status_t status = db_query (db, &s_delete, 1, &param, &result);
    *deleted = status == DB_OK ? db_changed (result) : 0;
    PQclear (result);
    return status;
}

/* The keys of a load. SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "store/array.h"
#include "store/interactions_name.h"
#include "store/item_names.h"

#define CHUNK_SIZE 65536

static const char s_table[] = "CREATE TEMPORARY TABLE arriving_items (item_id bigint, "
                              "item_key text COLLATE \"C\")"
                              " ON COMMIT DROP";
static const char s_copy[] = "COPY pg_temp.arriving_items FROM STDIN (FORMAT binary)";
static const char s_copy_header[] = "PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0\0";

/* In one order, as item_names_make does. */
static const char s_add[] =
    "ANALYZE pg_temp.arriving_items;"
    "INSERT INTO items (item_id, item_key) SELECT item_id, item_key"
    " FROM pg_temp.arriving_items a"
    " WHERE NOT EXISTS (SELECT FROM items i WHERE i.item_key = a.item_key)"
    " ORDER BY item_id ON CONFLICT DO NOTHING";

/* Keys whose integer is another: it was taken when they came first, or is now. */
static const char s_find_moved[] =
    "SELECT a.item_id, a.item_key FROM pg_temp.arriving_items a"
    " LEFT JOIN items i ON i.item_key = a.item_key"
    " WHERE i.item_id IS DISTINCT FROM a.item_id";

/* All at once: one may move to where another was. */
static const db_statement_t s_move = {
    .name = "interactions_load_move",
    .sql = "UPDATE pg_temp.arriving_interactions r SET item_id = m.item_id"
           " FROM unnest ($1::bigint[], $2::bigint[]) AS m (was, item_id)"
           " WHERE r.item_id = m.was",
};

static db_status_t
s_put (db_t *db, strbuf_t *chunk, size_t most)
{
    if (chunk->length < most)
        return DB_OK;
    db_status_t status = db_copy_put (db, chunk->data, chunk->length);
    strbuf_clear (chunk);
    return status;
}

static void
s_add_tuple (strbuf_t *chunk, const char *key, int64_t id)
{
    size_t length = strlen (key);
    strbuf_add_bytes (chunk, "\0\2", 2);
    array_put_be32 (chunk, 8);
    array_put_be64 (chunk, (uint64_t)id);
    array_put_be32 (chunk, (uint32_t)length);
    strbuf_add_bytes (chunk, key, length);
}

static db_status_t
s_copy_keys (db_t *db, const item_keys_t *keys, const int64_t *key_ids)
{
    strbuf_t chunk = STRBUF_EMPTY;
    db_status_t status = db_copy_start (db, s_copy);
    strbuf_add_bytes (&chunk, s_copy_header, sizeof s_copy_header - 1);
    for (size_t i = 0; status == DB_OK && i < item_keys_count (keys); i++) {
        s_add_tuple (&chunk, item_keys_get (keys, i), key_ids[i]);
        status = s_put (db, &chunk, CHUNK_SIZE);
    }
    strbuf_add_bytes (&chunk, "\377\377", 2);
    if (status == DB_OK)
        status = s_put (db, &chunk, 0);
    strbuf_free (&chunk);
    return status == DB_OK ? db_copy_finish (db, NULL) : status;
}

static db_status_t
s_move_rows (db_t *db, PGresult *moved, const int64_t *ids)
{
    array_t was = {0}, now = {0};
    array_start (&was, ARRAY_INT8);
    array_start (&now, ARRAY_INT8);
    for (int row = 0; row < PQntuples (moved); row++) {
        array_add_int (&was, strtoll (PQgetvalue (moved, row, 0), NULL, 10));
        array_add_int (&now, ids[row]);
    }
    db_param_t params[] = {array_param (&was), array_param (&now)};
    db_status_t status = db_query (db, &s_move, 2, params, NULL);
    array_free (&was);
    array_free (&now);
    return status;
}

static db_status_t
s_follow (db_t *db, PGresult *moved)
{
    size_t count = (size_t)PQntuples (moved);
    const char **keys = calloc (count + 1, sizeof *keys);
    int64_t *ids = calloc (count + 1, sizeof *ids);
    assert (keys && ids);
    for (size_t i = 0; i < count; i++)
        keys[i] = PQgetvalue (moved, (int)i, 1);
    db_status_t status = item_names_find (db, keys, count, ids);
    if (status == DB_OK)
        status = item_names_make (db, keys, count, ids);
    if (status == DB_OK)
        status = s_move_rows (db, moved, ids);
    free (keys);
    free (ids);
    return status;
}

db_status_t
interactions_load_name (db_t *db, const item_keys_t *keys, const int64_t *key_ids)
{
    PGresult *moved = NULL;
    db_status_t status = db_script (db, s_table);
    if (status == DB_OK)
        status = s_copy_keys (db, keys, key_ids);
    if (status == DB_OK)
        status = db_script (db, s_add);
    if (status == DB_OK)
        status = db_exec (db, s_find_moved, 0, NULL, &moved);
    if (status == DB_OK && PQntuples (moved) > 0)
        status = s_follow (db, moved);
    PQclear (moved);
    return status;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "store/items.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "store/array.h"

static const db_statement_t s_find = {
    .name = "items_find",
    .sql = "SELECT item_id, title, category FROM items"
           " WHERE item_id = ANY ($1::bigint[]) ORDER BY item_id",
};

/* DISTINCT ON: of an id given twice the last counts, as if put one by one. */
static const db_statement_t s_put = {
    .name = "items_put",
    .sql = "INSERT INTO items (item_id, title, category)"
           " SELECT DISTINCT ON (id) id, title, category"
           " FROM unnest ($1::bigint[], $2::text[], $3::text[]) WITH ORDINALITY"
           "  AS t (id, title, category, place) ORDER BY id, place DESC"
           " ON CONFLICT (item_id) DO UPDATE"
           " SET title = excluded.title, category = excluded.category",
};

static char *
s_text (PGresult *result, int row, int column)
{
    if (PQgetisnull (result, row, column))
        return NULL;
    char *copy = strdup (PQgetvalue (result, row, column));
    assert (copy);
    return copy;
}

static item_t *
s_items (PGresult *result, size_t count)
{
    item_t *items = calloc (count + 1, sizeof *items);
    assert (items);
    for (int row = 0; row < (int)count; row++)
        items[row] = (item_t){
            .item_id = strtoll (PQgetvalue (result, row, 0), NULL, 10),
            .title = s_text (result, row, 1),
            .category = s_text (result, row, 2),
        };
    return items;
}

db_status_t
items_find (
    db_t *db, const int64_t *ids, size_t id_count, item_t **items, size_t *count)
{
    array_t column = {0};
    PGresult *result;
    *items = NULL;
    *count = 0;
    array_start (&column, ARRAY_INT8);
    for (size_t i = 0; i < id_count; i++)
        array_add_int (&column, ids[i]);
    db_param_t param = array_param (&column);
    db_status_t status = db_query (db, &s_find, 1, &param, &result);
    if (status == DB_OK) {
        *count = (size_t)PQntuples (result);
        *items = s_items (result, *count);
    }
    PQclear (result);
    array_free (&column);
    return status;
}

void
items_free (item_t **items_p, size_t count)
{
    for (size_t i = 0; *items_p && i < count; i++) {
        free ((*items_p)[i].title);
        free ((*items_p)[i].category);
    }
    free (*items_p);
    *items_p = NULL;
}

db_status_t
items_put (db_t *db, const item_t *items, size_t count)
{
    array_t columns[3] = {0};
    db_param_t params[3];
    array_start (&columns[0], ARRAY_INT8);
    array_start (&columns[1], ARRAY_TEXT);
    array_start (&columns[2], ARRAY_TEXT);
    for (size_t i = 0; i < count; i++) {
        array_add_int (&columns[0], items[i].item_id);
        array_add_text (&columns[1], items[i].title);
        array_add_text (&columns[2], items[i].category);
    }
    for (int i = 0; i < 3; i++)
        params[i] = array_param (&columns[i]);
    db_status_t status = db_query (db, &s_put, 3, params, NULL);
    for (int i = 0; i < 3; i++)
        array_free (&columns[i]);
    return status;
}

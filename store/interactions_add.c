/* Interactions that come one by one. SPDX-License-Identifier: Apache-2.0 */
#include "store/interactions.h"

#include "store/array.h"

static const db_statement_t s_add = {
    .name = "interactions_add",
    .sql = "INSERT INTO interactions (user_id, item_id, event_id, created_at)"
           " SELECT user_id, item_id, event_id::uuid,"
           "  coalesce (created_at::timestamptz, now ())"
           " FROM unnest ($1::text[], $2::bigint[], $3::text[], $4::text[])"
           "  AS t (user_id, item_id, event_id, created_at)"
           " ON CONFLICT DO NOTHING",
};

enum { ADD_USER, ADD_ITEM, ADD_EVENT, ADD_TIME, ADD_COLUMNS };

db_status_t
interactions_add (
    db_t *db, const interaction_t *const *interactions, size_t count, size_t *added)
{
    array_t columns[ADD_COLUMNS] = {0};
    db_param_t params[ADD_COLUMNS];
    PGresult *result = NULL;
    for (int i = 0; i < ADD_COLUMNS; i++)
        array_start (&columns[i], i == ADD_ITEM ? ARRAY_INT8 : ARRAY_TEXT);
    for (size_t i = 0; i < count; i++) {
        const interaction_t *row = interactions[i];
        array_add_text (&columns[ADD_USER], row->user_id);
        array_add_int (&columns[ADD_ITEM], row->item_id);
        array_add_text (&columns[ADD_EVENT], row->event_id[0] ? row->event_id : NULL);
        array_add_text (
            &columns[ADD_TIME], row->created_at[0] ? row->created_at : NULL);
    }
    for (int i = 0; i < ADD_COLUMNS; i++)
        params[i] = array_param (&columns[i]);
    db_status_t status = db_query (db, &s_add, ADD_COLUMNS, params, &result);
    *added = status == DB_OK ? db_changed (result) : 0;
    PQclear (result);
    for (int i = 0; i < ADD_COLUMNS; i++)
        array_free (&columns[i]);
    return status;
}

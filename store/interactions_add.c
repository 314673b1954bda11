/* Interactions that come one by one. SPDX-License-Identifier: Apache-2.0 */
#include "store/interactions.h"

#include <stdio.h>

#include "store/array.h"
#include "store/interactions_name.h"

/* clang-format off */
#define ADD(columns, values, arrays, names)                                            \
    "INSERT INTO interactions (user_id, item_id, event_id, created_at" columns ")"     \
    " SELECT user_id, item_id, event_id::uuid,"                                        \
    "  coalesce (created_at::timestamptz, now ())" values                              \
    " FROM unnest ($1::text[], $2::bigint[], $3::text[], $4::text[]" arrays ")"        \
    "  AS t (user_id, item_id, event_id, created_at" names ")"                         \
    " ON CONFLICT DO NOTHING"
static const db_statement_t s_add = {
    .name = "interactions_add",
    .sql = ADD ("", "", "", ""),
};
/* Somebody's view may lack these columns. */
static const db_statement_t s_add_events = {
    .name = "interactions_add_events",
    .sql = ADD (", event, value", ", event, value::float8", ", $5::text[], $6::text[]",
        ", event, value"),
};
/* clang-format on */

enum {
    ADD_USER,
    ADD_ITEM,
    ADD_ID,
    ADD_TIME,
    ADD_PLAIN,
    ADD_EVENT = ADD_PLAIN,
    ADD_VALUE,
    ADD_COLUMNS
};

static bool
s_have_events (interaction_t *const *interactions, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (interactions[i]->event[0] || interactions[i]->has_value)
            return true;
    return false;
}

static void
s_add_row (array_t columns[ADD_COLUMNS], const interaction_t *row)
{
    array_add_text (&columns[ADD_USER], row->user_id);
    array_add_int (&columns[ADD_ITEM], row->item_id);
    array_add_text (&columns[ADD_ID], row->event_id[0] ? row->event_id : NULL);
    array_add_text (&columns[ADD_TIME], row->created_at[0] ? row->created_at : NULL);
}

static void
s_add_event (array_t columns[ADD_COLUMNS], const interaction_t *row)
{
    char value[32];
    snprintf (value, sizeof value, "%.17g", row->value);
    array_add_text (&columns[ADD_EVENT], row->event[0] ? row->event : NULL);
    array_add_text (&columns[ADD_VALUE], row->has_value ? value : NULL);
}

static db_status_t
s_insert (db_t *db, interaction_t *const *interactions, size_t count, size_t *added)
{
    array_t columns[ADD_COLUMNS] = {0};
    db_param_t params[ADD_COLUMNS];
    PGresult *result = NULL;
    bool events = s_have_events (interactions, count);
    int column_count = events ? ADD_COLUMNS : ADD_PLAIN;
    for (int i = 0; i < column_count; i++)
        array_start (&columns[i], i == ADD_ITEM ? ARRAY_INT8 : ARRAY_TEXT);
    for (size_t i = 0; i < count; i++) {
        s_add_row (columns, interactions[i]);
        if (events)
            s_add_event (columns, interactions[i]);
    }
    for (int i = 0; i < column_count; i++)
        params[i] = array_param (&columns[i]);
    db_status_t status =
        db_query (db, events ? &s_add_events : &s_add, column_count, params, &result);
    *added = status == DB_OK ? db_changed (result) : 0;
    PQclear (result);
    for (int i = 0; i < column_count; i++)
        array_free (&columns[i]);
    return status;
}

/* In a transaction only where one is needed. */
db_status_t
interactions_add (
    db_t *db, interaction_t *const *interactions, size_t count, size_t *added)
{
    bool begun;
    *added = 0;
    db_status_t status = interactions_name (db, interactions, count, &begun);
    if (status == DB_OK)
        status = s_insert (db, interactions, count, added);
    if (status == DB_OK && begun)
        status = db_script (db, "COMMIT");
    if (status != DB_OK)
        *added = 0;
    return status;
}

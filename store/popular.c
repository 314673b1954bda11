/* SPDX-License-Identifier: Apache-2.0 */
#include "store/popular.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "store/array.h"
#include "store/item_names.h"

static const db_statement_t s_find = {
    .name = "popular_find",
    .sql = "SELECT c.item_id, c.count FROM"
           " (SELECT item_id::bigint AS item_id, count (*) AS count FROM interactions"
           "  WHERE created_at >= now () - make_interval (days => $1::int)"
           "  GROUP BY 1) c"
           " LEFT JOIN items i ON i.item_id = c.item_id"
           " WHERE i.hidden IS NOT TRUE"
           " AND coalesce (i.available_from <= now (), true)"
           " AND coalesce (i.expires_at > now (), true)"
           " AND (i.item_id IS NOT NULL OR NOT EXISTS (SELECT FROM item_changes g"
           "  WHERE g.item_id = c.item_id AND g.gone))"
           " AND ($2::text = ''"
           "  OR $2 = ANY (item_categories (i.category, i.categories)))"
           " ORDER BY c.count DESC, c.item_id LIMIT $3::bigint",
    .binary_result = true,
};

static void
s_copy (popular_t *self, PGresult *result)
{
    self->count = (size_t)PQntuples (result);
    self->item_ids = calloc (self->count + 1, sizeof *self->item_ids);
    self->counts = calloc (self->count + 1, sizeof *self->counts);
    assert (self->item_ids && self->counts);
    for (size_t i = 0; i < self->count; i++) {
        self->item_ids[i] = array_get_be64 (PQgetvalue (result, (int)i, 0));
        self->counts[i] = array_get_be64 (PQgetvalue (result, (int)i, 1));
    }
}

db_status_t
popular_find (db_t *db, int days, const char *category, size_t k, popular_t *popular)
{
    char days_text[24], k_text[24];
    snprintf (days_text, sizeof days_text, "%d", days);
    snprintf (k_text, sizeof k_text, "%zu", k);
    db_param_t params[] = {
        {.bytes = days_text}, {.bytes = category}, {.bytes = k_text}};
    PGresult *result;
    *popular = (popular_t){0};
    db_status_t status = db_query (db, &s_find, 3, params, &result);
    if (status == DB_OK)
        s_copy (popular, result);
    PQclear (result);
    if (status == DB_OK)
        status =
            item_names_of (db, popular->item_ids, popular->count, &popular->item_keys);
    if (status != DB_OK)
        popular_free (popular);
    return status;
}

void
popular_free (popular_t *self)
{
    free (self->item_ids);
    free (self->counts);
    free (self->item_keys);
    *self = (popular_t){0};
}

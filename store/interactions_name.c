/* SPDX-License-Identifier: Apache-2.0 */
#include "store/interactions_name.h"

#include <assert.h>
#include <stdlib.h>

#include "store/item_names.h"

static size_t
s_list (interaction_t *const *interactions, size_t count, const char **keys)
{
    size_t key_count = 0;
    for (size_t i = 0; i < count; i++)
        if (interactions[i]->item_key[0])
            keys[key_count++] = interactions[i]->item_key;
    return key_count;
}

static bool
s_in_transaction (db_t *db)
{
    PGconn *raw = db_raw (db);
    return raw && PQtransactionStatus (raw) == PQTRANS_INTRANS;
}

static db_status_t
s_resolve (db_t *db, const char *const *keys, size_t count, int64_t *ids, bool *begun)
{
    db_status_t status = item_names_find (db, keys, count, ids);
    bool all = true;
    for (size_t i = 0; i < count; i++)
        all = all && ids[i] >= 0;
    if (status != DB_OK || all)
        return status;
    if (!s_in_transaction (db)) {
        status = db_script (db, "BEGIN");
        *begun = status == DB_OK;
    }
    return status == DB_OK ? item_names_make (db, keys, count, ids) : status;
}

db_status_t
interactions_name (
    db_t *db, interaction_t *const *interactions, size_t count, bool *begun)
{
    const char **keys = calloc (count + 1, sizeof *keys);
    int64_t *ids = calloc (count + 1, sizeof *ids);
    assert (keys && ids);
    *begun = false;
    size_t key_count = s_list (interactions, count, keys), next = 0;
    db_status_t status =
        key_count > 0 ? s_resolve (db, keys, key_count, ids, begun) : DB_OK;
    for (size_t i = 0; status == DB_OK && i < count && next < key_count; i++)
        if (interactions[i]->item_key[0])
            interactions[i]->item_id = ids[next++];
    free (keys);
    free (ids);
    return status;
}

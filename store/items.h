/* The table items: titles and categories, all optional.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_STORE_ITEMS_H
#define SASREC_STORE_ITEMS_H

#include <stddef.h>
#include <stdint.h>

#include "store/db.h"

typedef struct {
    int64_t item_id;
    char *title;    /* NULL: none */
    char *category; /* NULL: none */
} item_t;

/* Those of the ids that have a row, by id. *items is fresh: items_free. */
db_status_t items_find (
    db_t *db, const int64_t *ids, size_t id_count, item_t **items, size_t *count);
void items_free (item_t **items_p, size_t count);

/* Inserts or replaces, in the caller's transaction if one is open. */
db_status_t items_put (db_t *db, const item_t *items, size_t count);

#endif

/* The table items: what a shop knows of its items, all of it optional. Items come and go
 * as JSON, in the form of proto/item.h. SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_STORE_ITEMS_H
#define SASREC_STORE_ITEMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/item_key.h"
#include "store/db.h"

typedef struct {
    int64_t item_id;
    char *
        json; /* an object: {"item_id", "item_key" where it has one,"title","category","categories","hidden",
                 * "available_from","expires_at","attributes","image_url"} */
} item_t;

typedef struct {
    item_t *items;
    size_t count;
} items_t;

/* Those of the ids that have a row, by id. *found is fresh: items_free. */
db_status_t items_find (db_t *db, const int64_t *ids, size_t id_count, items_t *found);

/* By id, from behind `after`. */
db_status_t items_list (db_t *db, int64_t after, size_t limit, items_t *found);

/* Those (of the ids, unless that is NULL) in whose title each of the words begins a word (letters' case does not count), at
 * most limit: first those whose title begins with the words as they are given, then by
 * title. Words are letters and digits; other characters part them; without one there is
 * none. By a trigram index where there is one. */
db_status_t items_search (db_t *db, const char *words, const int64_t *ids,
    size_t id_count, size_t limit, items_t *found);

void items_free (items_t *self);

/* Inserts or replaces, in the caller's transaction if one is open. Of an item given twice
 * the last counts. *created: new rows. The integers of keys are filled in. */
typedef struct {
    int64_t item_id;
    char key[ITEM_KEY_SIZE]; /* "": the integer names it */
    char *json;              /* item_read */
} item_draft_t;
db_status_t items_put (db_t *db, item_draft_t *drafts, size_t count, size_t *created);

/* Changes what the patch names. *found: the item as it is now, or none. */
db_status_t items_patch (db_t *db, int64_t item_id, const char *json, items_t *found);

/* An item that is gone is not recommended until it is put again. *deleted: rows. */
db_status_t items_delete (db_t *db, int64_t item_id, size_t *deleted);

#endif

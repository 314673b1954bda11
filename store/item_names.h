/* The keys in the table items (base/item_key.h): by integer, by text, and new ones. A key
 * never changes its integer. SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_STORE_ITEM_NAMES_H
#define SASREC_STORE_ITEM_NAMES_H

#include <stddef.h>
#include <stdint.h>

#include "store/db.h"

/* The keys of items, for an answer: count texts, each ended by a NUL, "" where there is
 * none. *texts is fresh; NULL when none of them has a key. Asks nothing where no id can be
 * a key's. */
db_status_t item_names_of (db_t *db, const int64_t *ids, size_t count, char **texts);

/* The integers of keys; -1 for those that are not there. */
db_status_t item_names_find (
    db_t *db, const char *const *keys, size_t count, int64_t *ids);

/* The integers of items that texts name where texts are all there is, in a path or a query:
 * what is written as an integer is that, unless no item has it and one has such a key; -1
 * for a key that is not there. */
db_status_t item_names_resolve (
    db_t *db, const char *const *names, size_t count, int64_t *ids);

/* As item_names_find, and makes those that are not there (ids below 0), in the caller's transaction.
 * Keys may repeat. */
db_status_t item_names_make (
    db_t *db, const char *const *keys, size_t count, int64_t *ids);

/* Every key, in no order. -1 with error. */
typedef void (item_names_fn) (void *context, int64_t item_id, const char *key);
int item_names_each (db_t *db, item_names_fn *each, void *context, char error[160]);

#endif

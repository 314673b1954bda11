/* What has been chosen most of late. SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_STORE_POPULAR_H
#define SASREC_STORE_POPULAR_H

#include <stddef.h>
#include <stdint.h>

#include "store/db.h"

typedef struct {
    int64_t *item_ids; /* most interactions first, of equal ones the smaller id */
    int64_t *counts;   /* interactions in these days */
    char *item_keys;   /* as item_names_of gives them */
    size_t count;
} popular_t;

/* At most k items of the last so many days (of 24 hours, until now), without those that
 * are not on offer; category: "" for any. *popular is fresh (popular_free), empty unless DB_OK.
 * The cost follows the interactions of these days where they were written as they happened
 * (a BRIN index on their time); of a view, or after an import in another order, all. */
db_status_t popular_find (
    db_t *db, int days, const char *category, size_t k, popular_t *popular);
void popular_free (popular_t *self);

#endif

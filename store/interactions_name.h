/* What the items of arriving interactions are called inside. Private to store/.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_STORE_INTERACTIONS_NAME_H
#define SASREC_STORE_INTERACTIONS_NAME_H

#include "store/interactions.h"

/* Fills the item_id of those whose item a key names. *begun: there were new keys and no
 * transaction, so one has begun and is the caller's to commit. */
db_status_t interactions_name (
    db_t *db, interaction_t *const *interactions, size_t count, bool *begun);

/* Of a load, inside its transaction, between its rows' COPY and their INSERT: puts new keys
 * into items, and gives rows another item_id where a key has another integer. */
db_status_t interactions_load_name (
    db_t *db, const item_keys_t *keys, const int64_t *key_ids);

#endif

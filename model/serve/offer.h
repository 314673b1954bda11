/* A catalogue as one model sees it, by item index: which items may not be recommended now,
 * and which categories each has. Immutable, so that any number of threads reads it without
 * a lock; a change makes a new one from the old. It holds until offer_until_ms, when the
 * next item comes or goes by its time: offer_at is the one after that.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_MODEL_SERVE_OFFER_H
#define SASREC_MODEL_SERVE_OFFER_H

#include "model/serve/catalogue.h"
#include "model/serve/model.h"

typedef struct offer offer_t;

/* now_ms: unix ms. Looks each item of the catalogue up in the model: some 0.1 s for a
 * million. */
offer_t *offer_new (const catalogue_t *catalogue, const model_t *model, int64_t now_ms);
/* The same but for these items, which are looked up anew. Copies 4 bytes an item. */
offer_t *offer_changed (const offer_t *old, const catalogue_t *catalogue,
    const model_t *model, const int64_t *item_ids, size_t count, int64_t now_ms);
/* The same facts at another time. */
offer_t *offer_at (const offer_t *old, int64_t now_ms);
void offer_destroy (offer_t **self_p);

/* One bit per item, 64 in each word: not on offer. NULL: all are. */
const uint64_t *offer_hidden (const offer_t *self);
size_t offer_hidden_count (const offer_t *self);
int64_t offer_until_ms (const offer_t *self); /* unix ms; CATALOGUE_NEVER: for good */

/* Whether some items have times, and it is not what they say at this one: also because the
 * clock was set back since it was made. */
bool offer_is_old (const offer_t *self, int64_t now_ms);
bool offer_has_times (const offer_t *self);

/* The set of categories that each item has (V); NULL: no item has any. */
const uint32_t *offer_sets (const offer_t *self);
const categories_t *offer_categories (const offer_t *self);

/* Another one for every offer that was ever made; not 0. */
uint64_t offer_serial (const offer_t *self);

size_t offer_size (const offer_t *self); /* bytes, without the categories */

#endif

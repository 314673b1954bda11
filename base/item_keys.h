/* The keys of items 0, 1, 2, ...: each a text, or none; found by the number and by the text.
 * One block of texts and a hash table of numbers: at most 42 bytes for each key beyond its
 * text. Lookups from any number of threads. SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_BASE_ITEM_KEYS_H
#define SASREC_BASE_ITEM_KEYS_H

#include <stddef.h>
#include <stdint.h>

#include "base/hash_index.h"

typedef struct item_keys item_keys_t;

/* Room for so many items, and for bytes of text in all; both grow. */
item_keys_t *item_keys_new (size_t count, size_t bytes);
void item_keys_destroy (item_keys_t **self_p);

/* The key of the next item, so many bytes of it; length 0: it has none. Returns the item's
 * number. The key must not be there yet. */
uint32_t item_keys_add (item_keys_t *self, const char *key, size_t length);

size_t item_keys_count (const item_keys_t *self); /* items, with a key or without */
size_t item_keys_named (const item_keys_t *self); /* those with a key */

/* NULL: it has none. The table's, until the next one is added. */
const char *item_keys_get (const item_keys_t *self, size_t item);

/* The item of this key, or HASH_INDEX_NONE. */
uint32_t item_keys_find (const item_keys_t *self, const char *key);

/* Bytes of memory, all in all. */
size_t item_keys_size (const item_keys_t *self);

#endif

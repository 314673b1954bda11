/* A made-up library of books, for trying things out: items come in series of a few parts,
 * series in categories. Item ids are 1 to item_count, the parts of a series one after
 * another. The same seed gives the same library; the words are our own.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_DEMO_CATALOG_H
#define SASREC_DEMO_CATALOG_H

#include <stddef.h>
#include <stdint.h>

#define CATALOG_ITEM_LEAST 30 /* so that items 10, 20 and 30 exist */
#define CATALOG_CATEGORIES 10

typedef struct catalog catalog_t;

/* item_count at least CATALOG_ITEM_LEAST. */
catalog_t *catalog_new (size_t item_count, uint64_t seed);
void catalog_destroy (catalog_t **self_p);

size_t catalog_item_count (const catalog_t *self);
size_t catalog_series_count (const catalog_t *self);

/* item: 0 to item_count - 1, its id is one more. */
const char *catalog_title (const catalog_t *self, size_t item);
const char *catalog_category (const catalog_t *self, size_t item);
size_t catalog_series (const catalog_t *self, size_t item);

/* Series s owns the items [first, first + length). */
size_t catalog_series_first (const catalog_t *self, size_t series);
size_t catalog_series_length (const catalog_t *self, size_t series);
size_t catalog_series_category (const catalog_t *self, size_t series);

#endif

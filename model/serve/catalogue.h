/* What is known of items beyond their interactions, as far as recommending is concerned:
 * which are not on offer, from and until when others are, and their categories. By item
 * id, whatever the model; offer.h resolves it for one. An item that is not in it is on
 * offer and has no category. 16 bytes an item, 16 more for one with a time, and its place
 * in a hash table: 34 MB for a million. One thread at a time. SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_MODEL_SERVE_CATALOGUE_H
#define SASREC_MODEL_SERVE_CATALOGUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/serve/categories.h"

#define CATALOGUE_ALWAYS INT64_MIN /* of from_ms: no beginning */
#define CATALOGUE_NEVER  INT64_MAX /* of until_ms: no end */

typedef struct catalogue catalogue_t;

typedef struct {
    int64_t item_id;
    bool hidden;      /* or deleted */
    int64_t from_ms;  /* unix ms; on offer from then on */
    int64_t until_ms; /* unix ms; no longer from then on */
    uint32_t set;     /* of catalogue_categories */
} catalogue_row_t;

catalogue_t *catalogue_new (void);
void catalogue_destroy (catalogue_t **self_p);

/* Adds or replaces; the row's set is moot: it follows from the names in categories
 * (CATEGORIES_SEPARATOR between them; NULL or "": none). */
void catalogue_put (
    catalogue_t *self, const catalogue_row_t *row, const char *categories);

size_t catalogue_count (const catalogue_t *self);
catalogue_row_t catalogue_at (const catalogue_t *self, size_t position);
bool catalogue_find (const catalogue_t *self, int64_t item_id, catalogue_row_t *row);

/* Borrowed until the next put; categories_retain keeps it. */
categories_t *catalogue_categories (const catalogue_t *self);

bool catalogue_offers (const catalogue_row_t *row, int64_t now_ms);

size_t catalogue_size (const catalogue_t *self); /* bytes, about */

#endif

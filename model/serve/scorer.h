/* Scores of all items, and the top K of them without ever holding them all: products by
 * tiles that stay in the caches, a scan of each tile against the K-th best score so far.
 * Items come in order of popularity, so that the threshold rises early. An item's score
 * depends on the hidden vector only, to the rounding of OpenBLAS's choice of kernel.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_MODEL_SERVE_SCORER_H
#define SASREC_MODEL_SERVE_SCORER_H

#include <stddef.h>
#include <stdint.h>

typedef struct scorer
    scorer_t; /* immutable: a copy of the item table, made for products */

#define SCORER_TILE_FLOATS 8192 /* of the caller's tile buffer, 64-byte aligned */

/* items: V x D. */
scorer_t *scorer_new (const float *items, size_t item_count, size_t width);
void scorer_destroy (scorer_t **self_p);

typedef struct {
    const uint64_t *excluded; /* one bit per item, 64 in each word; NULL = none */
    size_t k;
    int64_t *items; /* room for k: dense indexes, best first, ties by smaller index */
    float *scores;  /* room for k: descending */
    size_t count;   /* min (k, items not excluded with a score above -infinity) */
} scorer_top_t;

/* hidden: count x D. */
void scorer_top (const scorer_t *self, const float *hidden, scorer_top_t *tops,
    size_t count, float *tile);

/* scores: count x V. */
void scorer_all (
    const scorer_t *self, const float *hidden, size_t count, float *scores);

#endif

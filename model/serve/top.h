/* The best k items so far of one query. Items are offered in ascending order, so that of
 * equal scores the smaller index stays. SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_MODEL_SERVE_TOP_H
#define SASREC_MODEL_SERVE_TOP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct {
    const uint64_t *eligible; /* one bit per item, 64 in each word; NULL = all are */
    size_t k;
    int64_t *items; /* room for k: dense indexes, after top_sort best first */
    float *scores;  /* room for k: of these */
    size_t count;
    const float *log_shares; /* V, none above 0, descending: of each item in all
                                interactions; NULL: no score is lifted */
    float popularity;        /* times minus these is what a score is lifted by */
} top_t;

/* A score that does not exceed it changes nothing: -infinity until there are k items,
 * infinity for k = 0. */
float top_bar (const top_t *self);
bool top_is_eligible (const top_t *self, size_t item);
/* What is added to the item's score before it is offered: not less than that of the items
 * before it. */
float top_lift (const top_t *self, size_t item);
/* Eligible, and above all items offered before. A NaN is never taken. */
void top_offer (top_t *self, size_t item, float score);
/* Best first, ties by smaller index; nothing may be offered afterwards. */
void top_sort (top_t *self);

#endif

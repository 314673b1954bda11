/* Items that are like an item: the cosine of their vectors in the item table,
 *
 *     similarity (a, b) = (e_a . e_b) / (|e_a| |e_b|),   -1 to 1
 *
 * The model learns the vectors so that what is chosen after the same histories lies in the
 * same direction. Their lengths say how often an item is chosen, and are divided out: the
 * plain product would name the same popular items for everything.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_MODEL_SERVE_SIMILAR_H
#define SASREC_MODEL_SERVE_SIMILAR_H

#include "model/serve/top.h"

/* items: V x D. The best of every other eligible item that has a direction; none when the item
 * itself has none. Reads the table once. */
void similar_top (
    const float *items, size_t item_count, size_t width, size_t item, top_t *top);

#endif

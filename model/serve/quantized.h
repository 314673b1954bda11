/* The item table in 8 bits a weight, and how far a score by it may be off. Item w = s q + e
 * and query x = t u + r, where q and u are integers, differ from the score in floats by
 *   |x.w - s t (q.u)| = |x.e + r.(s q)| <= |x||e| + |r||s q|       (Cauchy-Schwarz)
 * and that score from the exact one by rounding, |x.w| (D + 4) 2^-24 / (1 - (D + 4) 2^-24)
 * at most (Higham, Accuracy and Stability of Numerical Algorithms, 3.1). An item whose sum
 * of s t (q.u) and these does not exceed a query's bar cannot score above it. The bound of a
 * block of items is by its largest |e| and |s q|. Norms beyond 10^18, whose products may
 * overflow, are bounded by infinity. SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_MODEL_SERVE_QUANTIZED_H
#define SASREC_MODEL_SERVE_QUANTIZED_H

#include "model/kernel/scan.h"

typedef struct quantized quantized_t; /* immutable */

#define QUANTIZED_WIDTH_MOST 4096 /* D */

/* A table whose items are all to be set. */
quantized_t *quantized_new (size_t item_count, size_t width);
/* Each item once: from first on, count x D, not kept. */
void quantized_set (quantized_t *self, size_t first, const float *items, size_t count);
void quantized_destroy (quantized_t **self_p);

/* Items behind the last one have the score 0. */
const scan_table_t *quantized_table (const quantized_t *self);
/* Memory taken, in bytes. */
size_t quantized_size (const quantized_t *self);

/* What makes a bar in scores a limit of the scan. */
typedef struct {
    double inverse; /* 1 / t */
    double margin;  /* for results below the smallest normal float, in limits */
} quantized_unit_t;

/* Writes a query into its place of queries and words, all but its limit. hidden: D.
 * most: the kernel's query_most. */
quantized_unit_t quantized_query (const quantized_t *self, const float *hidden,
    int8_t most, scan_queries_t *queries, int32_t *words, size_t place);

float quantized_limit (const quantized_unit_t *unit, float bar);

#endif

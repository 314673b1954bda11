/* The inner loop of the first pass over a catalogue: products in 8 bits of a block of 16
 * items with up to 8 queries, beside a limit of each query. A block lies in the registers'
 * order, item by item in groups of four dimensions; each group is loaded once for all
 * queries. Integer products are exact, so all kernels find the same hits where their
 * queries have the same codes. What codes and limits mean: model/serve/quantized.h.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_MODEL_KERNEL_SCAN_H
#define SASREC_MODEL_KERNEL_SCAN_H

#include <stddef.h>
#include <stdint.h>

#define SCAN_ITEMS   16 /* of a block */
#define SCAN_QUERIES 8
#define SCAN_GROUP   4   /* dimensions */
#define SCAN_MIDDLE  128 /* an item's code of 0 */

typedef struct {
    size_t blocks;
    size_t groups; /* of dimensions in a row; the last one is filled up */
    const uint8_t
        *codes;         /* blocks x groups x SCAN_ITEMS x SCAN_GROUP; 64-byte aligned */
    const float *steps; /* blocks x SCAN_ITEMS; 64-byte aligned */
    const float *errors; /* blocks: the largest of the block, times error_weights */
    const float *norms;  /* blocks: likewise, times norm_weights */
} scan_table_t;

/* Item i of block b hits query q unless
 *   steps[i] * (starts[q] + sum over j of item code[j] * query code[j])
 *     <= limits[q] - error_weights[q] * errors[b] - norm_weights[q] * norms[b]
 * so what is not a number hits. starts takes back SCAN_MIDDLE. */
typedef struct {
    size_t count;         /* 1 to SCAN_QUERIES */
    const int32_t *words; /* groups x SCAN_QUERIES, each SCAN_GROUP codes in memory */
    int32_t starts[SCAN_QUERIES];
    float limits[SCAN_QUERIES];
    float error_weights[SCAN_QUERIES];
    float norm_weights[SCAN_QUERIES];
    const uint64_t *const
        *eligible; /* of each query a bit per item, 64 in each word: the
                                        others do not hit; NULL: all may */
} scan_queries_t;

/* A bit per item of the block. */
static inline uint16_t
scan_eligible (const uint64_t *bits, size_t block)
{
    const size_t blocks = 64 / SCAN_ITEMS; /* in a word */
    return (uint16_t)(bits[block / blocks] >> block % blocks * SCAN_ITEMS);
}

typedef struct {
    const char *name;  /* "avx512-vnni", "avx2", "portable" */
    int8_t query_most; /* largest code of a query, up or down, that cannot overflow */
    /* The first block in [block, end) with a hit, or end; hits: a bit per item, by query
     * up to its count. */
    size_t (*scan) (const scan_table_t *table, const scan_queries_t *queries,
        size_t block, size_t end, uint16_t hits[SCAN_QUERIES]);
} scan_kernel_t;

/* What this CPU can run, the fastest first; the portable one is always the last. NULL from
 * index on when there are no more. */
const scan_kernel_t *scan_kernel (size_t index);

#endif

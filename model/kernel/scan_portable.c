/* The scan in plain C. SPDX-License-Identifier: Apache-2.0 */
#include <stddef.h>
#include <string.h>

#include "model/kernel/scan_kernels.h"

#define LANES (SCAN_ITEMS * SCAN_GROUP)

/* A product of 8 bits fits in 16, which is what compilers have instructions for. */
static void
s_add_group (
    const uint8_t *restrict items, const int8_t *restrict code, int32_t *restrict sums)
{
    int8_t codes[LANES]; /* of the query, once for each item */
    for (size_t i = 0; i < SCAN_ITEMS; i++)
        memcpy (codes + i * SCAN_GROUP, code, SCAN_GROUP);
#pragma omp simd
    for (size_t k = 0; k < LANES; k++)
        sums[k] += (int16_t)((int16_t)items[k] * (int16_t)codes[k]);
}

static uint16_t
s_hits (const scan_table_t *table, const scan_queries_t *queries, size_t block,
    size_t query)
{
    int32_t sums[LANES] = {0};
    const uint8_t *items = table->codes + block * table->groups * LANES;
    for (size_t g = 0; g < table->groups; g++)
        s_add_group (items + g * LANES,
            (const int8_t *)&queries->words[g * SCAN_QUERIES + query], sums);
    float limit = scan_limit (table, queries, block, query);
    uint16_t hits = 0;
    for (size_t i = 0; i < SCAN_ITEMS; i++) {
        int32_t sum = queries->starts[query];
        for (size_t j = 0; j < SCAN_GROUP; j++)
            sum += sums[i * SCAN_GROUP + j];
        if (!(table->steps[block * SCAN_ITEMS + i] * (float)sum <= limit))
            hits |= (uint16_t)(1u << i);
    }
    if (queries->eligible)
        hits &= scan_eligible (queries->eligible[query], block);
    return hits;
}

static size_t
s_scan (const scan_table_t *table, const scan_queries_t *queries, size_t block,
    size_t end, uint16_t hits[SCAN_QUERIES])
{
    for (; block < end; block++) {
        uint16_t any = 0;
        for (size_t q = 0; q < queries->count; q++)
            any |= hits[q] = s_hits (table, queries, block, q);
        if (any)
            break;
    }
    return block;
}

const scan_kernel_t *
scan_portable (void)
{
    static const scan_kernel_t kernel = {"portable", 127, s_scan};
    return &kernel;
}

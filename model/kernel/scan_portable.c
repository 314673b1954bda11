/* The scan in plain C. SPDX-License-Identifier: Apache-2.0 */
#include <stddef.h>

#include "model/kernel/scan_kernels.h"

static uint16_t
s_hits (const scan_table_t *table, const scan_queries_t *queries, size_t block,
    size_t query)
{
    int32_t sums[SCAN_ITEMS];
    for (size_t i = 0; i < SCAN_ITEMS; i++)
        sums[i] = queries->starts[query];
    const uint8_t *items =
        table->codes + block * table->groups * SCAN_ITEMS * SCAN_GROUP;
    for (size_t g = 0; g < table->groups; g++) {
        const int8_t *code = (const int8_t *)&queries->words[g * SCAN_QUERIES + query];
        for (size_t i = 0; i < SCAN_ITEMS; i++)
            for (size_t j = 0; j < SCAN_GROUP; j++)
                sums[i] += items[(g * SCAN_ITEMS + i) * SCAN_GROUP + j] * code[j];
    }
    float limit = scan_limit (table, queries, block, query);
    uint16_t hits = 0;
    for (size_t i = 0; i < SCAN_ITEMS; i++)
        if (!(table->steps[block * SCAN_ITEMS + i] * (float)sums[i] <= limit))
            hits |= (uint16_t)(1u << i);
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

/* The scan by vpdpbusd: one instruction multiplies 16 items by four dimensions of a query.
 * SPDX-License-Identifier: Apache-2.0 */
#include <stdbool.h>
#include <stddef.h>

#include "model/kernel/scan_kernels.h"

#if defined(__x86_64__)
#include <immintrin.h>

#include "model/kernel/simd.h"

#define TARGET      __attribute__ ((target ("avx512f,avx512bw,avx512vl,avx512vnni")))
#define TEMPLATE    static inline __attribute__ ((always_inline)) TARGET
#define BLOCK_GROUP 64 /* bytes: SCAN_ITEMS x SCAN_GROUP */

/* count and narrow (some items may not hit) are constants where this is inlined. */
TEMPLATE size_t
s_scan (const scan_table_t *table, const scan_queries_t *queries, size_t block,
    size_t end, uint16_t hits[SCAN_QUERIES], const size_t count, const bool narrow)
{
    const size_t groups = table->groups;
    const int32_t *words = queries->words;
    for (; block < end; block++) {
        const uint8_t *items = table->codes + block * groups * BLOCK_GROUP;
        __m512i sums[SCAN_QUERIES];
        SIMD_UNROLL
        for (size_t q = 0; q < count; q++)
            sums[q] = _mm512_set1_epi32 (queries->starts[q]);
        for (size_t g = 0; g < groups; g++) {
            __m512i item = _mm512_load_si512 (items + g * BLOCK_GROUP);
            SIMD_UNROLL
            for (size_t q = 0; q < count; q++)
                sums[q] = _mm512_dpbusd_epi32 (
                    sums[q], item, _mm512_set1_epi32 (words[g * SCAN_QUERIES + q]));
        }
        __m512 steps = _mm512_load_ps (table->steps + block * SCAN_ITEMS);
        unsigned any = 0;
        SIMD_UNROLL
        for (size_t q = 0; q < count; q++) {
            __m512 limit = _mm512_set1_ps (scan_limit (table, queries, block, q));
            __m512 value = _mm512_mul_ps (_mm512_cvtepi32_ps (sums[q]), steps);
            hits[q] = _mm512_cmp_ps_mask (value, limit, _CMP_NLE_UQ);
            if (narrow)
                hits[q] &= scan_eligible (queries->eligible[q], block);
            any |= hits[q];
        }
        if (any)
            break;
    }
    return block;
}

TEMPLATE size_t
s_scan_any (const scan_table_t *table, const scan_queries_t *queries, size_t block,
    size_t end, uint16_t hits[SCAN_QUERIES], const bool narrow)
{
    switch (queries->count) {
    case 1:
        return s_scan (table, queries, block, end, hits, 1, narrow);
    case 2:
        return s_scan (table, queries, block, end, hits, 2, narrow);
    case 3:
        return s_scan (table, queries, block, end, hits, 3, narrow);
    case 4:
        return s_scan (table, queries, block, end, hits, 4, narrow);
    case 5:
        return s_scan (table, queries, block, end, hits, 5, narrow);
    case 6:
        return s_scan (table, queries, block, end, hits, 6, narrow);
    case 7:
        return s_scan (table, queries, block, end, hits, 7, narrow);
    default:
        return s_scan (table, queries, block, end, hits, 8, narrow);
    }
}

TARGET static size_t
s_scan_all (const scan_table_t *table, const scan_queries_t *queries, size_t block,
    size_t end, uint16_t hits[SCAN_QUERIES])
{
    return s_scan_any (table, queries, block, end, hits, false);
}

TARGET static size_t
s_scan_narrow (const scan_table_t *table, const scan_queries_t *queries, size_t block,
    size_t end, uint16_t hits[SCAN_QUERIES])
{
    return s_scan_any (table, queries, block, end, hits, true);
}

TARGET static size_t
s_scan_queries (const scan_table_t *table, const scan_queries_t *queries, size_t block,
    size_t end, uint16_t hits[SCAN_QUERIES])
{
    return queries->eligible ? s_scan_narrow (table, queries, block, end, hits)
                             : s_scan_all (table, queries, block, end, hits);
}

const scan_kernel_t *
scan_avx512 (void)
{
    static const scan_kernel_t kernel = {"avx512-vnni", 127, s_scan_queries};
    bool there =
        __builtin_cpu_supports ("avx512f") && __builtin_cpu_supports ("avx512bw") &&
        __builtin_cpu_supports ("avx512vl") && __builtin_cpu_supports ("avx512vnni");
    return there ? &kernel : NULL;
}

#else

const scan_kernel_t *
scan_avx512 (void)
{
    return NULL;
}

#endif

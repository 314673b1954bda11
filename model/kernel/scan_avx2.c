/* The scan by vpmaddubsw, whose sums of two products have 16 bits: a query's codes stay
 * within 63, as 2 x 255 x 63 does not reach 2^15. SPDX-License-Identifier: Apache-2.0 */
#include <stdbool.h>
#include <stddef.h>

#include "model/kernel/scan_kernels.h"

#if defined(__x86_64__)
#include <immintrin.h>

#include "model/kernel/simd.h"

#define TARGET      __attribute__ ((target ("avx2")))
#define TEMPLATE    static inline __attribute__ ((always_inline)) TARGET
#define BLOCK_GROUP 64 /* bytes: SCAN_ITEMS x SCAN_GROUP */
#define PASS        4  /* queries: two sums each, more than 16 registers would spill */

TEMPLATE __m256i
s_add_products (__m256i sum, __m256i items, __m256i query)
{
    __m256i pairs = _mm256_maddubs_epi16 (items, query);
    return _mm256_add_epi32 (sum, _mm256_madd_epi16 (pairs, _mm256_set1_epi16 (1)));
}

TEMPLATE unsigned
s_compare (__m256i sums, const float *steps, float limit)
{
    __m256 value = _mm256_mul_ps (_mm256_cvtepi32_ps (sums), _mm256_load_ps (steps));
    return (unsigned)_mm256_movemask_ps (
        _mm256_cmp_ps (value, _mm256_set1_ps (limit), _CMP_NLE_UQ));
}

/* Hits of the queries from first on; count is a constant where this is inlined. */
TEMPLATE unsigned
s_block (const scan_table_t *table, const scan_queries_t *queries, size_t block,
    size_t first, uint16_t *hits, const size_t count)
{
    const uint8_t *items = table->codes + block * table->groups * BLOCK_GROUP;
    const int32_t *words = queries->words + first;
    __m256i low[PASS], high[PASS];
    SIMD_UNROLL
    for (size_t q = 0; q < count; q++)
        low[q] = high[q] = _mm256_set1_epi32 (queries->starts[first + q]);
    for (size_t g = 0; g < table->groups; g++) {
        const __m256i *group = (const __m256i *)(const void *)(items + g * BLOCK_GROUP);
        __m256i left = _mm256_load_si256 (group);
        __m256i right = _mm256_load_si256 (group + 1);
        SIMD_UNROLL
        for (size_t q = 0; q < count; q++) {
            __m256i query = _mm256_set1_epi32 (words[g * SCAN_QUERIES + q]);
            low[q] = s_add_products (low[q], left, query);
            high[q] = s_add_products (high[q], right, query);
        }
    }
    const float *steps = table->steps + block * SCAN_ITEMS;
    unsigned any = 0;
    SIMD_UNROLL
    for (size_t q = 0; q < count; q++) {
        float limit = scan_limit (table, queries, block, first + q);
        unsigned found = s_compare (low[q], steps, limit) |
                         s_compare (high[q], steps + SCAN_ITEMS / 2, limit) << 8;
        if (queries->eligible)
            found &= scan_eligible (queries->eligible[first + q], block);
        hits[first + q] = (uint16_t)found;
        any |= found;
    }
    return any;
}

TARGET static size_t
s_scan (const scan_table_t *table, const scan_queries_t *queries, size_t block,
    size_t end, uint16_t hits[SCAN_QUERIES])
{
    for (; block < end; block++) {
        unsigned any = 0;
        size_t q = 0;
        for (; q + PASS <= queries->count; q += PASS)
            any |= s_block (table, queries, block, q, hits, PASS);
        for (; q < queries->count; q++)
            any |= s_block (table, queries, block, q, hits, 1);
        if (any)
            break;
    }
    return block;
}

const scan_kernel_t *
scan_avx2 (void)
{
    static const scan_kernel_t kernel = {"avx2", 63, s_scan};
    return __builtin_cpu_supports ("avx2") ? &kernel : NULL;
}

#else

const scan_kernel_t *
scan_avx2 (void)
{
    return NULL;
}

#endif

/* The forward pass by AVX-512's instruction for pairs of bf16, which this file is compiled
 * for. A block is one of the floats' kernel: 6 rows by 64 columns.
 * SPDX-License-Identifier: Apache-2.0 */
#include "model/kernel/forward_kernels.h"

#if defined(__AVX512BF16__)

#include "model/kernel/forward_bf16.h"

#define TOGETHER (FORWARD_BF16_ROWS / FORWARD_ROWS * FORWARD_ROWS) /* rows in bf16 */

/* Rows that are in bf16, from a on, by panels from this one on. Both counts are constants
 * where this is inlined. */
SIMD_INLINE void
s_block_pairs (const forward_product_t *product, const char *a, size_t panel, float *c,
    const size_t rows, const size_t panels)
{
    const char *b = s_panel (product, panel);
    const size_t next = product->next_panel * sizeof (float), column = panel * LANES;
    vector_t sums[FORWARD_ROWS][VECTORS];
    SIMD_UNROLL
    for (size_t v = 0; v < panels; v++) {
        vector_t bias =
            product->bias ? s_load (product->bias + column + v * LANES) : s_all (0);
        SIMD_UNROLL
        for (size_t r = 0; r < rows; r++)
            sums[r][v] = bias;
    }
    for (size_t i = 0; i < product->depth; i += STEP) {
        for (size_t k = 0; k < STEP / 2; k++) {
            __m512bh pairs[VECTORS];
            SIMD_UNROLL
            for (size_t v = 0; v < panels; v++)
                memcpy (&pairs[v], b + v * next + k * LINE, sizeof pairs[v]);
            SIMD_UNROLL
            for (size_t r = 0; r < rows; r++) {
                int32_t two;
                memcpy (&two, a + r * LINE + k * sizeof two, sizeof two);
                __m512bh numbers = (__m512bh)_mm512_set1_epi32 (two);
                SIMD_UNROLL
                for (size_t v = 0; v < panels; v++)
                    sums[r][v] = _mm512_dpbf16_ps (sums[r][v], numbers, pairs[v]);
            }
        }
        a += FORWARD_BF16_ROWS * LINE;
        b += STEP / 2 * LINE;
    }
    SIMD_UNROLL
    for (size_t r = 0; r < rows; r++) {
        SIMD_UNROLL
        for (size_t v = 0; v < panels; v++) {
            float *at = c + r * product->ldc + column + v * LANES;
            vector_t sum = sums[r][v];
            if (product->add)
                sum += s_load (at);
            s_store (at, product->gelu ? s_gelu (sum) : sum);
        }
    }
}

SIMD_INLINE void
s_blocks_of_pairs (const forward_product_t *product, size_t panel, size_t rows,
    float *c, const size_t panels)
{
    const char *a = product->room;
    for (; rows >= FORWARD_ROWS; rows -= FORWARD_ROWS) {
        s_block_pairs (product, a, panel, c, FORWARD_ROWS, panels);
        a += FORWARD_ROWS * LINE;
        c += FORWARD_ROWS * product->ldc;
    }
    switch (rows) {
    case 1:
        s_block_pairs (product, a, panel, c, 1, panels);
        break;
    case 2:
        s_block_pairs (product, a, panel, c, 2, panels);
        break;
    case 3:
        s_block_pairs (product, a, panel, c, 3, panels);
        break;
    case 4:
        s_block_pairs (product, a, panel, c, 4, panels);
        break;
    case 5:
        s_block_pairs (product, a, panel, c, 5, panels);
        break;
    default:
        break;
    }
}

static void
s_multiply_pairs (const forward_product_t *product)
{
    size_t panels = (product->columns + LANES - 1) / LANES, count;
    for (size_t row = 0; row < product->rows; row += count) {
        size_t left = product->rows - row, panel = 0;
        float *c = product->c + row * product->ldc;
        count = left < TOGETHER ? left : TOGETHER;
        s_round_rows (product, product->a + row * product->lda, count);
        for (; panel + VECTORS <= panels; panel += VECTORS)
            s_blocks_of_pairs (product, panel, count, c, VECTORS);
        for (; panel < panels; panel++)
            s_blocks_of_pairs (product, panel, count, c, 1);
    }
}

const forward_kernel_t *
forward_avx512_bf16 (void)
{
    static const forward_kernel_t kernel = {.name = "avx512_bf16",
        .panel = PANEL,
        .bf16 = true,
        .rows = FORWARD_ROWS,
        .multiply = s_multiply_pairs,
        .normalize = s_normalize,
        .attend = s_attend,
        .turned = LANES,
        .turn = s_turn};
    return forward_avx512 () && __builtin_cpu_supports ("avx512bf16") ? &kernel : NULL;
}

#else

const forward_kernel_t *
forward_avx512_bf16 (void)
{
    return NULL;
}

#endif

/* What the kernels with weights in bf16 share, beside AVX-512's body: rows become bf16.
 * SPDX-License-Identifier: Apache-2.0 */
#include "model/kernel/forward_512.h"

#define STEP FORWARD_BF16_DEPTH /* numbers */
#define LINE 64                 /* bytes of so many; of the weights' pairs in a panel */

/* Rows in bf16, in the product's room: the first STEP numbers of FORWARD_BF16_ROWS rows, a
 * line each, then the next. */
static void
s_round_rows (const forward_product_t *product, const float *a, size_t rows)
{
    for (size_t r = 0; r < rows; r++, a += product->lda) {
        char *to = (char *)product->room + r * LINE;
        for (size_t i = 0; i < product->depth;
             i += STEP, to += FORWARD_BF16_ROWS * LINE) {
            size_t left = product->depth - i;
            uint32_t mask = left < STEP ? (1u << left) - 1 : ~0u;
            __m512 low = _mm512_maskz_loadu_ps ((__mmask16)mask, a + i);
            __m512 high =
                _mm512_maskz_loadu_ps ((__mmask16)(mask >> LANES), a + i + LANES);
            __m512bh both = _mm512_cvtne2ps_pbh (high, low);
            memcpy (to, &both, sizeof both);
        }
    }
}

/* The bytes of a panel of the weights. */
SIMD_INLINE const char *
s_panel (const forward_product_t *product, size_t panel)
{
    return (const char *)(product->b + panel * product->next_panel);
}

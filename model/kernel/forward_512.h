/* The body of a forward kernel by AVX-512: 24 sums, 4 vectors of the matrix and one of a
 * row's numbers, of 32 registers. Included by each of the files that are compiled for it.
 * SPDX-License-Identifier: Apache-2.0 */
#include <immintrin.h>

#define LANES            16
#define VECTORS          4
#define FORWARD_MAX      _mm512_max_ps
#define FORWARD_MIN      _mm512_min_ps
#define FORWARD_SUM      _mm512_reduce_add_ps
#define FORWARD_PEAK     _mm512_reduce_max_ps
#define FORWARD_POWER    _mm512_scalef_ps
#define FORWARD_ROUGH    _mm512_rcp14_ps /* off by 2^-14 */
#define FORWARD_ROUND(x) _mm512_roundscale_ps (x, _MM_FROUND_TO_NEAREST_INT)
#define FORWARD_LOWS     _mm512_unpacklo_ps
#define FORWARD_HIGHS    _mm512_unpackhi_ps
#define FORWARD_FOURS    _mm512_shuffle_ps
#include "model/kernel/forward_body.h"

/* Then eights, then all sixteen. */
static void
s_turn (const float *rows, size_t ld, float *panel)
{
    vector_t fours[LANES];
    s_turn_fours (rows, ld, fours);
    SIMD_UNROLL
    for (size_t i = 0; i < 4; i++) {
        const vector_t *four = fours + i;
        float *to = panel + i * PANEL;
        vector_t even = _mm512_shuffle_f32x4 (four[0], four[4], 0x88);
        vector_t even_8 = _mm512_shuffle_f32x4 (four[8], four[12], 0x88);
        vector_t odd = _mm512_shuffle_f32x4 (four[0], four[4], 0xdd);
        vector_t odd_8 = _mm512_shuffle_f32x4 (four[8], four[12], 0xdd);
        s_store (to, _mm512_shuffle_f32x4 (even, even_8, 0x88));
        s_store (to + 4 * PANEL, _mm512_shuffle_f32x4 (odd, odd_8, 0x88));
        s_store (to + 8 * PANEL, _mm512_shuffle_f32x4 (even, even_8, 0xdd));
        s_store (to + 12 * PANEL, _mm512_shuffle_f32x4 (odd, odd_8, 0xdd));
    }
}

/* The forward pass by AVX-512, which this file is compiled for: 24 sums, 4 vectors of the
 * matrix and one of a row's numbers, of 32 registers. SPDX-License-Identifier: Apache-2.0 */
#include "model/kernel/forward_kernels.h"

#if defined(__AVX512F__)

#include <immintrin.h>

#define LANES         16
#define VECTORS       4
#define FORWARD_MAX   _mm512_max_ps
#define FORWARD_MIN   _mm512_min_ps
#define FORWARD_SUM   _mm512_reduce_add_ps
#define FORWARD_PEAK  _mm512_reduce_max_ps
#define FORWARD_POWER _mm512_scalef_ps
#define FORWARD_ROUGH _mm512_rcp14_ps /* off by 2^-14 */
#include "model/kernel/forward_body.h"

/* Pairs of rows, then fours: a[4 g + k] has of rows 4 g and on the columns k, k + 4, ... */
SIMD_INLINE void
s_turn_fours (const float *rows, size_t ld, __m512 a[16])
{
    __m512 b[16];
    SIMD_UNROLL
    for (size_t i = 0; i < 16; i += 2) {
        __m512 low = _mm512_loadu_ps (rows + i * ld);
        __m512 high = _mm512_loadu_ps (rows + (i + 1) * ld);
        b[i] = _mm512_unpacklo_ps (low, high);
        b[i + 1] = _mm512_unpackhi_ps (low, high);
    }
    SIMD_UNROLL
    for (size_t i = 0; i < 16; i += 4)
        SIMD_UNROLL
    for (size_t k = 0; k < 2; k++) {
        a[i + 2 * k] = _mm512_shuffle_ps (b[i + k], b[i + k + 2], 0x44);
        a[i + 2 * k + 1] = _mm512_shuffle_ps (b[i + k], b[i + k + 2], 0xee);
    }
}

/* Then eights, then all. */
static void
s_turn (const float *rows, size_t ld, float *panel)
{
    __m512 a[16];
    s_turn_fours (rows, ld, a);
    SIMD_UNROLL
    for (size_t i = 0; i < 4; i++) {
        __m512 even[2], odd[2];
        SIMD_UNROLL
        for (size_t k = 0; k < 2; k++) {
            __m512 low = a[8 * k + i], high = a[8 * k + 4 + i];
            even[k] = _mm512_shuffle_f32x4 (low, high, 0x88);
            odd[k] = _mm512_shuffle_f32x4 (low, high, 0xdd);
        }
        float *to = panel + i * PANEL;
        _mm512_storeu_ps (to, _mm512_shuffle_f32x4 (even[0], even[1], 0x88));
        _mm512_storeu_ps (to + 4 * PANEL, _mm512_shuffle_f32x4 (odd[0], odd[1], 0x88));
        _mm512_storeu_ps (
            to + 8 * PANEL, _mm512_shuffle_f32x4 (even[0], even[1], 0xdd));
        _mm512_storeu_ps (to + 12 * PANEL, _mm512_shuffle_f32x4 (odd[0], odd[1], 0xdd));
    }
}

const forward_kernel_t *
forward_avx512 (void)
{
    static const forward_kernel_t kernel = FORWARD_KERNEL ("avx512", LANES, s_turn);
    return __builtin_cpu_supports ("avx512f") && __builtin_cpu_supports ("fma")
               ? &kernel
               : NULL;
}

#else

const forward_kernel_t *
forward_avx512 (void)
{
    return NULL;
}

#endif

/* The forward pass by AVX2 and FMA, which this file is compiled for: 12 sums, 2 vectors of
 * the matrix and one of a row's numbers, of 16 registers. SPDX-License-Identifier: Apache-2.0 */
#include "model/kernel/forward_kernels.h"

#if defined(__AVX2__) && defined(__FMA__)

#include <immintrin.h>

#define LANES         8
#define VECTORS       2
#define FORWARD_MAX   _mm256_max_ps
#define FORWARD_MIN   _mm256_min_ps
#define FORWARD_ROUGH _mm256_rcp_ps /* off by 1.5 * 2^-12 */
#define FORWARD_LOWS  _mm256_unpacklo_ps
#define FORWARD_HIGHS _mm256_unpackhi_ps
#define FORWARD_FOURS _mm256_shuffle_ps
#include "model/kernel/forward_body.h"

/* Then all eight. */
static void
s_turn (const float *rows, size_t ld, float *panel)
{
    vector_t fours[LANES];
    s_turn_fours (rows, ld, fours);
    SIMD_UNROLL
    for (size_t i = 0; i < 4; i++) {
        float *to = panel + i * PANEL;
        s_store (to, _mm256_permute2f128_ps (fours[i], fours[i + 4], 0x20));
        s_store (to + 4 * PANEL, _mm256_permute2f128_ps (fours[i], fours[i + 4], 0x31));
    }
}

const forward_kernel_t *
forward_avx2 (void)
{
    static const forward_kernel_t kernel = FORWARD_KERNEL ("avx2", LANES, s_turn);
    return __builtin_cpu_supports ("avx2") && __builtin_cpu_supports ("fma") ? &kernel
                                                                             : NULL;
}

#else

const forward_kernel_t *
forward_avx2 (void)
{
    return NULL;
}

#endif

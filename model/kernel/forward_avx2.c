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
#include "model/kernel/forward_body.h"

/* Pairs of rows, then fours, then the halves of eight. */
static void
s_turn (const float *rows, size_t ld, float *panel)
{
    __m256 a[8], b[8];
    SIMD_UNROLL
    for (size_t i = 0; i < 8; i += 2) {
        __m256 low = _mm256_loadu_ps (rows + i * ld);
        __m256 high = _mm256_loadu_ps (rows + (i + 1) * ld);
        b[i] = _mm256_unpacklo_ps (low, high);
        b[i + 1] = _mm256_unpackhi_ps (low, high);
    }
    SIMD_UNROLL
    for (size_t i = 0; i < 8; i += 4)
        SIMD_UNROLL
    for (size_t k = 0; k < 2; k++) {
        a[i + 2 * k] = _mm256_shuffle_ps (b[i + k], b[i + k + 2], 0x44);
        a[i + 2 * k + 1] = _mm256_shuffle_ps (b[i + k], b[i + k + 2], 0xee);
    }
    SIMD_UNROLL
    for (size_t i = 0; i < 4; i++) {
        _mm256_storeu_ps (
            panel + i * PANEL, _mm256_permute2f128_ps (a[i], a[i + 4], 0x20));
        _mm256_storeu_ps (
            panel + (i + 4) * PANEL, _mm256_permute2f128_ps (a[i], a[i + 4], 0x31));
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

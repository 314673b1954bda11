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

const forward_kernel_t *
forward_avx2 (void)
{
    static const forward_kernel_t kernel = FORWARD_KERNEL ("avx2");
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

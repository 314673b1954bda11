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

const forward_kernel_t *
forward_avx512 (void)
{
    static const forward_kernel_t kernel = FORWARD_KERNEL ("avx512");
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

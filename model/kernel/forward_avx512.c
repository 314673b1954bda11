/* The forward pass by AVX-512, which this file is compiled for.
 * SPDX-License-Identifier: Apache-2.0 */
#include "model/kernel/forward_kernels.h"

#if defined(__AVX512F__)

#include "model/kernel/forward_512.h"

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

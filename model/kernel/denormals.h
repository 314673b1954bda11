/* Numbers below 1.2e-38 ("denormal") cost a hundred times what others do. A trained softmax
 * makes them in masses, here a third of an epoch's time, and they change nothing: to a
 * thread that calls this they are zero. Threads it starts later inherit that.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_MODEL_KERNEL_DENORMALS_H
#define SASREC_MODEL_KERNEL_DENORMALS_H

#include <stdint.h>

#if defined(__SSE2__)
#include <xmmintrin.h>
#endif

static inline void
denormals_off (void)
{
#if defined(__SSE2__)
    _mm_setcsr (_mm_getcsr () | 0x8040u); /* results to zero, operands as zero */
#elif defined(__aarch64__)
    uint64_t control;
    __asm__ volatile("mrs %0, fpcr" : "=r"(control));
    control |= (uint64_t)1 << 24; /* FZ: both */
    __asm__ volatile("msr fpcr, %0" : : "r"(control));
#endif
}

#endif

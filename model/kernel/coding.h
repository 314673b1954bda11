/* Vectors of floats in 8 bits a number: value = step * code + error, and how long what is
 * coded and what is left are. Sums have an order of their own and nothing is fused, so all
 * kernels make the same of the same vector. SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_MODEL_KERNEL_CODING_H
#define SASREC_MODEL_KERNEL_CODING_H

#include <stddef.h>
#include <stdint.h>

#define CODING_LANES 8 /* numbers at a time */

typedef struct {
    float step;
    double coded; /* |step * code| */
    double
        error; /* |value - step * code|; infinity: values are too large or no numbers,
                     codes are 0 */
} coded_t;

/* codes: room for D rounded up to CODING_LANES, 0 behind D. None is larger than most, up or
 * down. */
typedef void (coding_t) (
    const float *values, size_t width, int most, int8_t *codes, coded_t *coded);

typedef struct {
    const char *name; /* "avx512", "avx2", "portable" */
    coding_t *code;
} coding_kernel_t;

/* The fastest that this CPU has is 0; NULL behind the last. */
const coding_kernel_t *coding_kernel (size_t index);

#endif

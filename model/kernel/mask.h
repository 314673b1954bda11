/* What the passes with dropout share. Include only from C files of model/.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_MODEL_KERNEL_MASK_H
#define SASREC_MODEL_KERNEL_MASK_H

#include "model/kernel/dropout.h"
#include "model/kernel/simd.h"

typedef struct {
    uint64_t key;
    uint32_t limit; /* hash below: dropped */
    float scale;
} mask_t;

static inline mask_t
mask_of (dropout_t dropout)
{
    return (mask_t){dropout.key, (uint32_t)((double)dropout.rate * 4294967296.0),
        1.0f / (1.0f - dropout.rate)};
}

SIMD_INLINE float
mask_keep (mask_t mask, uint32_t element, float value)
{
    return simd_hash (element, mask.key) >= mask.limit ? value * mask.scale : 0.0f;
}

#endif

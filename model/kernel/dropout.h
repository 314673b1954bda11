/* Dropout. Masks are not stored: whether an element is kept depends on (key, element)
 * only, and is found again in backward. SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_MODEL_KERNEL_DROPOUT_H
#define SASREC_MODEL_KERNEL_DROPOUT_H

#include <stdint.h>

/* rate 0: off. Kept values are divided by (1 - rate). */
typedef struct {
    float rate;
    uint64_t key; /* another one for each place and step */
} dropout_t;

#endif

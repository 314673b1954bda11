/* The score of an item, the same bits on every CPU and in every batch: 16 sums of the
 * products j, j + 16, j + 32, ..., each rounded by itself (never fused), which are then
 * added in halves. SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_MODEL_KERNEL_DOT_H
#define SASREC_MODEL_KERNEL_DOT_H

#include <stddef.h>

float dot (const float *a, const float *b, size_t width);

#endif

/* The kernels behind forward.h; NULL where the CPU lacks the instructions.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_MODEL_KERNEL_FORWARD_KERNELS_H
#define SASREC_MODEL_KERNEL_FORWARD_KERNELS_H

#include "model/kernel/forward.h"

const forward_kernel_t *forward_avx512 (void);
const forward_kernel_t *forward_avx2 (void);
const forward_kernel_t *forward_portable (void);
const forward_kernel_t *forward_amx (void);
const forward_kernel_t *forward_avx512_bf16 (void);

#define FORWARD_BF16_ROWS 32 /* that forward_room has place for */

#endif

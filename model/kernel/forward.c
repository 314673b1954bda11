/* Which kernels of the forward pass there are. SPDX-License-Identifier: Apache-2.0 */
#include "model/kernel/forward.h"

#include "model/kernel/forward_kernels.h"

const forward_kernel_t *
forward_kernel (size_t index)
{
    const forward_kernel_t *const all[] = {
        forward_avx512 (), forward_avx2 (), forward_portable ()};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (all[i] && index-- == 0)
            return all[i];
    return NULL;
}

size_t
forward_scores_ld (const forward_kernel_t *kernel, size_t window)
{
    return (window + kernel->panel - 1) / kernel->panel * kernel->panel + FORWARD_SLACK;
}

size_t
forward_scores (const forward_kernel_t *kernel, size_t window)
{
    return FORWARD_ROWS * forward_scores_ld (kernel, window);
}

size_t
forward_room (const forward_kernel_t *kernel, size_t depth)
{
    size_t steps = (depth + FORWARD_BF16_DEPTH - 1) / FORWARD_BF16_DEPTH;
    return kernel->bf16 ? FORWARD_BF16_ROWS * steps * FORWARD_BF16_DEPTH * 2 : 0;
}

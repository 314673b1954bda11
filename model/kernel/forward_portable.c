/* The forward pass with what every CPU of the kind has.
 * SPDX-License-Identifier: Apache-2.0 */
#include "model/kernel/forward_kernels.h"

#define LANES   4
#define VECTORS 2
#include "model/kernel/forward_body.h"

const forward_kernel_t *
forward_portable (void)
{
    static const forward_kernel_t kernel = FORWARD_KERNEL ("portable", 1, NULL);
    return &kernel;
}

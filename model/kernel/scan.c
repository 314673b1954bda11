/* Which scan kernels there are. SPDX-License-Identifier: Apache-2.0 */
#include "model/kernel/scan.h"

#include "model/kernel/scan_kernels.h"

const scan_kernel_t *
scan_kernel (size_t index)
{
    const scan_kernel_t *const all[] = {scan_avx512 (), scan_avx2 (), scan_portable ()};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (all[i] && index-- == 0)
            return all[i];
    return NULL;
}

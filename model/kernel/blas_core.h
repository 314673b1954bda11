/* Which kernels OpenBLAS uses. It chooses by the CPU's model number while it is loaded, and
 * for one that it does not know (Debian's 0.3.21: Intel's from 2023 on, say) falls back to
 * "Prescott": SSE3, a sixth of the speed. SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_MODEL_KERNEL_BLAS_CORE_H
#define SASREC_MODEL_KERNEL_BLAS_CORE_H

#include <stdbool.h>

/* To be called first in main: when OpenBLAS fell back below what the CPU can do and nobody
 * said what to take, sets OPENBLAS_CORETYPE and executes the program anew. Returns when
 * there is nothing to choose, or that failed. argv ends with NULL. */
void blas_core_choose (char **argv);

/* The kernels in use: "Cooperlake", "Haswell", ... */
const char *blas_core (void);

/* True when the library uses kernels below this CPU's, as OPENBLAS_CORETYPE can make it. */
bool blas_core_held_back (void);

/* What blas_core_choose goes by. */
typedef enum { BLAS_SSE, BLAS_AVX2, BLAS_AVX512 } blas_level_t;
blas_level_t blas_core_level (const char *core);

#endif

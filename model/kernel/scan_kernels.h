/* The kernels behind scan.h; NULL where the CPU lacks the instructions.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_MODEL_KERNEL_SCAN_KERNELS_H
#define SASREC_MODEL_KERNEL_SCAN_KERNELS_H

#include "model/kernel/scan.h"

const scan_kernel_t *scan_avx512 (void);
const scan_kernel_t *scan_avx2 (void);
const scan_kernel_t *scan_portable (void);

/* What an item of the block must exceed, of one query. */
static inline float
scan_limit (const scan_table_t *table, const scan_queries_t *queries, size_t block,
    size_t query)
{
    return queries->limits[query] -
           queries->error_weights[query] * table->errors[block] -
           queries->norm_weights[query] * table->norms[block];
}

#endif

/* Data of a file, read as `sasrec train --data` does.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_BENCH_PAIRS_H
#define SASREC_BENCH_PAIRS_H

#include "model/data/dataset.h"

/* NULL with error. */
dataset_t *pairs_read (const char *path, char error[160]);

#endif

/* Checkpoints of random weights, for what depends on the shape only. Item ids are 1 to V.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_BENCH_MADE_H
#define SASREC_BENCH_MADE_H

#include "model/checkpoint/checkpoint.h"

/* In a process of its own, whose memory goes with it. 0, or -1 after saying why. */
int made_checkpoint (const char *folder, const char *version,
    const sasrec_shape_t *shape, char path[CHECKPOINT_PATH_SIZE]);

#endif

/* A named piece of memory that has to be kept for an interrupted run to go on: who has
 * one lists it, model/train/state.h writes it. SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_MODEL_TRAIN_PART_H
#define SASREC_MODEL_TRAIN_PART_H

#include <stddef.h>

#define PART_NAME_SIZE 32

typedef struct {
    const char *name; /* shorter than PART_NAME_SIZE */
    void *bytes;
    size_t length;
} part_t;

#endif

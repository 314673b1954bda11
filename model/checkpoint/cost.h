/* What writing a checkpoint takes here, by trying a small part of it.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_MODEL_CHECKPOINT_COST_H
#define SASREC_MODEL_CHECKPOINT_COST_H

#include "model/data/dataset.h"
#include "model/net/sasrec.h"

typedef struct {
    double model_s;       /* the model that takes the reference sample is made */
    double sample_user_s; /* a user of that sample */
    double file_s;        /* a file on that disk, however small */
    double byte_s;        /* a byte more: hashed and written there */
} cost_t;

/* The first two. */
void cost_of_sample (
    cost_t *self, const sasrec_weights_t *weights, const dataset_t *data);

/* The others, by a file of one byte and one of `bytes`, some 16 MB at most. -1 with error:
 * nothing can be written into the folder. */
int cost_of_disk (cost_t *self, const char *folder, size_t bytes, char error[160]);

#endif

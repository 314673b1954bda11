/* The training part of a data set as batches of packed sequences, shared out over
 * threads by tokens. An example is L + 1 training items of a user in a row, L inputs and
 * for each the next item as target: the last ones, or, of longer histories now and then,
 * earlier ones. In a data set with kinds a target may have no weight; examples then end
 * with the last one that has. SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_MODEL_TRAIN_BATCHER_H
#define SASREC_MODEL_TRAIN_BATCHER_H

#include "base/rng.h"
#include "model/data/dataset.h"

/* All training items of a user, also those outside of the window. */
typedef struct {
    const int32_t *items;
    size_t count;
} batcher_history_t;

typedef struct {
    const int32_t *tokens;
    const int32_t *targets;
    const float *weights;  /* of the targets, 0 and more; NULL: they weigh alike */
    const size_t *offsets; /* sequence_count + 1 */
    const batcher_history_t *histories; /* sequence_count */
    size_t sequence_count; /* 0 when there are fewer sequences than threads */
} batcher_share_t;

typedef struct batcher batcher_t;

typedef struct {
    size_t window; /* L */
    size_t batch_users;
    size_t threads;
    double
        earlier; /* probability that a history longer than the window gives any of its
                       windows, all alike, in place of the last one */
} batcher_settings_t;

/* Users without an example (dataset_example_count) are left out. */
batcher_t *batcher_new (const dataset_t *data, const batcher_settings_t *settings);
void batcher_destroy (batcher_t **self_p);

size_t batcher_batch_count (const batcher_t *self); /* of an epoch */
uint64_t batcher_positions (const batcher_t *self); /* of an epoch */
double batcher_mean_weight (const batcher_t *self); /* targets of an example, weighed */
size_t batcher_token_limit (const batcher_t *self); /* of a share */
size_t batcher_sequence_limit (const batcher_t *self);
bool batcher_has_weights (const batcher_t *self); /* shares have them */

/* A new order and new windows; they depend on rng only, not on those before. Before the
 * first time: the data's order, the last windows. */
void batcher_shuffle (batcher_t *self, rng_t *rng);

/* Makes the shares of batch [0, batch_count); returns its positions. */
size_t batcher_fill (batcher_t *self, size_t batch);
batcher_share_t batcher_share (const batcher_t *self, size_t thread);

#endif

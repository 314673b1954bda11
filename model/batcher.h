/* The training part of a data set as batches of packed sequences, shared out over
 * threads by tokens. An example is the last L + 1 training items of a user: L inputs and
 * for each the next item as target. SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_MODEL_BATCHER_H
#define SASREC_MODEL_BATCHER_H

#include "base/rng.h"
#include "model/dataset.h"

/* All training items of a user, also those before the window. */
typedef struct {
    const int32_t *items;
    size_t count;
} batcher_history_t;

typedef struct {
    const int32_t *tokens;
    const int32_t *targets;
    const size_t *offsets;              /* sequence_count + 1 */
    const batcher_history_t *histories; /* sequence_count */
    size_t sequence_count; /* 0 when there are fewer sequences than threads */
} batcher_share_t;

typedef struct batcher batcher_t;

/* Users with less than 2 training items are left out. */
batcher_t *batcher_new (
    const dataset_t *data, size_t window, size_t batch_users, size_t threads);
void batcher_destroy (batcher_t **self_p);

size_t batcher_batch_count (const batcher_t *self); /* of an epoch */
uint64_t batcher_positions (const batcher_t *self); /* of an epoch */
size_t batcher_token_limit (const batcher_t *self); /* of a share */
size_t batcher_sequence_limit (const batcher_t *self);

/* A new order; it depends on rng only, not on the orders before. */
void batcher_shuffle (batcher_t *self, rng_t *rng);

/* Makes the shares of batch [0, batch_count); returns its positions. */
size_t batcher_fill (batcher_t *self, size_t batch);
batcher_share_t batcher_share (const batcher_t *self, size_t thread);

#endif

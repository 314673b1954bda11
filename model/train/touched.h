/* The rows of the item table that one training step looks at, when the loss draws its
 * negatives: those of the histories, the targets and the negatives, each once. A step then
 * works on a small table of these rows, so its cost does not depend on the catalogue.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_MODEL_TRAIN_TOUCHED_H
#define SASREC_MODEL_TRAIN_TOUCHED_H

#include "base/rng.h"
#include "model/train/batcher.h"
#include "model/train/loss.h"

typedef struct touched touched_t;

/* batcher is borrowed. kind: a loss that draws. negatives: of sampled, at least 1. items:
 * V, at least 2. */
touched_t *touched_new (const batcher_t *batcher, size_t threads, loss_kind_t kind,
    size_t items, size_t negatives);
void touched_destroy (touched_t **self_p);

size_t touched_limit (const touched_t *self);       /* most rows of a step */
size_t touched_drawn_limit (const touched_t *self); /* most of them drawn for a batch */

/* For the batch the batcher holds. sampled: negatives + 1 different items, so that a
 * position has `negatives` after its own target is taken out (one more when it is not
 * among them). bce: one per position, not in the user's training part. */
void touched_collect (touched_t *self, rng_t *rng);

size_t touched_count (const touched_t *self);
size_t touched_drawn (const touched_t *self);         /* of rows [0, drawn) */
const int32_t *touched_items (const touched_t *self); /* count: the item of each row */

/* As batcher_share, but tokens and targets are rows. */
batcher_share_t touched_share (const touched_t *self, size_t thread);
const int32_t *touched_negatives (const touched_t *self, size_t thread); /* bce: rows */

#endif

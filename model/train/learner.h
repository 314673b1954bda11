/* A network in training: weights, gradients per thread, optimiser. One step takes a batch
 * forward and back on all threads and updates the weights; everything is allocated
 * before the first step. The same recipe, data, seed and number of threads give the same
 * bits; another number of threads sums the same gradients in another order. SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_MODEL_TRAIN_LEARNER_H
#define SASREC_MODEL_TRAIN_LEARNER_H

#include "model/train/adam.h"
#include "model/train/batcher.h"
#include "model/train/recipe.h"
#include "model/kernel/team.h"

typedef struct learner learner_t;

/* All borrowed but the recipe, which is copied. */
learner_t *learner_new (
    const recipe_t *recipe, batcher_t *batcher, team_t *team, uint64_t seed);
void learner_destroy (learner_t **self_p);

/* One step on a batch of the batcher. Returns the sum of the positions' losses (before
 * the update) and adds their number to *positions. */
double learner_step (
    learner_t *self, size_t batch, double learning_rate, uint64_t *positions);

/* Of the last step's positions those whose target has a weight, all of them without kinds:
 * what the sum of losses is over. */
size_t learner_targets (const learner_t *self);

/* The moving average of the weights up to the last step: what is validated and written. */
const sasrec_weights_t *learner_weights (learner_t *self);

/* Everything that has to be kept to go on later with the same bits. */
#define LEARNER_STATE_PARTS (ADAM_STATE_PARTS + 2)
size_t learner_state (learner_t *self, part_t parts[LEARNER_STATE_PARTS]);

#endif

/* What the model of a run has to stand beside, on the users of its test: popularity, a
 * Markov chain and the model in use. They are ranked before the first step, so that their
 * time is no guess. SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_MODEL_TRAIN_RIVALS_H
#define SASREC_MODEL_TRAIN_RIVALS_H

#include "model/eval/evaluator.h"
#include "model/eval/floors.h"
#include "model/train/gate.h"
#include "model/train/incumbent.h"

typedef struct {
    const char *folder; /* of the checkpoints; NULL: the model in use does not matter */
    floors_t floors;
    floors_ranks_t ranks; /* owned */
    incumbent_t incumbent;
} rivals_t;

/* Ranks the users of the task for all of them. */
void rivals_measure (
    rivals_t *self, const dataset_t *data, team_t *team, const evaluator_task_t *task);

/* The model in use alone, when another one is so by now. */
void rivals_follow (
    rivals_t *self, const dataset_t *data, team_t *team, const evaluator_task_t *task);

/* From here on of each step-th of these users only. */
void rivals_thin (rivals_t *self, size_t step);

/* test, ranks: of the new model, on the same users. part: gate_case_t. */
gate_verdict_t rivals_judge (const rivals_t *self, options_publish_t rule,
    const ranking_t *test, const size_t *ranks, bool part);

void rivals_free (rivals_t *self);

#endif

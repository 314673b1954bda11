/* Full ranking of a data set's users by a network, with all threads of a team: the
 * validation of each epoch and the test at the end.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_MODEL_EVAL_RANKER_H
#define SASREC_MODEL_EVAL_RANKER_H

#include "model/data/dataset.h"
#include "model/eval/ranking.h"
#include "model/net/sasrec.h"
#include "model/kernel/team.h"

typedef struct ranker ranker_t;

/* data and team are borrowed. user_limit: validation takes at most so many users, spread
 * evenly over the set; the test takes all, unless there are more than RANKER_PAIRS pairs
 * of a user and an item. */
#define RANKER_PAIRS 1e10
ranker_t *ranker_new (const dataset_t *data, const sasrec_shape_t *shape, team_t *team,
    size_t user_limit);
void ranker_destroy (ranker_t **self_p);

/* The same weights give the same result with any number of threads. */
ranking_t ranker_run (
    ranker_t *self, const sasrec_weights_t *weights, ranking_split_t split);

/* Each step-th of the users with 3 items or more is ranked. */
size_t ranker_step (const ranker_t *self, ranking_split_t split);

/* What a validation will take, by a small part of it. */
double ranker_cost_s (ranker_t *self, const sasrec_weights_t *weights);

/* The users of the last run among 100 random items (model/eval/sampled.h, seed 1: what
 * `sasrec evaluate --protocol sampled100` draws). */
ranking_t ranker_sampled (const ranker_t *self);

#endif

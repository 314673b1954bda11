/* The one evaluator: how high does a network rank the item that each user took next,
 * among what `recommend` would answer? It serves the validation of each epoch, the test
 * of a run, `sasrec evaluate`, and the comparison with the model in use.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_MODEL_EVAL_EVALUATOR_H
#define SASREC_MODEL_EVAL_EVALUATOR_H

#include <signal.h>
#include <stdbool.h>

#include "model/data/dataset.h"
#include "model/eval/ranking.h"
#include "model/kernel/team.h"
#include "model/net/sasrec.h"

typedef struct evaluator evaluator_t;

/* What ranks. Items of the data that the network does not know are dropped from
 * histories; as targets they cannot be reached. */
typedef struct {
    const sasrec_weights_t *weights; /* of the evaluator's shape */
    const int32_t
        *indexes; /* item of the data -> of the network, -1: unknown to it; NULL:
                               the same */
} evaluator_network_t;

typedef struct {
    ranking_split_t split; /* the history is all before the target of this split */
    size_t step;           /* each step-th of the users that can be ranked; 1: all */
    bool include_seen;     /* the items of the history are candidates too */
    bool sampled;          /* rank them among 100 random items as well */
    uint64_t seed;         /* of these */
    const volatile sig_atomic_t *stop; /* set: give up; may be NULL */
} evaluator_task_t;

/* Borrows data and team; shape: of the networks that it will run. */
evaluator_t *evaluator_new (
    const dataset_t *data, const sasrec_shape_t *shape, team_t *team);
void evaluator_destroy (evaluator_t **self_p);

/* Users that can be ranked (dataset_split). */
size_t evaluator_users (const evaluator_t *self);

/* The smallest step with which at most so many users are ranked. */
size_t evaluator_step (const evaluator_t *self, size_t users);

/* The same weights give the same result with any number of threads. -1: stopped. */
int evaluator_run (evaluator_t *self, const evaluator_network_t *network,
    const evaluator_task_t *task, ranking_t *ranking);

/* Of the last run: the figures among 100 (model/eval/sampled.h), when the task had them;
 * the rank of each user (RANKING_UNREACHABLE), in the order of the data: *count. */
ranking_t evaluator_sampled (const evaluator_t *self);
const size_t *evaluator_ranks (const evaluator_t *self, size_t *count);

/* Seconds that a user takes in such a task, by a small part of it, spread over the data. */
double evaluator_cost_s (evaluator_t *self, const evaluator_network_t *network,
    const evaluator_task_t *task);

#endif

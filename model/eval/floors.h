/* The floors: what stands beside every result, because a model that does not beat them
 * is not worth its time. Both are counted on the training part. The time is linear in the
 * interactions (times the logarithm of an item's successors).
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_MODEL_EVAL_FLOORS_H
#define SASREC_MODEL_EVAL_FLOORS_H

#include "model/data/dataset.h"
#include "model/eval/evaluator.h"
#include "model/eval/ranking.h"

typedef struct {
    ranking_t popularity; /* ties by smaller item id */
    /* First-order Markov chain: counts of transitions out of the last item of the
     * history, popularity to break ties and to fill. */
    ranking_t markov;
} floors_t;

/* The rank of each user (RANKING_UNREACHABLE), in the order of the data: owned. */
typedef struct {
    size_t *popularity, *markov;
    size_t count;
} floors_ranks_t;

/* Of the users of the task, which need not be sampled. 0, or -1: stopped, and the figures
 * are of the users that were ranked until then, maybe none. ranks may be NULL; else free
 * them in both cases. */
int floors_measure (const dataset_t *data, const evaluator_task_t *task,
    floors_t *floors, floors_ranks_t *ranks);
void floors_ranks_free (floors_ranks_t *ranks);

#endif

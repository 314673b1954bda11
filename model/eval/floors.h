/* The floors: what stands beside every result, because a model that does not beat them
 * is not worth its time. Both are counted on the training part. The time is linear in the
 * interactions (times the logarithm of an item's successors).
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_MODEL_EVAL_FLOORS_H
#define SASREC_MODEL_EVAL_FLOORS_H

#include <stdbool.h>

#include "model/data/dataset.h"
#include "model/eval/ranking.h"

typedef struct {
    ranking_t popularity; /* ties by smaller item id */
    /* First-order Markov chain: counts of transitions out of the last item of the
     * history, popularity to break ties and to fill. */
    ranking_t markov;
} floors_t;

/* Ranks each step-th of the users with 3 items or more, 1: all of them. include_seen: the
 * items of the history are not left out. */
floors_t floors_measure (
    const dataset_t *data, ranking_split_t split, size_t step, bool include_seen);

#endif

/* Ranking metrics and the floors that stand beside every result. Full ranking: all V
 * items are scored, the user's history is removed, a tie counts against the target.
 * NDCG@10 = 1 / log2 (rank + 2) for rank < 10 (rank from 0), HR@10 = rank < 10,
 * MRR = 1 / (rank + 1). SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_MODEL_EVAL_RANKING_H
#define SASREC_MODEL_EVAL_RANKING_H

#include <stddef.h>
#include <stdint.h>

#include "model/data/dataset.h"

typedef struct {
    size_t users;  /* that were ranked */
    double ndcg10; /* means over users */
    double hr10;
    double mrr;
    double ndcg10_error; /* standard error of the mean over users */
} ranking_t;

typedef enum { RANKING_VALID, RANKING_TEST } ranking_split_t;

/* Adds one user's rank (0 = best) of the target among V - history candidates. */
typedef struct {
    size_t users;
    double ndcg, ndcg_square, hr, rr;
} ranking_sum_t;
void ranking_add (ranking_sum_t *sum, size_t rank);
ranking_t ranking_mean (const ranking_sum_t *sum);

/* Rank of target among scores[0..V): the number of other items not in excluded
 * (ascending dense indexes) that score at least as high. */
size_t ranking_rank (const float *scores, size_t item_count, int32_t target,
    const int32_t *excluded, size_t excluded_count);

/* The floors rank each step-th of the users with 3 items or more, 1: all of them.
 * Popularity counted on the training part; ties by smaller item id. */
ranking_t ranking_popularity (
    const dataset_t *data, ranking_split_t split, size_t step);

/* First-order Markov chain: counts of training transitions out of the last history
 * item, popularity to break ties and to fill. */
ranking_t ranking_markov (const dataset_t *data, ranking_split_t split, size_t step);

#endif

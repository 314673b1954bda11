/* Ranking metrics. Full ranking: all V items are scored, and of these the items of the
 * user's history are left out, as `recommend` does unless it is asked for them (of a data
 * set with kinds: those that count as seen); a target
 * that is left out, or that the model does not know, cannot be reached and counts as
 * missed. A tie counts against the target. NDCG@10 = 1 / log2 (rank + 2) for rank < 10
 * (rank from 0), HR@10 = rank < 10, MRR = 1 / (rank + 1).
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_MODEL_EVAL_RANKING_H
#define SASREC_MODEL_EVAL_RANKING_H

#include <stddef.h>
#include <stdint.h>

#include "model/data/dataset.h"

typedef struct {
    size_t users;       /* that were ranked */
    size_t unreachable; /* of these: their target cannot be recommended */
    double ndcg10;      /* means over users */
    double hr10;
    double mrr;
    double ndcg10_error; /* standard error of the mean over users */
} ranking_t;

typedef enum { RANKING_VALID, RANKING_TEST } ranking_split_t;

/* The rank of a target that cannot be reached. */
#define RANKING_UNREACHABLE SIZE_MAX

typedef struct {
    size_t users, unreachable;
    double ndcg, ndcg_square, hr, rr;
} ranking_sum_t;

/* Adds one user's rank (0 = best) of the target among the candidates. */
void ranking_add (ranking_sum_t *sum, size_t rank);
ranking_t ranking_mean (const ranking_sum_t *sum);
ranking_t ranking_of (const size_t *ranks, size_t users);

/* NDCG@10 of one user. */
double ranking_gain (size_t rank);

/* The items before the target of a user: *count of them; the target lies behind. NULL for
 * a user who has none (dataset_split). */
const int32_t *ranking_history (
    const dataset_t *data, ranking_split_t split, size_t user, size_t *count);

/* Rank of target among scores[0..V): the number of other items not in excluded
 * (ascending dense indexes) that score at least as high. */
size_t ranking_rank (const float *scores, size_t item_count, int32_t target,
    const int32_t *excluded, size_t excluded_count);

/* Two rankings of the same users: the mean of what a gains over b in NDCG@10, and its
 * standard error. */
typedef struct {
    size_t users;
    double gain;
    double error;
} ranking_pair_t;
ranking_pair_t ranking_compare (const size_t *a, const size_t *b, size_t users);

/* Keeps each step-th of the ranks, from the first one on; returns how many that are. */
size_t ranking_thin (size_t *ranks, size_t users, size_t step);

#endif

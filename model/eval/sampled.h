/* The rank among 100 random items, as published (kang205/SASRec): the items are drawn
 * uniformly from those that are not in the user's training part; so the target or the
 * validation item may be among them, and a tie counts for the target. Figures of this
 * kind say little about ranking all items; they are for comparison with papers.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_MODEL_EVAL_SAMPLED_H
#define SASREC_MODEL_EVAL_SAMPLED_H

#include "model/data/dataset.h"

typedef struct sampled sampled_t; /* scratch; one per thread */

sampled_t *sampled_new (const dataset_t *data); /* borrowed */
void sampled_destroy (sampled_t **self_p);

/* Of target (an index of scores) for a user, from 0; 0 when the user has every item. The
 * draw depends on seed and user only; each takes one step, however many items the user
 * has. indexes: item of the data -> index of scores, -1 for none; NULL: the same. */
size_t sampled_rank (sampled_t *self, uint64_t seed, size_t user, const float *scores,
    int32_t target, const int32_t *indexes);

#endif

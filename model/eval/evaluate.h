/* A loaded model against a data set, leave-one-out. SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_MODEL_EVAL_EVALUATE_H
#define SASREC_MODEL_EVAL_EVALUATE_H

#include "model/data/dataset.h"
#include "model/serve/model.h"
#include "model/eval/ranking.h"

typedef enum { EVALUATE_FULL, EVALUATE_SAMPLED100 } evaluate_protocol_t;

/* The history is all before the target, for the test split the validation item too.
 * Items of the data that the model does not know cannot be hit: as targets they count as
 * missed. Users with fewer than 3 interactions are not ranked.
 * FULL: all items of the model, history removed; a tie counts against the target.
 * SAMPLED100 (kang205/SASRec): 100 items of the data, uniform, drawn again only while in
 * the user's training part; so the target or the validation item may be among them; a tie
 * counts for the target. Depends on seed only, not on threads. */
ranking_t evaluate_model (const model_t *model, const dataset_t *data,
    ranking_split_t split, evaluate_protocol_t protocol, uint64_t seed, size_t threads);

#endif

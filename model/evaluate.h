/* A loaded model against a data set, leave-one-out. SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_MODEL_EVALUATE_H
#define SASREC_MODEL_EVALUATE_H

#include "model/dataset.h"
#include "model/model.h"
#include "model/ranking.h"

typedef enum { EVALUATE_FULL, EVALUATE_SAMPLED100 } evaluate_protocol_t;

/* Items of the data that the model does not know can not be hit and count as a miss.
 * SAMPLED100: 100 uniform negatives not in the user's training part (the original
 * protocol); depends on seed only. */
ranking_t evaluate_model (const model_t *model, const dataset_t *data,
    ranking_split_t split, evaluate_protocol_t protocol, uint64_t seed, size_t threads);

#endif

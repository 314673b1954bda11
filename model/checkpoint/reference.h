/* What requests and answers looked like when the model was made: a running service
 * compares its own with it, to notice drift (model/drift/).
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_MODEL_CHECKPOINT_REFERENCE_H
#define SASREC_MODEL_CHECKPOINT_REFERENCE_H

#include <jansson.h>

#include "model/data/dataset.h"
#include "model/serve/model.h"

/* Histories that a sample has at most: the larger the catalogue, the fewer. */
size_t reference_users (const dataset_t *data);

/* {"users":N,"history_length":{"bounds":[...],"counts":[...]},"scores":{...},
 * "drift":{...}} of a sample of users histories (0: reference_users), each asked whole,
 * and the top 10 of its answer; the last two as in model/drift/baseline.h. Fresh. */
json_t *reference_new (const model_t *model, const dataset_t *data, size_t users);

#endif

/* What answers looked like when the model was made: histograms that the metrics of a
 * running service are compared with, to notice drift. SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_MODEL_CHECKPOINT_REFERENCE_H
#define SASREC_MODEL_CHECKPOINT_REFERENCE_H

#include <jansson.h>

#include "model/data/dataset.h"
#include "model/serve/model.h"

/* Histories that a sample has at most: the larger the catalogue, the fewer. */
size_t reference_users (const dataset_t *data);

/* {"users":N,"scores":{"bounds":[...],"counts":[...]},"history_length":{...}}; fresh.
 * scores: of the top 10 for a sample of users histories (0: reference_users); one count
 * more than bounds. */
json_t *reference_new (const model_t *model, const dataset_t *data, size_t users);

#endif

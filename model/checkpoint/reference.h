/* What answers looked like when the model was made: histograms that the metrics of a
 * running service are compared with, to notice drift. SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_MODEL_CHECKPOINT_REFERENCE_H
#define SASREC_MODEL_CHECKPOINT_REFERENCE_H

#include <jansson.h>

#include "model/data/dataset.h"
#include "model/serve/model.h"

/* {"users":N,"scores":{"bounds":[...],"counts":[...]},"history_length":{...}}; fresh.
 * scores: of the top 10 for a sample of at most 1,000 histories; one count more than
 * bounds. */
json_t *reference_new (const model_t *model, const dataset_t *data);

#endif

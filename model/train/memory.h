/* What a run needs of the machine's memory, before it takes it.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_MODEL_TRAIN_MEMORY_H
#define SASREC_MODEL_TRAIN_MEMORY_H

#include "model/data/dataset.h"
#include "model/train/recipe.h"

/* Bytes, to some 20 %, without the data set, which is there already. */
double memory_needed (const dataset_t *data, const recipe_t *recipe, size_t threads);

/* Bytes that this process may still take: of the machine, of its control group. A huge
 * number when nobody says. */
double memory_available (void);

#endif

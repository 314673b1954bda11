/* The canary of a checkpoint: a few histories with the top K and the scores that the
 * writer's model gave. A reader's CPU and libraries must give the same, up to rounding,
 * before its model serves anyone. SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_MODEL_CHECKPOINT_CANARY_H
#define SASREC_MODEL_CHECKPOINT_CANARY_H

#include <jansson.h>

#include "model/data/dataset.h"
#include "model/serve/model.h"

/* Of the largest score of a case: different kernels round differently, 1e-6 was seen. */
#define CANARY_TOLERANCE 1e-4

/* {"k":K,"cases":[{"history":[...],"item_ids":[...],"scores":[...]}]}; fresh. Histories
 * are of the data, and short, too long, partly unknown and empty ones. */
json_t *canary_new (const model_t *model, const dataset_t *data);

/* What all cases of a file may cost at most: about a second. */
#define CANARY_COST_LIMIT 3e10

/* Operations of the encoder for a history of so many items, an exponential for 20; scores
 * are left out, they follow from the file's size. */
double canary_cost (const model_t *model, size_t count);

/* 0, or -1 with error: not a canary, or which case gave what instead. Items may swap
 * places (and the last ones be others) where their scores are equal within the
 * tolerance. */
int canary_check (const model_t *model, const json_t *canary, char error[160]);

#endif

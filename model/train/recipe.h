/* How to train on this data: every choice the options leave open, by a few rules over
 * the data's statistics (docs/training.md has the reasons and the measurements).
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_MODEL_TRAIN_RECIPE_H
#define SASREC_MODEL_TRAIN_RECIPE_H

#include <jansson.h>
#include <stdbool.h>

#include "model/train/batcher.h"
#include "model/data/dataset.h"
#include "model/train/loss.h"
#include "model/net/sasrec.h"
#include "model/train/options.h"

/* Of data: by training positions, and how many a user has. */
typedef enum { RECIPE_TINY, RECIPE_SPARSE, RECIPE_DENSE, RECIPE_LARGE } recipe_kind_t;

typedef struct {
    recipe_kind_t kind;
    sasrec_shape_t shape;
    loss_kind_t loss;
    size_t negatives; /* of the sampled loss; 0 with the others */
    size_t batch_users;
    size_t epochs;
    size_t patience;
    double dropout;
    double attention_dropout;
    double learning_rate; /* peak */
    double warm_up; /* share of the run in which the rate rises; then a cosine to 0 */
    bool constant;  /* no warm-up and no cosine: the peak rate always */
    double decay;   /* of weights (AdamW), per unit of learning rate */
    double average; /* of the weights' moving average, per step */
    double earlier; /* windows of long histories; see model/train/batcher.h */
    /* A position of a user with n of them counts n^-balance: 0 weighs positions alike, 1
     * users, as the metrics do. */
    double balance;
    events_lists_t events; /* of the options */
} recipe_t;

/* Options given stay; 0 (or a negative rate) is filled. */
recipe_t recipe_make (const dataset_t *data, const options_t *options);

batcher_settings_t recipe_batcher (const recipe_t *self, size_t threads);

/* One line for people. */
#define RECIPE_TEXT_SIZE (256 + EVENTS_DESCRIBED_SIZE)
void recipe_describe (const recipe_t *self, char text[RECIPE_TEXT_SIZE]);

/* For the checkpoint. Fresh. */
json_t *recipe_json (const recipe_t *self);

/* The learning rate at a share of the run, progress in [0, 1]. */
double recipe_rate (const recipe_t *self, double progress);

#endif

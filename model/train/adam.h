/* Adam (Kingma & Ba 2015) with decoupled weight decay and a moving average of the
 * weights (Polyak), in one pass over a range of the weights, so that threads may share
 * the work. SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_MODEL_TRAIN_ADAM_H
#define SASREC_MODEL_TRAIN_ADAM_H

#include <stddef.h>
#include <stdint.h>

#include "model/train/part.h"

#define ADAM_STATE_PARTS 6

typedef struct {
    float beta1;
    float beta2;
    float epsilon;
    float decay;   /* of weights, per unit of learning rate; 0 = none */
    float average; /* how much of the moving average stays at a step; 0 = no average */
} adam_settings_t;

typedef struct adam adam_t;

/* weights: count floats, the caller's; they are updated in place. */
adam_t *adam_new (float *weights, size_t count, const adam_settings_t *settings);
void adam_destroy (adam_t **self_p);

/* Begins the next step; then every index is updated once by adam_update. */
void adam_begin (adam_t *self, float learning_rate);

/* Indexes [first + begin, first + end): the gradient is the sum of the lists' values
 * [begin, end) in the lists' order; they are zero afterwards. */
void adam_update (adam_t *self, size_t first, float *const *gradients,
    size_t gradient_count, size_t begin, size_t end);

/* For a table of which a step changes few rows: from now on the first rows x width weights
 * are updated row by row, once per step at most. A row that was left out catches up when
 * its turn comes: its moments are decayed by the steps it missed, as zero gradients would
 * have done; its weights have rested meanwhile (Adam proper moves them on by their
 * momentum), and are decayed (settings.decay) in its own steps only. */
void adam_track_rows (adam_t *self, size_t rows, size_t width);

/* rows[begin, end): different rows; row i's gradient lies at i * width of the lists. */
void adam_update_rows (adam_t *self, const int32_t *rows, size_t begin, size_t end,
    float *const *gradients, size_t gradient_count);

/* Brings the averages of all rows up to this step. */
void adam_settle (adam_t *self);

/* Everything that has to be kept to go on later; name, address and size of each part. */
size_t adam_state (adam_t *self, part_t parts[ADAM_STATE_PARTS]);

/* count floats: the average (from the first step on, without a bias to the start), or the
 * weights when there is none. */
const float *adam_averaged (const adam_t *self);

#endif

/* Adam (Kingma & Ba 2015) with decoupled weight decay and a moving average of the
 * weights (Polyak), in one pass over a range of the weights, so that threads may share
 * the work. SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_MODEL_ADAM_H
#define SASREC_MODEL_ADAM_H

#include <stddef.h>
#include <stdint.h>

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

/* Indexes [begin, end): the gradient is the sum of the lists' values in their order; the
 * lists are zero afterwards. */
void adam_update (adam_t *self, float *const *gradients, size_t gradient_count,
    size_t begin, size_t end);

/* count floats: the average (from the first step on, without a bias to the start), or the
 * weights when there is none. */
const float *adam_averaged (const adam_t *self);

#endif

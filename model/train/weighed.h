/* Of a share's positions those whose target has a weight: a loss looks at these alone, so
 * that context costs it nothing. Their hidden states are moved together at the front, the
 * gradients back to their places. SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_MODEL_TRAIN_WEIGHED_H
#define SASREC_MODEL_TRAIN_WEIGHED_H

#include "model/train/loss.h"

typedef struct weighed weighed_t; /* one per thread */

weighed_t *weighed_new (size_t rows); /* at most so many positions */
void weighed_destroy (weighed_t **self_p);

/* Leaves of hidden (T x width), and of input's targets, negatives and factors, the rows
 * with a weight above 0, in their order; input->rows becomes their number. What input
 * points to is this object's then. */
void weighed_gather (weighed_t *self, const float *weights, size_t width,
    loss_input_t *input, float *hidden);

/* The rows of x (T x width) back to where they came from; the others become 0. */
void weighed_scatter (const weighed_t *self, size_t rows, size_t width, float *x);

#endif

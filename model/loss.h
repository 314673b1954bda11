/* Full-softmax cross-entropy over all V items, tile by tile: a few tokens' logits at a
 * time are made, reduced and multiplied back while they are in the cache, so there is no
 * T x V buffer. SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_MODEL_LOSS_H
#define SASREC_MODEL_LOSS_H

#include <stddef.h>
#include <stdint.h>

typedef struct loss loss_t; /* scratch; one per thread */

loss_t *loss_new (size_t items, size_t width);
void loss_destroy (loss_t **self_p);

typedef struct {
    const float *hidden;    /* T x D */
    const int32_t *targets; /* T */
    size_t rows;            /* T */
    const float *items;     /* V x D */
    float weight; /* of one position in the objective: 1 / positions of the batch */
} loss_input_t;

/* Returns the sum over rows of -log softmax (h . items) [target]. Writes the gradient of
 * weight * sum to dhidden (T x D; may be hidden itself) and adds to ditems (V x D). */
double loss_softmax (
    loss_t *self, const loss_input_t *input, float *dhidden, float *ditems);

#endif

/* The losses of training, one row of a table each. Every one works tile by tile on the
 * hidden states of a share of a batch; there is no T x V buffer.
 *
 *   full     cross-entropy over all V items
 *   sampled  cross-entropy over the target and items drawn for the whole batch, whose
 *            scores are raised by log ((V - 1) / drawn): the sum over them then stands
 *            for the sum over all other items, without bias
 *   bce      the paper's: softplus (-s target) + softplus (s of one drawn item)
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_MODEL_TRAIN_LOSS_H
#define SASREC_MODEL_TRAIN_LOSS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum { LOSS_DEFAULT, LOSS_FULL, LOSS_SAMPLED, LOSS_BCE } loss_kind_t;

const char *loss_name (loss_kind_t kind);    /* "full", "sampled", "bce" */
loss_kind_t loss_by_name (const char *name); /* LOSS_DEFAULT: none of them */
bool loss_draws (loss_kind_t kind); /* looks at few items in a step, not at all */

typedef struct loss loss_t; /* scratch; one per thread */

/* columns: V for full, the most items that are drawn for sampled, unused for bce. */
loss_t *loss_new (loss_kind_t kind, size_t columns, size_t width);
void loss_destroy (loss_t **self_p);

typedef struct {
    const float *hidden;    /* T x D */
    const int32_t *targets; /* T rows of items */
    size_t rows;            /* T */
    const float *items;     /* R x D; full: R = V */
    float weight; /* of one position in the objective: 1 / positions of the batch */
    const float *factors;     /* T: of weight, for each position; NULL: 1 */
    const int32_t *negatives; /* bce: T rows of items */
    size_t drawn;             /* sampled: rows [0, drawn) of items are different items,
                                 drawn from all V; a position's own target among them is
                                 taken out */
    size_t population;        /* sampled: V */
} loss_input_t;

/* Returns the plain sum over positions. Writes the gradient of the weighted one to dhidden
 * (T x D; may be hidden itself) and adds to ditems (R x D). */
double loss_run (
    loss_t *self, const loss_input_t *input, float *dhidden, float *ditems);

#endif

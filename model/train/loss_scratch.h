/* What the losses share; private to model/loss*.c. SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_MODEL_TRAIN_LOSS_SCRATCH_H
#define SASREC_MODEL_TRAIN_LOSS_SCRATCH_H

#include "model/train/loss.h"

struct loss {
    loss_kind_t kind;
    size_t columns; /* of the logits */
    size_t width;   /* D */
    size_t rows;    /* of a tile */
    float *logits;  /* rows x columns */
    float *scaled;  /* rows x D: hidden rows times their factor */
    float *factors; /* rows: weight / sum of exponentials */
    float *own;     /* rows: what is left for a target that was not drawn */
};

/* Of a position in the objective. */
static inline float
loss_weight (const loss_input_t *input, size_t row)
{
    return input->factors ? input->weight * input->factors[row] : input->weight;
}

/* x becomes exp (x - peak); returns the sum of that. */
float loss_exponentials (float *x, size_t count, float *peak_p);
void loss_scale_rows (
    const float *x, size_t rows, size_t width, const float *factors, float *out);

double loss_full (
    loss_t *self, const loss_input_t *input, float *dhidden, float *ditems);
double loss_sampled (
    loss_t *self, const loss_input_t *input, float *dhidden, float *ditems);
double loss_bce (
    loss_t *self, const loss_input_t *input, float *dhidden, float *ditems);

#endif

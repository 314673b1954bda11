/* The elementwise layers, forward and backward, over rows of floats. Gradients of
 * inputs are written; gradients of parameters are added to. SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_MODEL_NET_LAYERS_H
#define SASREC_MODEL_NET_LAYERS_H

#include <stddef.h>
#include <stdint.h>

#include "model/kernel/dropout.h"

/* x[t] = dropout (sqrt(D) * items[tokens[t]] + positions[t - start of its sequence]) */
typedef struct {
    const int32_t *tokens;
    const size_t *offsets;
    size_t sequence_count;
    size_t width;
} layers_tokens_t;
void layers_embed (const layers_tokens_t *tokens, const float *items,
    const float *positions, dropout_t dropout, float *x);
void layers_embed_backward (const layers_tokens_t *tokens, const float *dx,
    dropout_t dropout, float *ditems, float *dpositions);

/* y = (x - mean) / sqrt (variance + 1e-6) * gain + bias, per row; stats keeps (mean,
 * 1 / deviation) of each row, 2 floats. */
void layers_norm (const float *x, size_t rows, size_t width, const float *gain,
    const float *bias, float *stats, float *y);
/* dx = keep * dx + gradient, keep 0 or 1. */
void layers_norm_backward (const float *x, const float *stats, const float *dy,
    size_t rows, size_t width, const float *gain, float keep, float *dx, float *dgain,
    float *dbias);

/* y += bias in each row; dbias += sum of the rows of dy. */
void layers_bias (float *y, size_t rows, size_t width, const float *bias);
void layers_bias_backward (const float *dy, size_t rows, size_t width, float *dbias);

/* out = x + dropout (y + bias); out may be x. dy = dropout (dout). */
void layers_residual (const float *x, const float *y, const float *bias, size_t rows,
    size_t width, dropout_t dropout, float *out);
void layers_residual_backward (
    const float *dout, size_t rows, size_t width, dropout_t dropout, float *dy);

/* z += bias (kept for backward); a = dropout (gelu (z)), the tanh form of Hendrycks and
 * Gimpel 2016. Backward: da becomes dz. */
void layers_gelu (float *z, size_t rows, size_t width, const float *bias,
    dropout_t dropout, float *a);
void layers_gelu_backward (
    const float *z, size_t rows, size_t width, dropout_t dropout, float *da);

#endif

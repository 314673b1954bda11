/* Softmax cross-entropy by tiles of tokens. SPDX-License-Identifier: Apache-2.0 */
#include "model/loss.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "model/blas.h"
#include "model/simd.h"

/* Tiles of this size were fastest: smaller ones starve the products, larger ones fall
 * out of the cache. */
#define TILE_ROWS_MOST  128
#define TILE_ROWS_LEAST 32
#define TILE_BYTES      (4u << 20)

struct loss {
    size_t items;   /* V */
    size_t width;   /* D */
    size_t rows;    /* of a tile */
    float *logits;  /* rows x V */
    float *scaled;  /* rows x D: hidden rows times their factor */
    float *factors; /* rows: weight / sum of exponentials */
};

loss_t *
loss_new (size_t items, size_t width)
{
    loss_t *self = calloc (1, sizeof (*self));
    assert (self);
    size_t rows = TILE_BYTES / (items * sizeof (float));
    rows = rows < TILE_ROWS_LEAST ? TILE_ROWS_LEAST : rows;
    self->rows = rows > TILE_ROWS_MOST ? TILE_ROWS_MOST : rows;
    self->items = items;
    self->width = width;
    self->logits =
        aligned_alloc (64, self->rows * items * sizeof (float) / 64 * 64 + 64);
    self->scaled =
        aligned_alloc (64, self->rows * width * sizeof (float) / 64 * 64 + 64);
    self->factors = calloc (self->rows, sizeof (float));
    assert (self->logits && self->scaled && self->factors);
    return self;
}

void
loss_destroy (loss_t **self_p)
{
    if (!self_p || !*self_p)
        return;
    free ((*self_p)->logits);
    free ((*self_p)->scaled);
    free ((*self_p)->factors);
    free (*self_p);
    *self_p = NULL;
}

/* x becomes exp (x - peak); returns the sum of that. */
SIMD_CLONES static float
s_exponentials (float *x, size_t count, float *peak_p)
{
    float peak = x[0], sum = 0;
#pragma omp simd reduction(max : peak)
    for (size_t i = 0; i < count; i++)
        peak = x[i] > peak ? x[i] : peak;
#pragma omp simd reduction(+ : sum)
    for (size_t i = 0; i < count; i++) {
        x[i] = simd_exp (x[i] - peak);
        sum += x[i];
    }
    *peak_p = peak;
    return sum;
}

SIMD_CLONES static void
s_scale_rows (
    const float *x, size_t rows, size_t width, const float *factors, float *out)
{
    for (size_t r = 0; r < rows; r++) {
#pragma omp simd
        for (size_t i = 0; i < width; i++)
            out[r * width + i] = x[r * width + i] * factors[r];
    }
}

/* The logits become sum * (softmax - onehot); what is left of the gradient is a factor
 * per row, which goes into the narrow matrices instead of another pass over the tile. */
static double
s_tile_gradient (loss_t *self, const int32_t *targets, size_t rows, float weight)
{
    double loss = 0;
    for (size_t r = 0; r < rows; r++) {
        float *row = self->logits + r * self->items, peak;
        float target = row[targets[r]];
        float sum = s_exponentials (row, self->items, &peak);
        loss += (double)logf (sum) + (double)(peak - target);
        row[targets[r]] -= sum;
        self->factors[r] = weight / sum;
    }
    return loss;
}

double
loss_softmax (loss_t *self, const loss_input_t *input, float *dhidden, float *ditems)
{
    size_t v = self->items, d = self->width;
    blas_matrix_t items = {input->items, d}, logits = {self->logits, v};
    double loss = 0;
    for (size_t at = 0; at < input->rows; at += self->rows) {
        size_t rows = input->rows - at;
        rows = rows < self->rows ? rows : self->rows;
        const float *hidden = input->hidden + at * d;
        blas_nt (rows, v, d, (blas_matrix_t){hidden, d}, items, 0, self->logits, v);
        loss += s_tile_gradient (self, input->targets + at, rows, input->weight);
        s_scale_rows (hidden, rows, d, self->factors, self->scaled);
        blas_tn (v, d, rows, logits, (blas_matrix_t){self->scaled, d}, 1, ditems, d);
        blas_nn (rows, d, v, logits, items, 0, self->scaled, d);
        s_scale_rows (self->scaled, rows, d, self->factors, dhidden + at * d);
    }
    return loss;
}

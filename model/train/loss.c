/* Table, scratch, and the softmax cross-entropy over all items.
 * SPDX-License-Identifier: Apache-2.0 */
#include "model/train/loss_scratch.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "model/kernel/blas.h"
#include "model/kernel/simd.h"

/* Tiles of this size were fastest: smaller ones starve the products, larger ones fall
 * out of the cache. */
#define TILE_ROWS_MOST  256
#define TILE_ROWS_LEAST 32
#define TILE_BYTES      (4u << 20)

static const struct {
    const char *name;
    double (*run) (loss_t *, const loss_input_t *, float *, float *);
    bool draws;
} s_losses[] = {
    [LOSS_DEFAULT] = {"default", NULL, false},
    [LOSS_FULL] = {"full", loss_full, false},
    [LOSS_SAMPLED] = {"sampled", loss_sampled, true},
    [LOSS_BCE] = {"bce", loss_bce, true},
};

const char *
loss_name (loss_kind_t kind)
{
    return s_losses[kind].name;
}

loss_kind_t
loss_by_name (const char *name)
{
    for (loss_kind_t kind = LOSS_FULL; kind <= LOSS_BCE; kind++)
        if (strcmp (name, s_losses[kind].name) == 0)
            return kind;
    return LOSS_DEFAULT;
}

bool
loss_draws (loss_kind_t kind)
{
    return s_losses[kind].draws;
}

static float *
s_floats (size_t count)
{
    float *values = aligned_alloc (64, count * sizeof (float) / 64 * 64 + 64);
    assert (values);
    return values;
}

loss_t *
loss_new (loss_kind_t kind, size_t columns, size_t width)
{
    assert (kind != LOSS_DEFAULT);
    loss_t *self = calloc (1, sizeof (*self));
    assert (self);
    self->kind = kind;
    /* One more for a target that was not drawn; whole cache lines. */
    self->columns = kind == LOSS_SAMPLED ? (columns + 16) / 16 * 16 : columns;
    self->width = width;
    if (kind == LOSS_BCE)
        return self;
    size_t rows = TILE_BYTES / (self->columns * sizeof (float));
    rows = rows < TILE_ROWS_LEAST ? TILE_ROWS_LEAST : rows;
    self->rows = rows > TILE_ROWS_MOST ? TILE_ROWS_MOST : rows;
    self->logits = s_floats (self->rows * self->columns);
    self->scaled = s_floats (self->rows * width);
    self->factors = s_floats (self->rows);
    self->own = s_floats (self->rows);
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
    free ((*self_p)->own);
    free (*self_p);
    *self_p = NULL;
}

double
loss_run (loss_t *self, const loss_input_t *input, float *dhidden, float *ditems)
{
    return s_losses[self->kind].run (self, input, dhidden, ditems);
}

SIMD_CLONES float
loss_exponentials (float *x, size_t count, float *peak_p)
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

SIMD_CLONES void
loss_scale_rows (
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
s_tile_gradient (loss_t *self, const loss_input_t *input, size_t at, size_t rows)
{
    const int32_t *targets = input->targets + at;
    double loss = 0;
    for (size_t r = 0; r < rows; r++) {
        float *row = self->logits + r * self->columns, peak;
        float target = row[targets[r]];
        float sum = loss_exponentials (row, self->columns, &peak);
        loss += (double)logf (sum) + (double)(peak - target);
        row[targets[r]] -= sum;
        self->factors[r] = loss_weight (input, at + r) / sum;
    }
    return loss;
}

double
loss_full (loss_t *self, const loss_input_t *input, float *dhidden, float *ditems)
{
    size_t v = self->columns, d = self->width;
    blas_matrix_t items = {input->items, d}, logits = {self->logits, v};
    double loss = 0;
    for (size_t at = 0; at < input->rows; at += self->rows) {
        size_t rows = input->rows - at;
        rows = rows < self->rows ? rows : self->rows;
        const float *hidden = input->hidden + at * d;
        blas_nt (rows, v, d, (blas_matrix_t){hidden, d}, items, 0, self->logits, v);
        loss += s_tile_gradient (self, input, at, rows);
        loss_scale_rows (hidden, rows, d, self->factors, self->scaled);
        blas_tn (v, d, rows, logits, (blas_matrix_t){self->scaled, d}, 1, ditems, d);
        blas_nn (rows, d, v, logits, items, 0, self->scaled, d);
        loss_scale_rows (self->scaled, rows, d, self->factors, dhidden + at * d);
    }
    return loss;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "model/serve/packed.h"

#include <assert.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* With base NULL only counts; so sizes and pointers cannot disagree. */
typedef struct {
    float *base;
    size_t used; /* floats */
    const forward_kernel_t *kernel;
} packer_t;

static float *
s_cut (packer_t *self, size_t floats)
{
    float *at = self->base ? self->base + self->used : NULL;
    self->used += (floats + 15) / 16 * 16;
    return at;
}

static const float *
s_vector (packer_t *self, const float *values, size_t count, float scale)
{
    float *to = s_cut (self, count + FORWARD_SLACK);
    for (size_t i = 0; to && i < count; i++)
        to[i] = values[i] * scale;
    return to;
}

/* FORWARD_ROWS rows begin one number apart, and are read in whole vectors. */
static const float *
s_relative_bias (packer_t *self, const float *values, size_t count)
{
    const float *to = s_vector (self, values, count, 1);
    s_cut (self, FORWARD_ROWS);
    return to;
}

static packed_norm_t
s_norm (packer_t *self, const float *gain, const float *bias, size_t width)
{
    return (packed_norm_t){
        s_vector (self, gain, width, 1), s_vector (self, bias, width, 1)};
}

/* Columns of the weights, which have ld of them in a row. */
typedef struct {
    const float *weights;
    size_t ld;
    float scale;
} source_t;

static void
s_pack_floats (packer_t *self, source_t source, packed_matrix_t *matrix)
{
    size_t depth = matrix->depth, columns = matrix->columns;
    size_t panel = self->kernel->panel;
    matrix->next_panel = panel * depth;
    float *to = s_cut (self, (columns + panel - 1) / panel * matrix->next_panel);
    matrix->panels = to;
    for (size_t start = 0; to && start < columns; start += panel) {
        size_t count = columns - start < panel ? columns - start : panel;
        for (size_t i = 0; i < depth; i++, to += panel)
            for (size_t j = 0; j < count; j++)
                to[j] = source.weights[i * source.ld + start + j] * source.scale;
    }
}

/* To the nearest, of two the even one. */
static uint16_t
s_bf16 (float number)
{
    uint32_t bits;
    memcpy (&bits, &number, sizeof bits);
    return (uint16_t)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

static void
s_pack_bf16 (packer_t *self, source_t source, packed_matrix_t *matrix)
{
    enum { COLUMNS = FORWARD_BF16_COLUMNS, DEPTH = FORWARD_BF16_DEPTH };
    size_t columns = matrix->columns;
    size_t panels = (columns + COLUMNS - 1) / COLUMNS;
    matrix->next_panel = (matrix->depth + DEPTH - 1) / DEPTH * DEPTH * COLUMNS / 2;
    float *first = s_cut (self, panels * matrix->next_panel);
    matrix->panels = first;
    for (size_t j = 0; first && j < columns; j++) {
        char *panel = (char *)(first + j / COLUMNS * matrix->next_panel);
        for (size_t i = 0; i < matrix->depth; i++) {
            size_t at = (i / 2 * COLUMNS + j % COLUMNS) * 2 + i % 2;
            uint16_t number = s_bf16 (source.weights[i * source.ld + j] * source.scale);
            memcpy (panel + at * sizeof number, &number, sizeof number);
        }
    }
}

static packed_matrix_t
s_matrix (packer_t *self, const float *weights, size_t ld, const float *bias,
    packed_matrix_t shape, float scale)
{
    source_t source = {weights, ld, scale};
    if (self->kernel->bf16)
        s_pack_bf16 (self, source, &shape);
    else
        s_pack_floats (self, source, &shape);
    shape.bias = s_vector (self, bias, shape.columns, scale);
    return shape;
}

static packed_block_t
s_block (packer_t *self, const sasrec_shape_t *shape, const sasrec_block_t *w)
{
    size_t d = shape->width, f = d * shape->ffn_factor;
    float scale = 1.0f / sqrtf ((float)(d / shape->heads));
    packed_matrix_t square = {.depth = d, .columns = d};
    packed_matrix_t up = {.depth = d, .columns = f}, down = {.depth = f, .columns = d};
    return (packed_block_t){.norm1 = s_norm (self, w->norm1_gain, w->norm1_bias, d),
        .norm2 = s_norm (self, w->norm2_gain, w->norm2_bias, d),
        .query = s_matrix (self, w->qkv_weight, 3 * d, w->qkv_bias, square, scale),
        .key = s_matrix (self, w->qkv_weight + d, 3 * d, w->qkv_bias + d, square, 1),
        .value = s_matrix (
            self, w->qkv_weight + 2 * d, 3 * d, w->qkv_bias + 2 * d, square, 1),
        .out = s_matrix (self, w->out_weight, d, w->out_bias, square, 1),
        .up = s_matrix (self, w->up_weight, f, w->up_bias, up, 1),
        .down = s_matrix (self, w->down_weight, d, w->down_bias, down, 1),
        .relative_bias = w->relative_bias ? s_relative_bias (self, w->relative_bias,
                                                shape->heads * shape->window)
                                          : NULL};
}

static void
s_pack (packed_t *self, const sasrec_weights_t *weights, packer_t *packer)
{
    const sasrec_shape_t *shape = &self->shape;
    for (size_t i = 0; i < shape->blocks; i++) {
        sasrec_block_t block = sasrec_block (weights, i);
        self->blocks[i] = s_block (packer, shape, &block);
    }
    self->norm = s_norm (
        packer, sasrec_norm_gain (weights), sasrec_norm_bias (weights), shape->width);
}

packed_t *
packed_new (const sasrec_weights_t *weights, const forward_kernel_t *kernel)
{
    packed_t *self = calloc (1, sizeof *self);
    assert (self);
    self->shape = weights->shape;
    self->kernel = kernel ? kernel : forward_kernel (0);
    self->items = sasrec_items (weights);
    self->positions = sasrec_positions (weights);
    self->blocks = calloc (self->shape.blocks, sizeof *self->blocks);
    assert (self->blocks);
    packer_t packer = {.kernel = self->kernel};
    s_pack (self, weights, &packer);
    self->size = packer.used * sizeof (float);
    self->memory = aligned_alloc (64, self->size);
    assert (self->memory);
    memset (self->memory, 0, self->size);
    packer = (packer_t){.base = self->memory, .kernel = self->kernel};
    s_pack (self, weights, &packer);
    return self;
}

void
packed_destroy (packed_t **self_p)
{
    packed_t *self = *self_p;
    if (!self)
        return;
    free (self->memory);
    free (self->blocks);
    free (self);
    *self_p = NULL;
}

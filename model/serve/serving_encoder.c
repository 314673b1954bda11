/* SPDX-License-Identifier: Apache-2.0 */
#include "model/serve/serving_encoder.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "model/kernel/simd.h"

struct serving_encoder {
    sasrec_shape_t shape;
    const forward_kernel_t *kernel;
    size_t token_limit;    /* T */
    size_t sequence_limit; /* B */
    size_t ld;             /* of rows of D */
    size_t ld_inner;       /* of rows of F */
    float *memory;         /* of the rows */
    float *x;              /* T: the residual stream */
    float *normed;         /* T: LN of x */
    float *query;          /* T */
    float *key;            /* T */
    float *value;          /* T */
    float *mixed;          /* T: attention before its projection */
    float *inner;          /* T rows of F: the FFN's inside */
    float *scores;         /* of some rows of one head */
    kept_t *kept;          /* of a sequence that has no own, for one block */
};

/* The rows of one call, as all steps see them. */
typedef struct {
    serving_encoder_t *self;
    const packed_t *packed;
    const serving_sequence_t *sequences;
    size_t count; /* of sequences */
    size_t rows;
} pass_t;

/* Rows a power of two apart would share their places in the caches. */
static size_t
s_ld (size_t width)
{
    return (width + 15) / 16 * 16 + FORWARD_SLACK;
}

serving_encoder_t *
serving_encoder_new (const packed_t *packed, size_t token_limit, size_t sequence_limit)
{
    const sasrec_shape_t *shape = &packed->shape;
    serving_encoder_t *self = calloc (1, sizeof *self);
    assert (self && token_limit >= shape->window);
    self->shape = *shape;
    self->kernel = packed->kernel;
    self->token_limit = token_limit;
    self->sequence_limit = sequence_limit;
    self->ld = s_ld (shape->width);
    self->ld_inner = s_ld (shape->width * shape->ffn_factor);
    size_t rows = token_limit * self->ld, inner = token_limit * self->ld_inner;
    size_t scores = forward_scores (self->kernel, shape->window);
    size_t bytes = ((6 * rows + inner + scores) * sizeof (float) + 63) / 64 * 64;
    self->memory = aligned_alloc (64, bytes);
    assert (self->memory);
    memset (self->memory, 0, bytes);
    float **const places[] = {
        &self->x, &self->normed, &self->query, &self->key, &self->value, &self->mixed};
    for (size_t i = 0; i < sizeof places / sizeof *places; i++)
        *places[i] = self->memory + i * rows;
    self->inner = self->memory + 6 * rows;
    self->scores = self->inner + inner;
    self->kept = kept_new (packed, shape->window, true);
    return self;
}

void
serving_encoder_destroy (serving_encoder_t **self_p)
{
    if (!*self_p)
        return;
    kept_destroy (&(*self_p)->kept);
    free ((*self_p)->memory);
    free (*self_p);
    *self_p = NULL;
}

SIMD_CLONES static void
s_embed_row (
    const float *item, const float *position, size_t width, float scale, float *x)
{
#pragma omp simd
    for (size_t i = 0; i < width; i++)
        x[i] = item[i] * scale + position[i];
}

static size_t
s_before (const serving_sequence_t *sequence)
{
    return sequence->kept ? kept_count (sequence->kept) : 0;
}

static void
s_embed (const pass_t *pass)
{
    const packed_t *packed = pass->packed;
    size_t d = packed->shape.width;
    float scale = sqrtf ((float)d), *x = pass->self->x;
    for (size_t b = 0; b < pass->count; b++) {
        const serving_sequence_t *sequence = &pass->sequences[b];
        size_t position = s_before (sequence);
        for (size_t t = 0; t < sequence->count; t++, x += pass->self->ld)
            s_embed_row (packed->items + (size_t)sequence->tokens[t] * d,
                packed->positions + (position + t) * d, d, scale, x);
    }
}

static void
s_normalize (const pass_t *pass, const packed_norm_t *norm, const float *x, float *y)
{
    size_t ld = pass->self->ld;
    pass->self->kernel->normalize (&(forward_norm_t){.rows = pass->rows,
        .width = pass->packed->shape.width,
        .x = x,
        .ldx = ld,
        .gain = norm->gain,
        .bias = norm->bias,
        .y = y,
        .ldy = ld});
}

/* Of a matrix; what differs is filled in by the caller. */
static forward_product_t
s_product (const pass_t *pass, const packed_matrix_t *matrix, const float *a, float *c)
{
    size_t panel = pass->self->kernel->panel;
    return (forward_product_t){.rows = pass->rows,
        .columns = matrix->columns,
        .depth = matrix->depth,
        .a = a,
        .lda = pass->self->ld,
        .b = matrix->panels,
        .ldb = panel,
        .next_panel = panel * matrix->depth,
        .bias = matrix->bias,
        .c = c,
        .ldc = pass->self->ld};
}

static void
s_multiply (const pass_t *pass, const packed_matrix_t *matrix, const float *a, float *c)
{
    forward_product_t product = s_product (pass, matrix, a, c);
    pass->self->kernel->multiply (&product);
}

/* Attention of the last `queries` of a sequence's new positions. Its keys and values are
 * put where they are kept first. */
static void
s_attend_one (const pass_t *pass, size_t block, size_t b, size_t row,
    forward_attention_t attention)
{
    serving_encoder_t *self = pass->self;
    const serving_sequence_t *sequence = &pass->sequences[b];
    kept_t *kept = sequence->kept ? sequence->kept : self->kept;
    size_t before = s_before (sequence);
    kept_put (kept, &(kept_rows_t){.block = block,
                        .first = before,
                        .count = sequence->count,
                        .keys = self->key + row * self->ld,
                        .values = self->value + row * self->ld,
                        .ld = self->ld});
    attention.first = before + sequence->count - attention.rows;
    attention.keys = kept_keys (kept, block);
    attention.values = kept_values (kept, block);
    attention.ldv = kept_ld (kept);
    self->kernel->attend (&attention);
}

/* mixed = attention: of all new positions, or of the last one of each sequence. */
static void
s_attend (const pass_t *pass, size_t block, bool last)
{
    serving_encoder_t *self = pass->self;
    const sasrec_shape_t *shape = &self->shape;
    forward_attention_t attention = {.width = shape->width,
        .heads = shape->heads,
        .ldq = self->ld,
        .relative_bias = pass->packed->blocks[block].relative_bias,
        .window = shape->window,
        .scores = self->scores,
        .ldo = self->ld};
    size_t row = 0;
    for (size_t b = 0; b < pass->count; b++) {
        size_t query = last ? b : row;
        attention.rows = last ? 1 : pass->sequences[b].count;
        attention.query = self->query + query * self->ld;
        attention.out = self->mixed + query * self->ld;
        s_attend_one (pass, block, b, row, attention);
        row += pass->sequences[b].count;
    }
}

/* The rows of the last positions, to the front. */
static void
s_gather_last (const pass_t *pass, float *rows)
{
    size_t ld = pass->self->ld, next = 0;
    for (size_t b = 0; b < pass->count; b++) {
        next += pass->sequences[b].count;
        if (next - 1 > b)
            memcpy (rows + b * ld, rows + (next - 1) * ld,
                pass->self->shape.width * sizeof *rows);
    }
}

/* x += FFN; Post-LN has its second norm behind, Pre-LN in front. */
static void
s_feed_forward (const pass_t *pass, const packed_block_t *block)
{
    serving_encoder_t *self = pass->self;
    bool post = self->shape.post_norm;
    const float *input = post ? self->x : self->normed;
    if (!post)
        s_normalize (pass, &block->norm2, self->x, self->normed);
    forward_product_t up = s_product (pass, &block->up, input, self->inner);
    up.gelu = true;
    up.ldc = self->ld_inner;
    self->kernel->multiply (&up);
    forward_product_t down = s_product (pass, &block->down, self->inner, self->x);
    down.lda = self->ld_inner;
    down.add = true;
    self->kernel->multiply (&down);
    if (post)
        s_normalize (pass, &block->norm2, self->x, self->x);
}

/* In the last block all positions give keys and values, and only the last ones go on. */
static void
s_block (pass_t *pass, size_t index)
{
    serving_encoder_t *self = pass->self;
    const packed_block_t *block = &pass->packed->blocks[index];
    bool last = index + 1 == self->shape.blocks, post = self->shape.post_norm;
    float *input = post ? self->x : self->normed;
    if (!post)
        s_normalize (pass, &block->norm1, self->x, input);
    s_multiply (pass, &block->key, input, self->key);
    s_multiply (pass, &block->value, input, self->value);
    if (last) {
        s_gather_last (pass, self->x);
        if (!post)
            s_gather_last (pass, input);
        pass->rows = pass->count;
    }
    s_multiply (pass, &block->query, input, self->query);
    s_attend (pass, index, last);
    forward_product_t out = s_product (pass, &block->out, self->mixed, self->x);
    out.add = true;
    self->kernel->multiply (&out);
    if (post)
        s_normalize (pass, &block->norm1, self->x, self->x);
    s_feed_forward (pass, block);
}

static void
s_finish (const pass_t *pass, float *hidden)
{
    serving_encoder_t *self = pass->self;
    size_t d = self->shape.width;
    s_normalize (pass, &pass->packed->norm, self->x, self->normed);
    for (size_t b = 0; b < pass->count; b++) {
        const serving_sequence_t *sequence = &pass->sequences[b];
        memcpy (hidden + b * d, self->normed + b * self->ld, d * sizeof *hidden);
        if (sequence->kept)
            kept_set_count (sequence->kept, s_before (sequence) + sequence->count);
    }
}

void
serving_encoder_last (serving_encoder_t *self, const packed_t *packed,
    const serving_sequence_t *sequences, size_t count, float *hidden)
{
    if (count == 0)
        return;
    pass_t pass = {self, packed, sequences, count, 0};
    for (size_t b = 0; b < count; b++) {
        assert (sequences[b].count > 0 &&
                s_before (&sequences[b]) + sequences[b].count <= self->shape.window);
        if (sequences[b].kept)
            kept_reserve (
                sequences[b].kept, s_before (&sequences[b]) + sequences[b].count);
        pass.rows += sequences[b].count;
    }
    assert (count <= self->sequence_limit && pass.rows <= self->token_limit);
    assert (packed->kernel == self->kernel);
    s_embed (&pass);
    for (size_t block = 0; block < self->shape.blocks; block++)
        s_block (&pass, block);
    s_finish (&pass, hidden);
}

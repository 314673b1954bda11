/* SPDX-License-Identifier: Apache-2.0 */
#include "model/serve/serving_steps.h"

#include <math.h>
#include <string.h>

#include "model/kernel/simd.h"

#define AHEAD      8 /* items */
#define CACHE_LINE 64

SIMD_CLONES static void
s_embed_row (
    const float *item, const float *position, size_t width, float scale, float *x)
{
#pragma omp simd
    for (size_t i = 0; i < width; i++)
        x[i] = item[i] * scale + position[i];
}

size_t
serving_before (const serving_sequence_t *sequence)
{
    return sequence->kept ? kept_count (sequence->kept) : 0;
}

/* Items of a history lie anywhere in the table: those that come next are on their way. */
static void
s_fetch (const packed_t *packed, const serving_sequence_t *sequence, size_t t)
{
    size_t bytes = packed->shape.width * sizeof (float);
    if (t >= sequence->count)
        return;
    const char *row = (const char *)packed->items + (size_t)sequence->tokens[t] * bytes;
    for (size_t i = 0; i < bytes; i += CACHE_LINE)
        __builtin_prefetch (row + i);
}

void
serving_embed (const serving_pass_t *pass)
{
    const packed_t *packed = pass->packed;
    size_t d = packed->shape.width;
    float scale = sqrtf ((float)d), *x = pass->self->x;
    for (size_t b = 0; b < pass->count; b++) {
        const serving_sequence_t *sequence = &pass->sequences[b];
        size_t position = serving_before (sequence);
        for (size_t t = 0; t < sequence->count; t++, x += pass->self->ld) {
            s_fetch (packed, sequence, t + AHEAD);
            s_embed_row (packed->items + (size_t)sequence->tokens[t] * d,
                packed->positions + (position + t) * d, d, scale, x);
        }
    }
}

void
serving_normalize (
    const serving_pass_t *pass, const packed_norm_t *norm, const float *x, float *y)
{
    size_t ld = pass->self->ld;
    pass->self->kernel->normalize (&(forward_norm_t){.rows = pass->rows,
        .width = pass->packed->shape.width,
        .x = x + pass->first * ld,
        .ldx = ld,
        .gain = norm->gain,
        .bias = norm->bias,
        .y = y + pass->first * ld,
        .ldy = ld});
}

/* A place for rows, and their distance. */
typedef struct {
    float *rows;
    size_t ld;
} place_t;

typedef enum { S_SET, S_ADD, S_GELU } s_how_t;

static void
s_multiply (const serving_pass_t *pass, const packed_matrix_t *matrix, place_t a,
    place_t c, s_how_t how)
{
    pass->self->kernel->multiply (&(forward_product_t){.rows = pass->rows,
        .columns = matrix->columns,
        .depth = matrix->depth,
        .a = a.rows + pass->first * a.ld,
        .lda = a.ld,
        .b = matrix->panels,
        .ldb = pass->self->kernel->panel,
        .next_panel = matrix->next_panel,
        .bias = matrix->bias,
        .add = how == S_ADD,
        .gelu = how == S_GELU,
        .c = c.rows + pass->first * c.ld,
        .ldc = c.ld,
        .room = pass->self->rooms[pass->thread]});
}

/* What attention's projections read. */
static place_t
s_input (const serving_pass_t *pass)
{
    serving_encoder_t *self = pass->self;
    return (place_t){self->shape.post_norm ? self->x : self->normed, self->ld};
}

void
serving_keys (const serving_pass_t *pass, const packed_block_t *block)
{
    serving_encoder_t *self = pass->self;
    if (!self->shape.post_norm)
        serving_normalize (pass, &block->norm1, self->x, self->normed);
    place_t input = s_input (pass);
    s_multiply (pass, &block->key, input, (place_t){self->key, self->ld}, S_SET);
    s_multiply (pass, &block->value, input, (place_t){self->value, self->ld}, S_SET);
}

void
serving_queries (const serving_pass_t *pass, const packed_block_t *block)
{
    serving_encoder_t *self = pass->self;
    s_multiply (
        pass, &block->query, s_input (pass), (place_t){self->query, self->ld}, S_SET);
}

static kept_t *
s_kept (const serving_pass_t *pass, const serving_sequence_t *sequence)
{
    return sequence->kept ? sequence->kept : pass->self->kept;
}

void
serving_keep (const serving_pass_t *pass, size_t block, const serving_part_t *part)
{
    serving_encoder_t *self = pass->self;
    kept_put (s_kept (pass, part->sequence),
        &(kept_rows_t){.block = block,
            .first = serving_before (part->sequence) + part->offset,
            .count = part->count,
            .keys = self->key + part->row * self->ld,
            .values = self->value + part->row * self->ld,
            .ld = self->ld});
}

void
serving_attend (const serving_pass_t *pass, size_t block, const serving_part_t *part)
{
    serving_encoder_t *self = pass->self;
    const kept_t *kept = s_kept (pass, part->sequence);
    self->kernel->attend (&(forward_attention_t){.rows = part->count,
        .first = serving_before (part->sequence) + part->offset,
        .width = self->shape.width,
        .heads = self->shape.heads,
        .query = self->query + part->row * self->ld,
        .ldq = self->ld,
        .keys = kept_keys (kept, block),
        .values = kept_values (kept, block),
        .ldv = kept_ld (kept),
        .relative_bias = pass->packed->blocks[block].relative_bias,
        .window = self->shape.window,
        .scores = self->scores[pass->thread],
        .out = self->mixed + part->row * self->ld,
        .ldo = self->ld});
}

void
serving_attend_all (const serving_pass_t *pass, size_t block, bool last)
{
    size_t row = 0;
    for (size_t b = 0; b < pass->count; b++) {
        size_t count = pass->sequences[b].count;
        serving_part_t part = {&pass->sequences[b], 0, count, row};
        serving_keep (pass, block, &part);
        if (last)
            part = (serving_part_t){&pass->sequences[b], count - 1, 1, b};
        serving_attend (pass, block, &part);
        row += count;
    }
}

/* The rows of the last positions, to the front. */
static void
s_gather_last (const serving_pass_t *pass, float *rows)
{
    size_t ld = pass->self->ld, next = 0;
    for (size_t b = 0; b < pass->count; b++) {
        next += pass->sequences[b].count;
        if (next - 1 > b)
            memcpy (rows + b * ld, rows + (next - 1) * ld,
                pass->self->shape.width * sizeof *rows);
    }
}

/* From attention to the block's output. */
void
serving_go_on (const serving_pass_t *pass, const packed_block_t *block)
{
    serving_encoder_t *self = pass->self;
    place_t x = {self->x, self->ld}, mixed = {self->mixed, self->ld};
    place_t inner = {self->inner, self->ld_inner};
    s_multiply (pass, &block->out, mixed, x, S_ADD);
    if (self->shape.post_norm)
        serving_normalize (pass, &block->norm1, self->x, self->x);
    else
        serving_normalize (pass, &block->norm2, self->x, self->normed);
    s_multiply (pass, &block->up, s_input (pass), inner, S_GELU);
    s_multiply (pass, &block->down, inner, x, S_ADD);
    if (self->shape.post_norm)
        serving_normalize (pass, &block->norm2, self->x, self->x);
}

/* All positions gave keys and values; only the last ones go on. */
void
serving_go_on_with_last (serving_pass_t *pass, size_t index)
{
    serving_encoder_t *self = pass->self;
    const packed_block_t *block = &pass->packed->blocks[index];
    s_gather_last (pass, self->x);
    if (!self->shape.post_norm)
        s_gather_last (pass, self->normed);
    pass->rows = pass->count;
    serving_queries (pass, block);
    serving_attend_all (pass, index, true);
    serving_go_on (pass, block);
}

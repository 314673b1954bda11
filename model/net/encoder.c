/* Forward of the encoder: all positions for training, the last ones for serving.
 * SPDX-License-Identifier: Apache-2.0 */
#include "model/net/encoder.h"

#include <assert.h>
#include <string.h>

#include "model/net/attention.h"
#include "model/kernel/blas.h"
#include "model/net/encoder_scratch.h"

/* The rows of one call, as all steps see them. */
typedef struct {
    const sasrec_weights_t *weights;
    encoder_scratch_t *scratch;
    encoder_dropout_t dropout;
    size_t rows; /* T */
} pass_t;

static const encoder_dropout_t s_no_dropout = {0};

static const float *
s_attention_input (const pass_t *pass, const sasrec_block_t *w, encoder_kept_t *kept)
{
    const sasrec_shape_t *shape = &pass->weights->shape;
    if (shape->post_norm)
        return kept->input;
    layers_norm (kept->input, pass->rows, shape->width, w->norm1_gain, w->norm1_bias,
        kept->stats_outer, kept->normed);
    return kept->normed;
}

static attention_t
s_attention (const pass_t *pass, size_t block, const float *relative_bias,
    const encoder_kept_t *kept, size_t sequence)
{
    const layers_tokens_t *batch = &pass->scratch->batch;
    size_t d = pass->weights->shape.width, start = batch->offsets[sequence];
    const float *qkv = kept->qkv + start * 3 * d;
    return (attention_t){.length = batch->offsets[sequence + 1] - start,
        .width = d,
        .heads = pass->weights->shape.heads,
        .query = qkv,
        .key = qkv + d,
        .value = qkv + 2 * d,
        .ld = 3 * d,
        .relative_bias = relative_bias,
        .window = pass->weights->shape.window,
        .dropout = encoder_attention_dropout (pass->dropout, block, sequence),
        .scratch = pass->scratch->attention};
}

/* mixed = attention of all rows. */
static void
s_attend (const pass_t *pass, size_t block, encoder_kept_t *kept)
{
    size_t d = pass->weights->shape.width;
    sasrec_block_t w = sasrec_block (pass->weights, block);
    const float *input = s_attention_input (pass, &w, kept);
    blas_nn (pass->rows, 3 * d, d, (blas_matrix_t){input, d},
        (blas_matrix_t){w.qkv_weight, 3 * d}, 0, kept->qkv, 3 * d);
    layers_bias (kept->qkv, pass->rows, 3 * d, w.qkv_bias);
    const layers_tokens_t *batch = &pass->scratch->batch;
    for (size_t b = 0; b < batch->sequence_count; b++) {
        attention_t attention = s_attention (pass, block, w.relative_bias, kept, b);
        attention_forward (&attention, kept->mixed + batch->offsets[b] * d);
    }
}

/* From attention to the block's output, for pass->rows rows of kept->input and
 * kept->mixed. */
static void
s_finish_block (const pass_t *pass, size_t block, encoder_kept_t *kept, float *output)
{
    const sasrec_shape_t *shape = &pass->weights->shape;
    size_t d = shape->width, f = d * shape->ffn_factor, rows = pass->rows;
    bool post = shape->post_norm;
    sasrec_block_t w = sasrec_block (pass->weights, block);
    float *narrow = pass->scratch->narrow;

    blas_nn (rows, d, d, (blas_matrix_t){kept->mixed, d},
        (blas_matrix_t){w.out_weight, d}, 0, narrow, d);
    layers_residual (kept->input, narrow, w.out_bias, rows, d,
        encoder_dropout (pass->dropout, block, ENCODER_DROP_ATTENTION), kept->middle);
    layers_norm (kept->middle, rows, d, post ? w.norm1_gain : w.norm2_gain,
        post ? w.norm1_bias : w.norm2_bias, kept->stats_middle, kept->between);
    blas_nn (rows, f, d, (blas_matrix_t){kept->between, d},
        (blas_matrix_t){w.up_weight, f}, 0, kept->hidden, f);
    layers_gelu (kept->hidden, rows, f, w.up_bias,
        encoder_dropout (pass->dropout, block, ENCODER_DROP_GELU), kept->active);
    blas_nn (rows, d, f, (blas_matrix_t){kept->active, f},
        (blas_matrix_t){w.down_weight, d}, 0, narrow, d);
    layers_residual (post ? kept->between : kept->middle, narrow, w.down_bias, rows, d,
        encoder_dropout (pass->dropout, block, ENCODER_DROP_FFN),
        post ? kept->sum : output);
    if (post)
        layers_norm (
            kept->sum, rows, d, w.norm2_gain, w.norm2_bias, kept->stats_outer, output);
}

static encoder_kept_t *
s_kept (encoder_scratch_t *scratch, size_t block)
{
    return &scratch->kept[scratch->training ? block : 0];
}

/* Blocks [0, count); the residual stream ends in the input of block `count`, or in
 * scratch->output when there is none. */
static void
s_run_blocks (const pass_t *pass, size_t count)
{
    encoder_scratch_t *scratch = pass->scratch;
    size_t blocks = pass->weights->shape.blocks;
    for (size_t block = 0; block < count; block++) {
        encoder_kept_t *kept = s_kept (scratch, block);
        s_attend (pass, block, kept);
        float *output =
            block + 1 < blocks ? s_kept (scratch, block + 1)->input : scratch->output;
        s_finish_block (pass, block, kept, output);
    }
}

static void
s_begin (pass_t *pass, const int32_t *tokens, const size_t *offsets, size_t count)
{
    encoder_scratch_t *scratch = pass->scratch;
    const sasrec_shape_t *shape = &pass->weights->shape;
    assert (scratch->shape.width == shape->width &&
            scratch->shape.ffn_factor == shape->ffn_factor &&
            scratch->shape.window == shape->window &&
            scratch->shape.post_norm == shape->post_norm &&
            scratch->shape.blocks == shape->blocks);
    pass->rows = offsets[count];
    assert (count <= scratch->sequence_limit && pass->rows <= scratch->token_limit);
    scratch->batch = (layers_tokens_t){tokens, offsets, count, shape->width};
    scratch->dropout = pass->dropout;
    layers_embed (&scratch->batch, sasrec_items (pass->weights),
        sasrec_positions (pass->weights),
        encoder_dropout (pass->dropout, 0, ENCODER_DROP_EMBEDDING),
        s_kept (scratch, 0)->input);
}

float *
encoder_forward (const sasrec_weights_t *weights, encoder_scratch_t *scratch,
    const int32_t *tokens, const size_t *offsets, size_t sequence_count,
    encoder_dropout_t dropout)
{
    assert (scratch->training);
    pass_t pass = {weights, scratch, dropout, 0};
    s_begin (&pass, tokens, offsets, sequence_count);
    s_run_blocks (&pass, weights->shape.blocks);
    layers_norm (scratch->output, pass.rows, weights->shape.width,
        sasrec_norm_gain (weights), sasrec_norm_bias (weights), scratch->stats,
        scratch->final);
    return scratch->final;
}

/* Rows of the last positions only, one per sequence; to may not overlap from. */
static void
s_gather_last (const layers_tokens_t *batch, const float *from, size_t ld, float *to)
{
    for (size_t b = 0; b < batch->sequence_count; b++)
        memcpy (to + b * batch->width, from + (batch->offsets[b + 1] - 1) * ld,
            batch->width * sizeof (float));
}

/* Queries of the last positions, put where s_attention looks for them. */
static void
s_last_queries (const pass_t *pass, const sasrec_block_t *w, encoder_kept_t *kept,
    const float *input)
{
    const layers_tokens_t *batch = &pass->scratch->batch;
    size_t d = batch->width, count = batch->sequence_count;
    float *last = pass->scratch->narrow, *query = pass->scratch->output;
    s_gather_last (batch, input, d, last);
    blas_nn (count, d, d, (blas_matrix_t){last, d},
        (blas_matrix_t){w->qkv_weight, 3 * d}, 0, query, d);
    layers_bias (query, count, d, w->qkv_bias);
    for (size_t b = 0; b < count; b++)
        memcpy (kept->qkv + (batch->offsets[b + 1] - 1) * 3 * d, query + b * d,
            d * sizeof (float));
}

/* mixed = attention of the last positions, one row per sequence. */
static void
s_attend_last (const pass_t *pass, size_t block, encoder_kept_t *kept)
{
    sasrec_block_t w = sasrec_block (pass->weights, block);
    const layers_tokens_t *batch = &pass->scratch->batch;
    size_t d = batch->width;
    const float *input = s_attention_input (pass, &w, kept);
    blas_nn (pass->rows, 2 * d, d, (blas_matrix_t){input, d},
        (blas_matrix_t){w.qkv_weight + d, 3 * d}, 0, kept->qkv + d, 3 * d);
    for (size_t t = 0; t < pass->rows; t++)
        layers_bias (kept->qkv + t * 3 * d + d, 1, 2 * d, w.qkv_bias + d);
    s_last_queries (pass, &w, kept, input);
    for (size_t b = 0; b < batch->sequence_count; b++) {
        attention_t attention = s_attention (pass, block, w.relative_bias, kept, b);
        attention.first_query = attention.length - 1;
        attention.query += attention.first_query * attention.ld;
        attention_forward (&attention, kept->mixed + b * d);
    }
}

void
encoder_last (const sasrec_weights_t *weights, encoder_scratch_t *scratch,
    const int32_t *tokens, const size_t *offsets, size_t sequence_count, float *hidden)
{
    if (sequence_count == 0)
        return;
    pass_t pass = {weights, scratch, s_no_dropout, 0};
    s_begin (&pass, tokens, offsets, sequence_count);
    size_t last = weights->shape.blocks - 1, d = weights->shape.width;
    s_run_blocks (&pass, last);
    encoder_kept_t *kept = s_kept (scratch, last);
    s_attend_last (&pass, last, kept);
    s_gather_last (&scratch->batch, kept->input, d, scratch->output);
    memcpy (kept->input, scratch->output, sequence_count * d * sizeof (float));
    pass.rows = sequence_count;
    s_finish_block (&pass, last, kept, scratch->output);
    layers_norm (scratch->output, sequence_count, d, sasrec_norm_gain (weights),
        sasrec_norm_bias (weights), scratch->stats, hidden);
}

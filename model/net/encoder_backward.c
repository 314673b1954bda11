/* Backward of the encoder, block by block from the last.
 * SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <stddef.h>

#include "model/net/attention.h"
#include "model/kernel/blas.h"
#include "model/net/encoder_scratch.h"

typedef struct {
    const sasrec_shape_t *shape;
    encoder_scratch_t *scratch;
    const encoder_kept_t *kept;
    sasrec_block_t w; /* weights */
    sasrec_block_t g; /* gradients */
    size_t block;
    size_t rows; /* T */
} step_t;

/* y = x W + b with dy given: dW += x^T dy, db += columns of dy. */
static void
s_linear_parameters (size_t rows, size_t in, size_t out, const float *x,
    const float *dy, float *dweight, float *dbias)
{
    blas_tn (in, out, rows, (blas_matrix_t){x, in}, (blas_matrix_t){dy, out}, 1,
        dweight, out);
    layers_bias_backward (dy, rows, out, dbias);
}

/* dx = keep * dx + dy W^T. */
static void
s_linear_input (size_t rows, size_t in, size_t out, const float *dy,
    const float *weight, float keep, float *dx)
{
    blas_nt (rows, in, out, (blas_matrix_t){dy, out}, (blas_matrix_t){weight, out},
        keep, dx, in);
}

/* Gradient of the block's output in dx becomes that of kept->middle. */
static void
s_ffn (const step_t *step)
{
    encoder_scratch_t *scratch = step->scratch;
    const encoder_kept_t *kept = step->kept;
    size_t rows = step->rows, d = step->shape->width, f = d * step->shape->ffn_factor;
    bool post = step->shape->post_norm;
    float *dx = scratch->dx, *dy = scratch->narrow, *dhidden = scratch->dwide;
    if (post)
        layers_norm_backward (kept->sum, kept->stats_outer, dx, rows, d,
            step->w.norm2_gain, 0, dx, step->g.norm2_gain, step->g.norm2_bias);
    layers_residual_backward (dx, rows, d,
        encoder_dropout (scratch->dropout, step->block, ENCODER_DROP_FFN), dy);
    s_linear_parameters (
        rows, f, d, kept->active, dy, step->g.down_weight, step->g.down_bias);
    s_linear_input (rows, f, d, dy, step->w.down_weight, 0, dhidden);
    layers_gelu_backward (kept->hidden, rows, f,
        encoder_dropout (scratch->dropout, step->block, ENCODER_DROP_GELU), dhidden);
    s_linear_parameters (
        rows, d, f, kept->between, dhidden, step->g.up_weight, step->g.up_bias);
    if (post) {
        s_linear_input (rows, d, f, dhidden, step->w.up_weight, 1, dx);
        layers_norm_backward (kept->middle, kept->stats_middle, dx, rows, d,
            step->w.norm1_gain, 0, dx, step->g.norm1_gain, step->g.norm1_bias);
    } else {
        s_linear_input (rows, d, f, dhidden, step->w.up_weight, 0, dy);
        layers_norm_backward (kept->middle, kept->stats_middle, dy, rows, d,
            step->w.norm2_gain, 1, dx, step->g.norm2_gain, step->g.norm2_bias);
    }
}

/* dqkv from the gradient of kept->mixed. */
static void
s_attention (const step_t *step, const float *dmixed, float *dqkv)
{
    const layers_tokens_t *batch = &step->scratch->batch;
    size_t d = step->shape->width;
    for (size_t b = 0; b < batch->sequence_count; b++) {
        size_t start = batch->offsets[b], at = start * 3 * d;
        const float *qkv = step->kept->qkv + at;
        attention_t attention = {.length = batch->offsets[b + 1] - start,
            .width = d,
            .heads = step->shape->heads,
            .query = qkv,
            .key = qkv + d,
            .value = qkv + 2 * d,
            .ld = 3 * d,
            .relative_bias = step->w.relative_bias,
            .window = step->shape->window,
            .dropout =
                encoder_attention_dropout (step->scratch->dropout, step->block, b),
            .scratch = step->scratch->attention};
        attention_backward (&attention, dmixed + start * d, dqkv + at, dqkv + at + d,
            dqkv + at + 2 * d, step->g.relative_bias);
    }
}

/* Gradient of kept->middle in dx becomes that of kept->input. */
static void
s_attention_sublayer (const step_t *step)
{
    encoder_scratch_t *scratch = step->scratch;
    const encoder_kept_t *kept = step->kept;
    size_t rows = step->rows, d = step->shape->width;
    bool post = step->shape->post_norm;
    float *dx = scratch->dx, *narrow = scratch->narrow, *dqkv = scratch->dwide;
    float *dmixed = scratch->final; /* no longer needed */
    layers_residual_backward (dx, rows, d,
        encoder_dropout (scratch->dropout, step->block, ENCODER_DROP_ATTENTION),
        narrow);
    s_linear_parameters (
        rows, d, d, kept->mixed, narrow, step->g.out_weight, step->g.out_bias);
    s_linear_input (rows, d, d, narrow, step->w.out_weight, 0, dmixed);
    s_attention (step, dmixed, dqkv);
    s_linear_parameters (rows, d, 3 * d, post ? kept->input : kept->normed, dqkv,
        step->g.qkv_weight, step->g.qkv_bias);
    if (post) {
        s_linear_input (rows, d, 3 * d, dqkv, step->w.qkv_weight, 1, dx);
    } else {
        s_linear_input (rows, d, 3 * d, dqkv, step->w.qkv_weight, 0, narrow);
        layers_norm_backward (kept->input, kept->stats_outer, narrow, rows, d,
            step->w.norm1_gain, 1, dx, step->g.norm1_gain, step->g.norm1_bias);
    }
}

void
encoder_backward (const sasrec_weights_t *weights, encoder_scratch_t *scratch,
    const float *dhidden, sasrec_weights_t *gradients)
{
    assert (scratch->training);
    const sasrec_shape_t *shape = &weights->shape;
    size_t rows = scratch->batch.offsets[scratch->batch.sequence_count];
    layers_norm_backward (scratch->output, scratch->stats, dhidden, rows, shape->width,
        sasrec_norm_gain (weights), 0, scratch->dx, sasrec_norm_gain (gradients),
        sasrec_norm_bias (gradients));
    for (size_t block = shape->blocks; block-- > 0;) {
        step_t step = {shape, scratch, &scratch->kept[block],
            sasrec_block (weights, block), sasrec_block (gradients, block), block,
            rows};
        s_ffn (&step);
        s_attention_sublayer (&step);
    }
    layers_embed_backward (&scratch->batch, scratch->dx,
        encoder_dropout (scratch->dropout, 0, ENCODER_DROP_EMBEDDING),
        sasrec_items (gradients), sasrec_positions (gradients));
}

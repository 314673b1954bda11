/* The shape of a SASRec network and its weights (Kang & McAuley 2018, with choices).
 * Letters everywhere in model/: B batch (users), T tokens (packed, no padding), L window,
 * D width, H heads, F = D x ffn factor, V items.
 *
 *   x = sqrt(D) * item[i] + position[p]      p counts from the oldest kept item
 *   each block, Pre-LN:  x += Wo attention (LN1 x);  x += W2 gelu (W1 LN2 x)
 *               Post-LN: x = LN1 (x + ...);          x = LN2 (x + ...)
 *   h = LNf x;  score of item j = h . item[j] (tied)
 * Attention: softmax over earlier positions j of (q_i . k_j / sqrt (D/H) + bias[h][i - j]);
 * the bias (T5's, Raffel et al. 2020, without buckets) is there with relative_bias.
 *
 * Weights are stored input-major (rows = inputs), so that every product is NN.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_MODEL_NET_SASREC_H
#define SASREC_MODEL_NET_SASREC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct {
    size_t items; /* V, 1 to 2^31 - 1 */
    size_t width; /* D */
    size_t blocks;
    size_t heads;      /* divides D */
    size_t window;     /* L */
    size_t ffn_factor; /* F / D */
    bool post_norm;
    bool relative_bias; /* attention scores get a learned bias by head and distance */
} sasrec_shape_t;

/* All weights in one block of floats; tensors are named views into it. */
typedef struct {
    sasrec_shape_t shape;
    size_t count;  /* floats in the block */
    float *values; /* 64-byte aligned */
    bool owned;
    void *region;       /* of memory that is mapped, around values; NULL = none */
    size_t region_size; /* bytes */
} sasrec_weights_t;

typedef struct {
    char name[48]; /* "item", "position", "block.0.attention.qkv.weight", ... */
    size_t rows;   /* 1 for vectors */
    size_t columns;
    float *values; /* rows x columns, row-major */
} sasrec_tensor_t;

/* 0, or -1 with error naming the member out of range. */
int sasrec_shape_check (const sasrec_shape_t *shape, char error[160]);

sasrec_weights_t *sasrec_weights_new (const sasrec_shape_t *shape); /* zeros */
void sasrec_weights_destroy (sasrec_weights_t **self_p);

/* The items are those in the file, from this multiple of 64 bytes on: pages of the file,
 * shared with all who map it, until they are written to. The other tensors are zeros. The
 * file must stay as it is (it may be removed). NULL when it cannot be mapped. */
sasrec_weights_t *sasrec_weights_map (
    const sasrec_shape_t *shape, int file, size_t offset);

/* Gives memory of mapped items, from first up to end, back to the system until they are
 * looked at again. None of them may have been written to; others may read them meanwhile. */
void sasrec_weights_rest (const sasrec_weights_t *self, size_t first, size_t end);

/* Where all are looked at: the items from first up to end are, before they rest. False: first
 * is behind the last one. */
bool sasrec_weights_part (const sasrec_weights_t *self, size_t first, size_t *end);

/* Tensor 0 is "item" (V x D), 1 is "position" (L x D). index < sasrec_tensor_count.
 * Each starts on 64 bytes; the gaps between them are zero and stay so. */
size_t sasrec_tensor_count (const sasrec_shape_t *shape);
sasrec_tensor_t sasrec_tensor (const sasrec_weights_t *self, size_t index);

/* The same tensors for the arithmetic, without names. */
typedef struct {
    float *norm1_gain,
        *norm1_bias; /* D: before attention (Pre-LN) or after it (Post-LN) */
    float *qkv_weight, *qkv_bias;   /* D x 3D, 3D: query, key, value side by side */
    float *out_weight, *out_bias;   /* D x D, D */
    float *norm2_gain, *norm2_bias; /* D: before or after the FFN */
    float *up_weight, *up_bias;     /* D x F, F */
    float *down_weight, *down_bias; /* F x D, D */
    float *relative_bias;           /* H x L, or NULL; see model/net/attention.h */
} sasrec_block_t;

float *sasrec_items (const sasrec_weights_t *self);
float *sasrec_positions (const sasrec_weights_t *self);
sasrec_block_t sasrec_block (const sasrec_weights_t *self, size_t block);
float *sasrec_norm_gain (const sasrec_weights_t *self); /* LNf */
float *sasrec_norm_bias (const sasrec_weights_t *self);

#endif

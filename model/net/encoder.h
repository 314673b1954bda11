/* The packed causal encoder. Sequences lie one after another in one token buffer:
 * sequence b owns tokens[offsets[b]..offsets[b+1]), oldest first, 1 to L of them, as
 * dense item indexes. Training and serving share the layers (model/net/layers.h); scratch is
 * sized once and passed in, nothing is allocated here.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_MODEL_NET_ENCODER_H
#define SASREC_MODEL_NET_ENCODER_H

#include "model/net/layers.h"
#include "model/net/sasrec.h"

typedef struct encoder_scratch encoder_scratch_t;

/* Rates 0: off. */
typedef struct {
    float rate;           /* of embeddings, the FFN's inside, both residuals */
    float attention_rate; /* of attention's probabilities */
    uint64_t key;         /* another one for each step */
} encoder_dropout_t;

/* Room for T = token_limit tokens in at most sequence_limit sequences; training also
 * keeps what backward needs. */
encoder_scratch_t *encoder_scratch_new (const sasrec_shape_t *shape, size_t token_limit,
    size_t sequence_limit, bool training);
void encoder_scratch_destroy (encoder_scratch_t **self_p);

/* Serving: hidden (sequence_count x D) of the last position of each sequence, after the
 * final LayerNorm. The last block computes queries and FFN for the last positions only.
 * No dropout. */
void encoder_last (const sasrec_weights_t *weights, encoder_scratch_t *scratch,
    const int32_t *tokens, const size_t *offsets, size_t sequence_count, float *hidden);

/* Training: hidden states (T x D, in the scratch) of all positions. The scratch must be a
 * training one; tokens and offsets must stay until backward is done. */
float *encoder_forward (const sasrec_weights_t *weights, encoder_scratch_t *scratch,
    const int32_t *tokens, const size_t *offsets, size_t sequence_count,
    encoder_dropout_t dropout);

/* After encoder_forward with the same weights: adds the gradients of the loss to
 * gradients (same shape), given dhidden (T x D). */
void encoder_backward (const sasrec_weights_t *weights, encoder_scratch_t *scratch,
    const float *dhidden, sasrec_weights_t *gradients);

#endif

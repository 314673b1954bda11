/* What the encoder keeps between its passes; private to model/encoder*.c.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_MODEL_NET_ENCODER_SCRATCH_H
#define SASREC_MODEL_NET_ENCODER_SCRATCH_H

#include "model/net/encoder.h"

/* Values of one block that backward reads. T rows each. */
typedef struct {
    float *input;        /* D: residual stream that comes in */
    float *normed;       /* D: Pre-LN only, LN1 of input */
    float *qkv;          /* 3D */
    float *mixed;        /* D: attention output before its projection */
    float *middle;       /* D: input + attention */
    float *between;      /* D: LN of middle, input of the FFN */
    float *hidden;       /* F: before GELU */
    float *active;       /* F: after GELU and dropout */
    float *sum;          /* D: Post-LN only, before the block's last LN */
    float *stats_outer;  /* 2: of LN1 (Pre-LN) or LN2 (Post-LN) */
    float *stats_middle; /* 2: of the LN between attention and FFN */
} encoder_kept_t;

struct encoder_scratch {
    sasrec_shape_t shape;
    size_t token_limit;
    size_t sequence_limit;
    bool training;
    float *memory;             /* all of the below in one piece */
    encoder_kept_t *kept;      /* training: one per block; serving: one for all */
    float *output;             /* T x D: residual stream after the last block */
    float *stats;              /* T x 2: of LNf */
    float *final;              /* T x D: LNf of output */
    float *narrow;             /* T x D, for the moment */
    float *dx;                 /* T x D, training: gradient of the residual stream */
    float *dwide;              /* T x max (3D, F), training */
    float *attention;          /* attention_scratch_floats */
    layers_tokens_t batch;     /* of the last forward */
    encoder_dropout_t dropout; /* of the last forward */
};

/* Places that have a dropout of their own. */
enum {
    ENCODER_DROP_EMBEDDING,
    ENCODER_DROP_ATTENTION,
    ENCODER_DROP_GELU,
    ENCODER_DROP_FFN,
    ENCODER_DROP_PLACES
};
dropout_t encoder_dropout (encoder_dropout_t dropout, size_t block, unsigned place);

/* Of a sequence's probabilities. */
dropout_t encoder_attention_dropout (
    encoder_dropout_t dropout, size_t block, size_t sequence);

#endif

/* The steps of the serving encoder, on rows of its scratch; private to model/serve/serving_*.c.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_MODEL_SERVE_SERVING_STEPS_H
#define SASREC_MODEL_SERVE_SERVING_STEPS_H

#include "model/kernel/assist.h"
#include "model/serve/serving_encoder.h"

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
    float *scores[2];      /* of some rows of one head, by thread */
    void *rooms[2];        /* for products, by thread; NULL: they need none */
    assist_t *assist;      /* NULL until it is called for */
    kept_t *kept;          /* of a sequence that has no own, passing */
};

/* Rows of one call, as all steps see them. */
typedef struct {
    serving_encoder_t *self;
    const packed_t *packed;
    const serving_sequence_t *sequences;
    size_t count; /* of sequences */
    size_t first, rows;
    size_t thread; /* 0 or 1 */
} serving_pass_t;

/* Items of the sequence that were kept before. */
size_t serving_before (const serving_sequence_t *sequence);

/* x of all new positions. */
void serving_embed (const serving_pass_t *pass);

void serving_normalize (
    const serving_pass_t *pass, const packed_norm_t *norm, const float *x, float *y);

/* Key and value; query: of the rows, from x. */
void serving_keys (const serving_pass_t *pass, const packed_block_t *block);
void serving_queries (const serving_pass_t *pass, const packed_block_t *block);

/* So many of a sequence's new positions, from offset on; row is the first one's. */
typedef struct {
    const serving_sequence_t *sequence;
    size_t offset, count, row;
} serving_part_t;

/* Keys and values where they are kept; mixed = attention. */
void serving_keep (
    const serving_pass_t *pass, size_t block, const serving_part_t *part);
void serving_attend (
    const serving_pass_t *pass, size_t block, const serving_part_t *part);

/* Both for all sequences, one after the other: those that are not kept use the same place.
 * Of all new positions, or of the last ones, whose rows are the first. */
void serving_attend_all (const serving_pass_t *pass, size_t block, bool last);

/* From attention to the block's output, x. */
void serving_go_on (const serving_pass_t *pass, const packed_block_t *block);

/* From the keys of the last block to its output: only the last positions go on, and become
 * the first rows. */
void serving_go_on_with_last (serving_pass_t *pass, size_t block);

#endif

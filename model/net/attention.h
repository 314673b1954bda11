/* Causal softmax attention of one sequence, one head at a time, rows in blocks so that
 * only the keys a block can see are multiplied. Backward computes the probabilities again
 * instead of keeping n x n floats per head. SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_MODEL_NET_ATTENTION_H
#define SASREC_MODEL_NET_ATTENTION_H

#include <stddef.h>

#include "model/kernel/dropout.h"

#define ATTENTION_ROWS 64 /* queries at a time */

typedef struct {
    size_t length;      /* n, tokens of the sequence */
    size_t width;       /* D */
    size_t heads;       /* H */
    const float *query; /* rows of ld floats; the first is at position first_query */
    const float *key;   /* n rows of ld floats */
    const float *value;
    size_t ld;
    size_t first_query; /* 0 in training; n - 1 when only the last row is wanted */
    const float *relative_bias; /* H x window, added to the scores, or NULL. A key that
                                   lies d positions back meets column window - 1 - d:
                                   a row of keys, oldest first, meets a run of columns */
    size_t window;
    dropout_t dropout; /* of the probabilities; another key for each sequence */
    float *scratch;    /* attention_scratch_floats */
} attention_t;

/* Enough for sequences up to window tokens, forward and backward. */
size_t attention_scratch_floats (size_t window);

/* out: (length - first_query) rows of D. */
void attention_forward (const attention_t *self, float *out);

/* dout: length rows of D (first_query must be 0); writes dquery, dkey and dvalue, rows of
 * ld floats like query, key and value; adds to drelative_bias (NULL without one). */
void attention_backward (const attention_t *self, const float *dout, float *dquery,
    float *dkey, float *dvalue, float *drelative_bias);

#endif

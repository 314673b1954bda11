/* The encoder as serving runs it: packed weights, kernels of the CPU, the last position of
 * each history only, and nothing twice of what is kept of a history. Its hidden vectors are
 * those of encoder_last (model/net/encoder.h) up to rounding, and do not depend on the
 * batch, nor on what was kept: not by a bit. SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_MODEL_SERVE_SERVING_ENCODER_H
#define SASREC_MODEL_SERVE_SERVING_ENCODER_H

#include <stdbool.h>
#include <stdint.h>

#include "model/serve/kept.h"

typedef struct serving_encoder serving_encoder_t; /* a scratch, of one thread */

/* Fits all networks of this one's shape, with the same kernel. */
serving_encoder_t *serving_encoder_new (
    const packed_t *packed, size_t token_limit, size_t sequence_limit);
void serving_encoder_destroy (serving_encoder_t **self_p);

typedef struct {
    const int32_t *tokens; /* dense item indexes, oldest first: those after kept's */
    size_t count;          /* at least 1; with kept's at most L */
    kept_t *kept;          /* gets them, too; NULL: none, and nothing is kept */
} serving_sequence_t;

/* hidden: count x D. The tokens of all sequences are at most the token limit. idle: there is
 * a core that nobody uses; a single sequence that is long enough is then computed on two. */
void serving_encoder_last (serving_encoder_t *self, const packed_t *packed,
    const serving_sequence_t *sequences, size_t count, bool idle, float *hidden);

#endif

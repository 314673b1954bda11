/* The weights of a network's blocks in the order the kernels of the forward pass read
 * them. Made when a model is loaded, immutable from then on.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_MODEL_SERVE_PACKED_H
#define SASREC_MODEL_SERVE_PACKED_H

#include "model/kernel/forward.h"
#include "model/net/sasrec.h"

typedef struct {
    size_t depth, columns;
    const float *panels; /* see model/kernel/forward.h */
    size_t next_panel;
    const float *bias; /* columns and slack */
} packed_matrix_t;

typedef struct {
    const float *gain, *bias; /* D and slack */
} packed_norm_t;

typedef struct {
    packed_norm_t norm1, norm2;
    packed_matrix_t query; /* its results are divided by sqrt (D / H) */
    packed_matrix_t key, value, out, up, down;
    const float *relative_bias; /* H x L, FORWARD_ROWS and slack, or NULL */
} packed_block_t;

typedef struct {
    sasrec_shape_t shape;
    const forward_kernel_t *kernel;
    const float *items, *positions; /* V x D, L x D: borrowed of the weights */
    packed_block_t *blocks;
    packed_norm_t norm; /* LNf */
    float *memory;      /* of all that is packed */
    size_t size;        /* its bytes */
} packed_t;

/* Borrows items and positions of the weights. kernel: NULL for the fastest with weights in
 * f32. */
packed_t *packed_new (const sasrec_weights_t *weights, const forward_kernel_t *kernel);
void packed_destroy (packed_t **self_p);

#endif

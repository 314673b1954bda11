/* The steps of a forward pass for serving, over rows of floats: products with packed
 * matrices, LayerNorm, causal attention over kept keys and values. Each number of a row is
 * computed by the same operations in the same order whatever other rows there are, so a
 * row's bits do not depend on its batch, nor on which of its keys were kept earlier. CPUs
 * round differently, about 1e-6.
 *
 * A packed matrix (depth x columns) lies in panels of so many columns as the kernel says,
 * each depth x panel, the last one filled up with zeros. Rows are written in whole vectors:
 * FORWARD_SLACK floats behind each may be overwritten, and read whatever they are.
 *
 * A kernel with weights in bf16 (the upper half of a float) rounds the rows that it
 * multiplies by them, too; sums, and all else, are floats. Its packed weights lie in panels
 * of FORWARD_BF16_COLUMNS columns, two rows side by side: row i, column j of a panel is
 * number (i / 2 * columns + j) * 2 + i % 2; the depth is filled up to a multiple of
 * FORWARD_BF16_DEPTH with zeros.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_MODEL_KERNEL_FORWARD_H
#define SASREC_MODEL_KERNEL_FORWARD_H

#include <stdbool.h>
#include <stddef.h>

#define FORWARD_SLACK 16
#define FORWARD_ROWS  6 /* that are multiplied together */

#define FORWARD_BF16_COLUMNS 16
#define FORWARD_BF16_DEPTH   32

/* c = a b + bias, after it gelu; or c += a b + bias. */
typedef struct {
    size_t rows, columns, depth;
    const float *a; /* rows of lda floats */
    size_t lda;
    const float *b; /* the first panel; its rows have ldb floats */
    size_t ldb;
    size_t next_panel; /* floats, or pairs in bf16, from one panel to the next */
    const float *bias; /* columns and slack, or NULL */
    size_t bias_back;  /* a row's bias begins so many before the last row's; f32 only */
    bool add;
    bool gelu; /* the tanh form (model/net/layers.h) */
    float *c;  /* rows of ldc floats */
    size_t ldc;
    void *room; /* forward_room (kernel, depth) bytes, on 64; NULL where that is 0 */
} forward_product_t;

/* y = (x - mean) / sqrt (variance + 1e-6) * gain + bias, per row; y may be x. */
typedef struct {
    size_t rows, width;
    const float *x;
    size_t ldx;
    const float *gain, *bias; /* width and slack */
    float *y;
    size_t ldy;
} forward_norm_t;

/* Queries of consecutive positions, the first one at `first`; each sees the keys up to its
 * own position. Keys lie packed: a matrix of width x positions. */
typedef struct {
    size_t rows, first;
    size_t width, heads;
    const float *query; /* rows of ldq floats, divided by sqrt (width / heads) */
    size_t ldq;
    const float *keys;
    const float *values; /* a row of ldv floats by position */
    size_t ldv;
    /* heads x window, FORWARD_ROWS and slack, as in model/net/attention.h, or NULL */
    const float *relative_bias;
    size_t window;
    float *scores; /* forward_scores (kernel, window) floats */
    float *out;    /* rows of ldo floats */
    size_t ldo;
} forward_attention_t;

typedef struct {
    const char *name; /* "avx512", "avx2", "portable"; "amx", "avx512_bf16" */
    size_t panel;     /* columns */
    bool bf16;        /* the weights that multiply takes */
    size_t rows;      /* that multiply takes together */
    /* Around products of a thread, where they are not NULL. */
    void (*begin) (void);
    void (*end) (void);
    void (*multiply) (const forward_product_t *product);
    void (*normalize) (const forward_norm_t *norm);
    void (*attend) (const forward_attention_t *attention);
    /* So many rows of ld floats, the first so many columns of each, become as many rows of
     * a panel: packed, from a multiple of that many columns on. 1, NULL: by hand. */
    size_t turned;
    void (*turn) (const float *rows, size_t ld, float *panel);
} forward_kernel_t;

/* What this CPU can run, the fastest first; the portable one is always the last. NULL from
 * index on when there are no more. */
const forward_kernel_t *forward_kernel (size_t index);

/* Those with weights in bf16 that the CPU can run and the system lets us use. NULL from
 * index on when there are no more. */
const forward_kernel_t *forward_bf16_kernel (size_t index);

/* The first of them whose products take this much less time than the fastest floats'
 * (measured once, in 0.1 ms); NULL: none. */
#define FORWARD_BF16_PAYS 1.25
const forward_kernel_t *forward_bf16_best (void);

/* The distance of score rows, and floats for FORWARD_ROWS of them. */
size_t forward_scores_ld (const forward_kernel_t *kernel, size_t window);
size_t forward_scores (const forward_kernel_t *kernel, size_t window);

/* Bytes for a product of such a depth, or of a smaller one. */
size_t forward_room (const forward_kernel_t *kernel, size_t depth);

#endif

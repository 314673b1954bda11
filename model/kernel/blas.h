/* OpenBLAS, one thread per caller: our own threads split the work. Every
 * product of the program goes through here. Matrices are
 * row-major, ld is the distance between rows, in floats.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_MODEL_KERNEL_BLAS_H
#define SASREC_MODEL_KERNEL_BLAS_H

#include <stdbool.h>
#include <stddef.h>

/* The first product does it too; again is harmless. Warns when the library found is
 * slower than it needs to be. */
void blas_setup (void);

/* False for a library without locks (libopenblas-serial-dev): products of several threads
 * then wait for each other. libopenblas-pthread-dev is the one to build with. */
bool blas_concurrent (void);

typedef struct {
    const float *values;
    size_t ld;
} blas_matrix_t;

/* C (m x n) = keep * C + A B; keep is 0 or 1. nn: A is m x k, B is k x n. nt: B is
 * n x k. tn: A is k x m. */
void blas_nn (size_t m, size_t n, size_t k, blas_matrix_t a, blas_matrix_t b,
    float keep, float *c, size_t ldc);
void blas_nt (size_t m, size_t n, size_t k, blas_matrix_t a, blas_matrix_t b,
    float keep, float *c, size_t ldc);
void blas_tn (size_t m, size_t n, size_t k, blas_matrix_t a, blas_matrix_t b,
    float keep, float *c, size_t ldc);

#endif

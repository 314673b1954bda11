/* OpenBLAS behind three products. SPDX-License-Identifier: Apache-2.0 */
#include "model/kernel/blas.h"

#include <assert.h>
#include <cblas.h>
#include <limits.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "model/kernel/blas_core.h"

/* A library built without threads has no locks either: two callers at once corrupt each
 * other's packed panels (seen with Debian's serial one). Then products run one at a
 * time. */
static pthread_mutex_t s_serial = PTHREAD_MUTEX_INITIALIZER;

/* Before OpenBLAS' constructor (where it is linked in), which would start threads that
 * nobody uses and that spin for a tenth of a second. */
__attribute__ ((constructor (101))) static void
s_start_no_threads (void)
{
    setenv ("OPENBLAS_NUM_THREADS", "1", 1);
}

static void
s_warn (void)
{
    if (blas_core_held_back ())
        log_warn ("blas.held_back", log_str ("core", blas_core ()),
            log_str (
                "hint", getenv ("OPENBLAS_CORETYPE")
                            ? "unset OPENBLAS_CORETYPE: this CPU has faster kernels"
                            : "set OPENBLAS_CORETYPE: this CPU is unknown to it"));
    if (!blas_concurrent ())
        log_warn ("blas.serial",
            log_str ("hint", "this OpenBLAS has no locks, products run one at a time: "
                             "build with libopenblas-pthread-dev"));
}

static void
s_setup (void)
{
    openblas_set_num_threads (1);
    log_debug ("blas.ready", log_str ("core", blas_core ()),
        log_bool ("concurrent", blas_concurrent ()));
    s_warn ();
}

void
blas_setup (void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once (&once, s_setup);
}

static blasint
s_int (size_t value)
{
    assert (value <= INT_MAX);
    return (blasint)value;
}

static void
s_product (CBLAS_TRANSPOSE ta, CBLAS_TRANSPOSE tb, size_t m, size_t n, size_t k,
    blas_matrix_t a, blas_matrix_t b, float keep, float *c, size_t ldc)
{
    if (m == 0 || n == 0)
        return;
    blas_setup ();
    bool alone = !blas_concurrent ();
    if (alone)
        pthread_mutex_lock (&s_serial);
    cblas_sgemm (CblasRowMajor, ta, tb, s_int (m), s_int (n), s_int (k), 1.0f, a.values,
        s_int (a.ld), b.values, s_int (b.ld), keep, c, s_int (ldc));
    if (alone)
        pthread_mutex_unlock (&s_serial);
}

void
blas_nn (size_t m, size_t n, size_t k, blas_matrix_t a, blas_matrix_t b, float keep,
    float *c, size_t ldc)
{
    s_product (CblasNoTrans, CblasNoTrans, m, n, k, a, b, keep, c, ldc);
}

void
blas_nt (size_t m, size_t n, size_t k, blas_matrix_t a, blas_matrix_t b, float keep,
    float *c, size_t ldc)
{
    s_product (CblasNoTrans, CblasTrans, m, n, k, a, b, keep, c, ldc);
}

void
blas_tn (size_t m, size_t n, size_t k, blas_matrix_t a, blas_matrix_t b, float keep,
    float *c, size_t ldc)
{
    s_product (CblasTrans, CblasNoTrans, m, n, k, a, b, keep, c, ldc);
}

bool
blas_concurrent (void)
{
    return openblas_get_parallel () != 0;
}

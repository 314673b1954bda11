/* Products from several threads at once are right. SPDX-License-Identifier: Apache-2.0 */
#include "model/kernel/blas.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "tests/unit/model_samples.h"

#define THREADS 3
#define ROUNDS  400
#define SIDE    160 /* large enough for the path that packs into shared buffers */

typedef struct {
    size_t m, n, k;
    float *a, *b, *c, *first;
    size_t wrong;
} job_t;

static void *
s_multiply (void *args)
{
    job_t *job = args;
    for (size_t i = 0; i < ROUNDS; i++) {
        blas_nn (job->m, job->n, job->k, (blas_matrix_t){job->a, job->k},
            (blas_matrix_t){job->b, job->n}, 0, job->c, job->n);
        size_t bytes = job->m * job->n * sizeof (float);
        if (i == 0)
            memcpy (job->first, job->c, bytes);
        job->wrong += memcmp (job->first, job->c, bytes) ? 1 : 0;
    }
    return NULL;
}

static void
test_threads_do_not_disturb_each_other (void **state)
{
    (void)state;
    job_t jobs[THREADS];
    pthread_t threads[THREADS];
    for (size_t i = 0; i < THREADS; i++) {
        uint64_t seed = i;
        jobs[i] = (job_t){.m = SIDE - i, .n = SIDE - 40 + 16 * i, .k = 100 + i};
        float **all[4] = {&jobs[i].a, &jobs[i].b, &jobs[i].c, &jobs[i].first};
        for (size_t j = 0; j < 4; j++) {
            *all[j] = calloc (SIDE * SIDE, sizeof (float));
            sample_fill (*all[j], SIDE * SIDE, 1, &seed);
        }
    }
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal (pthread_create (&threads[i], NULL, s_multiply, &jobs[i]), 0);
    for (size_t i = 0; i < THREADS; i++) {
        pthread_join (threads[i], NULL);
        assert_int_equal (jobs[i].wrong, 0);
        free (jobs[i].a);
        free (jobs[i].b);
        free (jobs[i].c);
        free (jobs[i].first);
    }
}

static void
test_transposes (void **state)
{
    (void)state;
    /* A = [1 2; 3 4; 5 6], B = [1 0 2; 0 1 3] */
    const float a[6] = {1, 2, 3, 4, 5, 6}, a_t[6] = {1, 3, 5, 2, 4, 6};
    const float b[6] = {1, 0, 2, 0, 1, 3}, b_t[6] = {1, 0, 0, 1, 2, 3};
    const float want[9] = {1, 2, 8, 3, 4, 18, 5, 6, 28};
    float c[9] = {0};
    blas_nn (3, 3, 2, (blas_matrix_t){a, 2}, (blas_matrix_t){b, 3}, 0, c, 3);
    assert_memory_equal (c, want, sizeof (c));
    blas_nt (3, 3, 2, (blas_matrix_t){a, 2}, (blas_matrix_t){b_t, 2}, 0, c, 3);
    assert_memory_equal (c, want, sizeof (c));
    blas_tn (3, 3, 2, (blas_matrix_t){a_t, 3}, (blas_matrix_t){b, 3}, 0, c, 3);
    assert_memory_equal (c, want, sizeof (c));
    blas_tn (3, 3, 2, (blas_matrix_t){a_t, 3}, (blas_matrix_t){b, 3}, 1, c, 3);
    assert_true (c[8] == 56 && c[0] == 2);
}

int
main (void)
{
    blas_setup ();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_threads_do_not_disturb_each_other),
        cmocka_unit_test (test_transposes),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

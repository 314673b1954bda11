/* Which kernels with weights in bf16 there are, and whether one pays.
 * SPDX-License-Identifier: Apache-2.0 */
#include <float.h>
#include <pthread.h>
#include <string.h>
#include <time.h>

#include "model/kernel/forward_kernels.h"

/* A product whose numbers, all zero, lie in a core's nearest cache; about 3 us. */
enum { ROWS = 30, WIDTH = 64, TURNS = 16 };

typedef struct {
    _Alignas(64) float b[WIDTH * WIDTH];
    float a[ROWS * WIDTH], c[ROWS * WIDTH];
    _Alignas(64) char room[FORWARD_BF16_ROWS * WIDTH * 2];
} numbers_t;

const forward_kernel_t *
forward_bf16_kernel (size_t index)
{
    const forward_kernel_t *const all[] = {forward_amx (), forward_avx512_bf16 ()};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (all[i] && index-- == 0)
            return all[i];
    return NULL;
}

/* Nanoseconds. */
static double
s_time (const forward_kernel_t *kernel, numbers_t *numbers)
{
    size_t panel = kernel->bf16 ? FORWARD_BF16_COLUMNS / 2 : kernel->panel;
    struct timespec start, end;
    clock_gettime (CLOCK_MONOTONIC, &start);
    kernel->multiply (&(forward_product_t){.rows = ROWS,
        .columns = WIDTH,
        .depth = WIDTH,
        .a = numbers->a,
        .lda = WIDTH,
        .b = numbers->b,
        .ldb = kernel->panel,
        .next_panel = WIDTH * panel,
        .c = numbers->c,
        .ldc = WIDTH,
        .room = numbers->room});
    clock_gettime (CLOCK_MONOTONIC, &end);
    return (double)(end.tv_sec - start.tv_sec) * 1e9 +
           (double)(end.tv_nsec - start.tv_nsec);
}

/* Beside the floats' kernel, in turns; the least of each, so that nobody else's work counts. */
static bool
s_pays (const forward_kernel_t *kernel)
{
    numbers_t numbers;
    double least[2] = {DBL_MAX, DBL_MAX};
    memset (&numbers, 0, sizeof numbers);
    if (kernel->begin)
        kernel->begin ();
    for (size_t i = 0; i < 2 * TURNS; i++) {
        double time = s_time (i % 2 ? kernel : forward_kernel (0), &numbers);
        least[i % 2] = time < least[i % 2] ? time : least[i % 2];
    }
    if (kernel->end)
        kernel->end ();
    return least[1] * FORWARD_BF16_PAYS < least[0];
}

static const forward_kernel_t *s_best;

static void
s_find_best (void)
{
    const forward_kernel_t *kernel;
    for (size_t i = 0; !s_best && (kernel = forward_bf16_kernel (i)); i++)
        s_best = s_pays (kernel) ? kernel : NULL;
}

const forward_kernel_t *
forward_bf16_best (void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once (&once, s_find_best);
    return s_best;
}

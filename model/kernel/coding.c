/* One body for the kinds of CPU. SPDX-License-Identifier: Apache-2.0 */
#include "model/kernel/coding.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "model/kernel/simd.h"

#define VALUE_MOST 1e16f /* norms of vectors of larger ones may overflow in a product */
#define STEP_LEAST 1e-30f /* smaller ones are not worth a code */

typedef float floats_t __attribute__ ((vector_size (4 * CODING_LANES)));
typedef int32_t integers_t __attribute__ ((vector_size (4 * CODING_LANES)));
typedef int8_t codes_t __attribute__ ((vector_size (CODING_LANES)));
typedef double doubles_t __attribute__ ((vector_size (4 * CODING_LANES))); /* half */

#define LOW(x)                                                                         \
    __builtin_convertvector(__builtin_shufflevector (x, x, 0, 1, 2, 3), doubles_t)
#define HIGH(x)                                                                        \
    __builtin_convertvector(__builtin_shufflevector (x, x, 4, 5, 6, 7), doubles_t)

/* The lanes from i on, 0 behind the width. */
SIMD_INLINE void
s_load (const float *values, size_t width, size_t i, void *lanes)
{
    if (width - i >= CODING_LANES)
        memcpy (lanes, values + i, CODING_LANES * sizeof *values);
    else {
        memset (lanes, 0, CODING_LANES * sizeof *values);
        memcpy (lanes, values + i, (width - i) * sizeof *values);
    }
}

/* Without their signs floats are ordered as their bits are; what is not a number is above
 * all others. */
SIMD_INLINE float
s_largest (const float *values, size_t width)
{
    integers_t lanes = {0};
    for (size_t i = 0; i < width; i += CODING_LANES) {
        integers_t bits;
        s_load (values, width, i, &bits);
        bits &= INT32_MAX;
        integers_t larger = bits > lanes;
        lanes = (bits & larger) | (lanes & ~larger);
    }
    int32_t most = 0;
    SIMD_UNROLL
    for (size_t i = 0; i < CODING_LANES; i++)
        most = lanes[i] > most ? lanes[i] : most;
    float largest;
    memcpy (&largest, &most, sizeof largest);
    return largest;
}

/* Steps down to the smallest that counts: no inverse overflows. Squares of codes are small
 * integers, a lane's sum of them exact in floats. */
SIMD_INLINE void
s_round (const float *values, size_t width, int8_t *codes, coded_t *coded)
{
    const float magic = 12582912.0f; /* 1.5 * 2^23: adding it rounds to an integer */
    float inverse = 1 / coded->step;
    double step = (double)coded->step, squares = 0, error = 0;
    floats_t lane_squares = {0};
    doubles_t low_errors = {0}, high_errors = {0};
    for (size_t i = 0; i < width; i += CODING_LANES) {
        floats_t value;
        s_load (values, width, i, &value);
        floats_t near = (value * inverse + magic) - magic;
        codes_t code =
            __builtin_convertvector(__builtin_convertvector(near, integers_t), codes_t);
        memcpy (codes + i, &code, sizeof code);
        lane_squares += near * near;
        doubles_t low = LOW (value) - step * LOW (near);
        doubles_t high = HIGH (value) - step * HIGH (near);
        low_errors += low * low;
        high_errors += high * high;
    }
    SIMD_UNROLL
    for (size_t i = 0; i < CODING_LANES; i++)
        squares += (double)lane_squares[i];
    low_errors += high_errors;
    SIMD_UNROLL
    for (size_t i = 0; i < CODING_LANES / 2; i++)
        error += low_errors[i];
    coded->coded = step * sqrt (squares);
    coded->error = sqrt (error);
}

SIMD_INLINE void
s_code (const float *values, size_t width, int most, int8_t *codes, coded_t *coded)
{
    float largest = s_largest (values, width), step = largest / (float)most;
    bool bounded = largest <= VALUE_MOST;
    if (bounded && step > STEP_LEAST) {
        coded->step = step;
        s_round (values, width, codes, coded);
        return;
    }
    memset (codes, 0, (width + CODING_LANES - 1) / CODING_LANES * CODING_LANES);
    coded->step = 1;
    coded->coded = 0;
    coded->error = bounded ? (double)largest * sqrt ((double)width) : INFINITY;
}

static void
s_code_portable (
    const float *values, size_t width, int most, int8_t *codes, coded_t *coded)
{
    s_code (values, width, most, codes, coded);
}

static const coding_kernel_t s_portable = {"portable", s_code_portable};

#if defined(__x86_64__)

__attribute__ ((target ("avx512f,avx512bw,avx512dq,avx512vl"))) static void
s_code_avx512 (
    const float *values, size_t width, int most, int8_t *codes, coded_t *coded)
{
    s_code (values, width, most, codes, coded);
}

__attribute__ ((target ("avx2"))) static void
s_code_avx2 (const float *values, size_t width, int most, int8_t *codes, coded_t *coded)
{
    s_code (values, width, most, codes, coded);
}

static const coding_kernel_t *
s_avx512 (void)
{
    static const coding_kernel_t kernel = {"avx512", s_code_avx512};
    bool there =
        __builtin_cpu_supports ("avx512f") && __builtin_cpu_supports ("avx512bw") &&
        __builtin_cpu_supports ("avx512dq") && __builtin_cpu_supports ("avx512vl");
    return there ? &kernel : NULL;
}

static const coding_kernel_t *
s_avx2 (void)
{
    static const coding_kernel_t kernel = {"avx2", s_code_avx2};
    return __builtin_cpu_supports ("avx2") ? &kernel : NULL;
}

#else

static const coding_kernel_t *
s_avx512 (void)
{
    return NULL;
}

static const coding_kernel_t *
s_avx2 (void)
{
    return NULL;
}

#endif

const coding_kernel_t *
coding_kernel (size_t index)
{
    const coding_kernel_t *const all[] = {s_avx512 (), s_avx2 (), &s_portable};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (all[i] && index-- == 0)
            return all[i];
    return NULL;
}

/* The body of a forward kernel, in vectors of LANES floats, VECTORS of them in a panel:
 * included once by each of the files that are compiled for a kind of CPU.
 * SPDX-License-Identifier: Apache-2.0 */
#include <float.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

#include "model/kernel/simd.h"

#define PANEL   (LANES * VECTORS)
#define EPSILON 1e-6f

typedef float vector_t __attribute__ ((vector_size (LANES * 4)));
typedef int32_t lanes_t __attribute__ ((vector_size (LANES * 4)));

SIMD_INLINE vector_t
s_load (const float *from)
{
    vector_t vector;
    memcpy (&vector, from, sizeof vector);
    return vector;
}

SIMD_INLINE void
s_store (float *to, vector_t vector)
{
    memcpy (to, &vector, sizeof vector);
}

SIMD_INLINE vector_t
s_all (float value)
{
    return value - (vector_t){0};
}

SIMD_INLINE vector_t
s_select (lanes_t which, vector_t yes, vector_t no)
{
    return (vector_t)(((lanes_t)yes & which) | ((lanes_t)no & ~which));
}

/* What a CPU has an instruction for, its file says; else: */
#ifndef FORWARD_MAX
#define FORWARD_MAX(a, b) s_select ((a) > (b), a, b)
#define FORWARD_MIN(a, b) s_select ((a) < (b), a, b)
#endif

/* Lanes from count on get the filler. */
SIMD_INLINE vector_t
s_first (vector_t vector, size_t count, float filler)
{
    static const int32_t numbers[16] = {
        0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    lanes_t number;
    memcpy (&number, numbers, sizeof number);
    int32_t limit = count < LANES ? (int32_t)count : LANES;
    return s_select (number < limit, vector, s_all (filler));
}

#ifndef FORWARD_SUM
#define FORWARD_SUM  s_sum
#define FORWARD_PEAK s_peak

SIMD_INLINE float
s_sum (vector_t vector)
{
    float lanes[LANES];
    memcpy (lanes, &vector, sizeof lanes);
    for (size_t half = LANES / 2; half; half /= 2)
        for (size_t i = 0; i < half; i++)
            lanes[i] += lanes[i + half];
    return lanes[0];
}

SIMD_INLINE float
s_peak (vector_t vector)
{
    float lanes[LANES];
    memcpy (lanes, &vector, sizeof lanes);
    for (size_t half = LANES / 2; half; half /= 2)
        for (size_t i = 0; i < half; i++)
            lanes[i] = lanes[i] > lanes[i + half] ? lanes[i] : lanes[i + half];
    return lanes[0];
}
#endif

#ifndef FORWARD_POWER
#define FORWARD_POWER s_power

/* p * 2^n, n an integer in [-126, 127]. */
SIMD_INLINE vector_t
s_power (vector_t p, vector_t n)
{
    return p * (vector_t)((__builtin_convertvector(n, lanes_t) + 127) << 23);
}
#endif

/* 1 / x, for x from 1 on. */
SIMD_INLINE vector_t
s_inverse (vector_t x)
{
#ifdef FORWARD_ROUGH
    vector_t rough = FORWARD_ROUGH (x);
    return rough + rough * (1.0f - x * rough); /* a step of Newton's */
#else
    return 1.0f / x;
#endif
}

#ifndef FORWARD_ROUND
#define FORWARD_ROUND s_round

/* Of less than 2^22: adding 1.5 * 2^23 rounds to an integer. */
SIMD_INLINE vector_t
s_round (vector_t x)
{
    return (x + 12582912.0f) - 12582912.0f;
}
#endif

/* 2^x for x up to 126, at least 2^-126; relative error below 2e-7. The polynomial has the
 * least one, 9e-8, on [-1/2, 1/2] of those that are 1 at 0. */
SIMD_INLINE vector_t
s_exp2 (vector_t x)
{
    x = FORWARD_MAX (x, s_all (-126.0f));
    vector_t n = FORWARD_ROUND (x), f = x - n;
    vector_t p = f * 1.326472848e-3f + 9.671513923e-3f;
    p = p * f + 5.550733581e-2f;
    p = p * f + 2.402224243e-1f;
    p = p * f + 6.931470037e-1f;
    p = p * f + 1.0f;
    return FORWARD_POWER (p, n);
}

/* x * sigmoid (2 u), u = sqrt (2 / pi) (x + 0.044715 x^3): of 2^-w, w = 2 u log2 (e). */
SIMD_INLINE vector_t
s_gelu (vector_t x)
{
    vector_t w = x * (x * x * -0.1029432396f - 2.302208198f);
    return x * s_inverse (s_exp2 (FORWARD_MIN (w, s_all (126.0f))) + 1.0f);
}

static void
s_gelu_rows (float *c, size_t ldc, size_t rows, size_t vectors)
{
    for (size_t r = 0; r < rows; r++)
        for (size_t v = 0; v < vectors; v++) {
            float *at = c + r * ldc + v * LANES;
            s_store (at, s_gelu (s_load (at)));
        }
}

/* rows and vectors are constants where this is inlined: the sums are registers. The block
 * of c is at its first row and column. */
SIMD_INLINE void
s_block (const forward_product_t *product, const float *a, const float *b,
    const float *bias, float *c, const size_t rows, const size_t vectors)
{
    const size_t lda = product->lda, ldb = product->ldb, ldc = product->ldc,
                 depth = product->depth, back = product->bias_back;
    vector_t sums[FORWARD_ROWS][VECTORS];
    SIMD_UNROLL
    for (size_t r = 0; r < rows; r++) {
        SIMD_UNROLL
        for (size_t v = 0; v < vectors; v++) {
            sums[r][v] = bias ? s_load (bias + v * LANES - r * back) : s_all (0);
            if (product->add)
                sums[r][v] += s_load (c + r * ldc + v * LANES);
        }
    }
    for (size_t i = 0; i < depth; i++) {
        vector_t row[VECTORS];
        SIMD_UNROLL
        for (size_t v = 0; v < vectors; v++)
            row[v] = s_load (b + i * ldb + v * LANES);
        SIMD_UNROLL
        for (size_t r = 0; r < rows; r++) {
            vector_t number = s_all (a[r * lda + i]);
            SIMD_UNROLL
            for (size_t v = 0; v < vectors; v++)
                sums[r][v] += number * row[v];
        }
    }
    SIMD_UNROLL
    for (size_t r = 0; r < rows; r++) {
        SIMD_UNROLL
        for (size_t v = 0; v < vectors; v++)
            s_store (c + r * ldc + v * LANES, sums[r][v]);
    }
}

SIMD_INLINE void
s_blocks (const forward_product_t *product, const float *b, const float *bias, float *c,
    const size_t vectors)
{
    const float *a = product->a;
    size_t rows = product->rows;
    for (; rows; a += FORWARD_ROWS * product->lda, c += FORWARD_ROWS * product->ldc) {
        size_t count = rows < FORWARD_ROWS ? rows : FORWARD_ROWS;
        switch (count) {
        case 1:
            s_block (product, a, b, bias, c, 1, vectors);
            break;
        case 2:
            s_block (product, a, b, bias, c, 2, vectors);
            break;
        case 3:
            s_block (product, a, b, bias, c, 3, vectors);
            break;
        case 4:
            s_block (product, a, b, bias, c, 4, vectors);
            break;
        case 5:
            s_block (product, a, b, bias, c, 5, vectors);
            break;
        default:
            s_block (product, a, b, bias, c, FORWARD_ROWS, vectors);
        }
        if (product->gelu)
            s_gelu_rows (c, product->ldc, count, vectors);
        rows -= count;
    }
}

static void
s_multiply (const forward_product_t *product)
{
    const float *b = product->b, *bias = product->bias;
    float *c = product->c;
    size_t left = product->columns;
    for (; left; b += product->next_panel, c += PANEL) {
        size_t columns = left < PANEL ? left : PANEL;
        switch ((columns + LANES - 1) / LANES) {
        case 1:
            s_blocks (product, b, bias, c, 1);
            break;
#if VECTORS > 2
        case 2:
            s_blocks (product, b, bias, c, 2);
            break;
        case 3:
            s_blocks (product, b, bias, c, 3);
            break;
#endif
        default:
            s_blocks (product, b, bias, c, VECTORS);
        }
        bias = bias ? bias + PANEL : NULL;
        left -= columns;
    }
}

/* The numbers of a row from here on; zeros behind its end. */
SIMD_INLINE vector_t
s_of_row (vector_t vector, size_t left)
{
    return left < LANES ? s_first (vector, left, 0) : vector;
}

static void
s_normalize_row (
    const float *x, size_t width, const float *gain, const float *bias, float *y)
{
    vector_t sum = s_all (0), square = s_all (0);
    for (size_t i = 0; i < width; i += LANES)
        sum += s_of_row (s_load (x + i), width - i);
    float mean = FORWARD_SUM (sum) / (float)width;
    for (size_t i = 0; i < width; i += LANES) {
        vector_t off = s_of_row (s_load (x + i) - mean, width - i);
        square += off * off;
    }
    float inverse = 1.0f / sqrtf (FORWARD_SUM (square) / (float)width + EPSILON);
    for (size_t i = 0; i < width; i += LANES)
        s_store (y + i,
            (s_load (x + i) - mean) * inverse * s_load (gain + i) + s_load (bias + i));
}

static void
s_normalize (const forward_norm_t *norm)
{
    for (size_t r = 0; r < norm->rows; r++)
        s_normalize_row (norm->x + r * norm->ldx, norm->width, norm->gain, norm->bias,
            norm->y + r * norm->ldy);
}

/* The first count scores become e^(score - largest), those up to end zero. Returns the
 * sum's inverse. */
static float
s_softmax (float *scores, size_t count, size_t end)
{
    const float log2_e = 1.44269504f;
    vector_t peaks = s_all (-FLT_MAX), sums = s_all (0);
    size_t whole = count / LANES * LANES, at;
    for (at = 0; at < whole; at += LANES)
        peaks = FORWARD_MAX (peaks, s_load (scores + at));
    vector_t rest = s_first (s_load (scores + at), count - at, -FLT_MAX);
    float peak = FORWARD_PEAK (FORWARD_MAX (peaks, rest)) * log2_e;
    for (at = 0; at < whole; at += LANES) {
        vector_t power = s_exp2 (s_load (scores + at) * log2_e - peak);
        sums += power;
        s_store (scores + at, power);
    }
    for (; at < end; at += LANES) {
        vector_t power = s_exp2 (s_load (scores + at) * log2_e - peak);
        power = at < count ? s_first (power, count - at, 0) : s_all (0);
        sums += power;
        s_store (scores + at, power);
    }
    return 1.0f / FORWARD_SUM (sums);
}

/* out *= share, columns of one head. */
static void
s_scale (float *out, size_t columns, float share)
{
    for (size_t i = 0; i < columns; i += LANES)
        s_store (out + i, s_load (out + i) * share);
}

/* One head of up to FORWARD_ROWS rows. Rows see a key less than the one below: what they
 * do not see counts zero. */
static void
s_attend_rows (const forward_attention_t *self, size_t head, size_t row, size_t rows)
{
    size_t columns = self->width / self->heads, start = head * columns;
    size_t keys = self->first + row + rows;
    size_t ld = (self->window + PANEL - 1) / PANEL * PANEL + FORWARD_SLACK;
    const float *bias = self->relative_bias;
    float *out = self->out + row * self->ldo + start, shares[FORWARD_ROWS];
    if (bias)
        bias += (head + 1) * self->window - (self->first + row + 1);
    s_multiply (&(forward_product_t){.rows = rows,
        .columns = keys,
        .depth = columns,
        .a = self->query + row * self->ldq + start,
        .lda = self->ldq,
        .b = self->keys + start * PANEL,
        .ldb = PANEL,
        .next_panel = self->width * PANEL,
        .bias = bias,
        .bias_back = 1,
        .c = self->scores,
        .ldc = ld});
    for (size_t r = 0; r < rows; r++)
        shares[r] = s_softmax (self->scores + r * ld, self->first + row + r + 1, keys);
    s_multiply (&(forward_product_t){.rows = rows,
        .columns = columns,
        .depth = keys,
        .a = self->scores,
        .lda = ld,
        .b = self->values + start,
        .ldb = self->ldv,
        .next_panel = PANEL,
        .c = out,
        .ldc = self->ldo});
    for (size_t r = 0; r < rows; r++)
        s_scale (out + r * self->ldo, columns, shares[r]);
}

/* Heads in order: what one writes behind its columns is the next one's. */
static void
s_attend (const forward_attention_t *self)
{
    for (size_t row = 0; row < self->rows; row += FORWARD_ROWS) {
        size_t left = self->rows - row;
        for (size_t head = 0; head < self->heads; head++)
            s_attend_rows (self, head, row, left < FORWARD_ROWS ? left : FORWARD_ROWS);
    }
}

/* The first two steps of turning LANES rows: pairs of them, then fours. What comes out at
 * 4 g + k has of rows 4 g to 4 g + 3 the columns k, k + 4, ... */
#ifdef FORWARD_FOURS
SIMD_INLINE void
s_turn_fours (const float *rows, size_t ld, vector_t fours[LANES])
{
    vector_t pairs[LANES];
    SIMD_UNROLL
    for (size_t i = 0; i < LANES; i += 2) {
        vector_t low = s_load (rows + i * ld), high = s_load (rows + (i + 1) * ld);
        pairs[i] = FORWARD_LOWS (low, high);
        pairs[i + 1] = FORWARD_HIGHS (low, high);
    }
    SIMD_UNROLL
    for (size_t i = 0; i < LANES; i += 4) {
        fours[i] = FORWARD_FOURS (pairs[i], pairs[i + 2], 0x44);
        fours[i + 1] = FORWARD_FOURS (pairs[i], pairs[i + 2], 0xee);
        fours[i + 2] = FORWARD_FOURS (pairs[i + 1], pairs[i + 3], 0x44);
        fours[i + 3] = FORWARD_FOURS (pairs[i + 1], pairs[i + 3], 0xee);
    }
}
#endif

#define FORWARD_KERNEL(name_, turned_, turn_)                                          \
    {                                                                                  \
        .name = name_, .panel = PANEL, .rows = FORWARD_ROWS, .multiply = s_multiply,   \
        .normalize = s_normalize, .attend = s_attend, .turned = turned_, .turn = turn_ \
    }

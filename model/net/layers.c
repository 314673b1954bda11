/* Elementwise layers; each pass reads and writes a row once.
 * SPDX-License-Identifier: Apache-2.0 */
#include "model/net/layers.h"

#include <math.h>

#include "model/kernel/mask.h"

#define EPSILON 1e-6f

SIMD_CLONES static void
s_embed_row (
    const float *item, const float *position, size_t width, float scale, float *x)
{
#pragma omp simd
    for (size_t i = 0; i < width; i++)
        x[i] = item[i] * scale + position[i];
}

SIMD_CLONES static void
s_drop (float *x, size_t count, mask_t mask)
{
    uint32_t limit = (uint32_t)count;
#pragma omp simd
    for (uint32_t i = 0; i < limit; i++)
        x[i] = mask_keep (mask, i, x[i]);
}

void
layers_embed (const layers_tokens_t *tokens, const float *items, const float *positions,
    dropout_t dropout, float *x)
{
    size_t d = tokens->width;
    float scale = sqrtf ((float)d);
    for (size_t b = 0; b < tokens->sequence_count; b++)
        for (size_t t = tokens->offsets[b]; t < tokens->offsets[b + 1]; t++)
            s_embed_row (items + (size_t)tokens->tokens[t] * d,
                positions + (t - tokens->offsets[b]) * d, d, scale, x + t * d);
    if (dropout.rate > 0)
        s_drop (x, tokens->offsets[tokens->sequence_count] * d, mask_of (dropout));
}

SIMD_CLONES static void
s_embed_row_backward (const float *dx, uint32_t first, size_t width, mask_t mask,
    float scale, float *ditem, float *dposition)
{
    uint32_t limit = (uint32_t)width;
#pragma omp simd
    for (uint32_t i = 0; i < limit; i++) {
        float d = mask_keep (mask, first + i, dx[i]);
        ditem[i] += scale * d;
        dposition[i] += d;
    }
}

void
layers_embed_backward (const layers_tokens_t *tokens, const float *dx,
    dropout_t dropout, float *ditems, float *dpositions)
{
    size_t d = tokens->width;
    for (size_t b = 0; b < tokens->sequence_count; b++)
        for (size_t t = tokens->offsets[b]; t < tokens->offsets[b + 1]; t++)
            s_embed_row_backward (dx + t * d, (uint32_t)(t * d), d, mask_of (dropout),
                sqrtf ((float)d), ditems + (size_t)tokens->tokens[t] * d,
                dpositions + (t - tokens->offsets[b]) * d);
}

SIMD_CLONES void
layers_norm (const float *x, size_t rows, size_t width, const float *gain,
    const float *bias, float *stats, float *y)
{
    for (size_t r = 0; r < rows; r++, x += width, y += width) {
        float sum = 0, square = 0;
#pragma omp simd reduction(+ : sum)
        for (size_t i = 0; i < width; i++)
            sum += x[i];
        float mean = sum / (float)width;
#pragma omp simd reduction(+ : square)
        for (size_t i = 0; i < width; i++)
            square += (x[i] - mean) * (x[i] - mean);
        float inverse = 1.0f / sqrtf (square / (float)width + EPSILON);
#pragma omp simd
        for (size_t i = 0; i < width; i++)
            y[i] = (x[i] - mean) * inverse * gain[i] + bias[i];
        stats[2 * r] = mean;
        stats[2 * r + 1] = inverse;
    }
}

SIMD_CLONES void
layers_norm_backward (const float *x, const float *stats, const float *dy, size_t rows,
    size_t width, const float *gain, float keep, float *dx, float *dgain, float *dbias)
{
    for (size_t r = 0; r < rows; r++, x += width, dy += width, dx += width) {
        float mean = stats[2 * r], inverse = stats[2 * r + 1];
        float sum = 0, dot = 0;
#pragma omp simd reduction(+ : sum, dot)
        for (size_t i = 0; i < width; i++) {
            float normal = (x[i] - mean) * inverse;
            sum += dy[i] * gain[i];
            dot += dy[i] * gain[i] * normal;
            dgain[i] += dy[i] * normal;
            dbias[i] += dy[i];
        }
        sum /= (float)width;
        dot /= (float)width;
#pragma omp simd
        for (size_t i = 0; i < width; i++) {
            float normal = (x[i] - mean) * inverse;
            float own = inverse * (dy[i] * gain[i] - sum - normal * dot);
            dx[i] = keep != 0.0f ? dx[i] + own : own;
        }
    }
}

SIMD_CLONES void
layers_bias (float *y, size_t rows, size_t width, const float *bias)
{
    for (size_t r = 0; r < rows; r++, y += width) {
#pragma omp simd
        for (size_t i = 0; i < width; i++)
            y[i] += bias[i];
    }
}

SIMD_CLONES void
layers_bias_backward (const float *dy, size_t rows, size_t width, float *dbias)
{
    for (size_t r = 0; r < rows; r++, dy += width) {
#pragma omp simd
        for (size_t i = 0; i < width; i++)
            dbias[i] += dy[i];
    }
}

SIMD_CLONES void
layers_residual (const float *x, const float *y, const float *bias, size_t rows,
    size_t width, dropout_t dropout, float *out)
{
    mask_t mask = mask_of (dropout);
    uint32_t limit = (uint32_t)width, first = 0;
    for (size_t r = 0; r < rows; r++, first += limit) {
        const float *xr = x + r * width, *yr = y + r * width;
        float *to = out + r * width;
#pragma omp simd
        for (uint32_t i = 0; i < limit; i++)
            to[i] = xr[i] + mask_keep (mask, first + i, yr[i] + bias[i]);
    }
}

SIMD_CLONES void
layers_residual_backward (
    const float *dout, size_t rows, size_t width, dropout_t dropout, float *dy)
{
    mask_t mask = mask_of (dropout);
    uint32_t count = (uint32_t)(rows * width);
#pragma omp simd
    for (uint32_t i = 0; i < count; i++)
        dy[i] = mask_keep (mask, i, dout[i]);
}

/* gelu (x) = x * sigmoid (2 u), u = sqrt (2 / pi) (x + 0.044715 x^3). */
SIMD_INLINE float
s_sigmoid_2u (float x)
{
    float u2 = 1.5957691216f * x * (1.0f + 0.044715f * x * x);
    return 1.0f / (1.0f + simd_exp (-u2));
}

SIMD_CLONES void
layers_gelu (
    float *z, size_t rows, size_t width, const float *bias, dropout_t dropout, float *a)
{
    mask_t mask = mask_of (dropout);
    uint32_t limit = (uint32_t)width, first = 0;
    for (size_t r = 0; r < rows; r++, first += limit) {
        float *zr = z + r * width, *ar = a + r * width;
#pragma omp simd
        for (uint32_t i = 0; i < limit; i++) {
            float x = zr[i] + bias[i];
            zr[i] = x;
            ar[i] = mask_keep (mask, first + i, x * s_sigmoid_2u (x));
        }
    }
}

SIMD_CLONES void
layers_gelu_backward (
    const float *z, size_t rows, size_t width, dropout_t dropout, float *da)
{
    mask_t mask = mask_of (dropout);
    uint32_t count = (uint32_t)(rows * width);
#pragma omp simd
    for (uint32_t i = 0; i < count; i++) {
        float x = z[i], s = s_sigmoid_2u (x);
        float slope = 1.5957691216f * (1.0f + 3.0f * 0.044715f * x * x);
        da[i] = mask_keep (mask, i, da[i]) * (s + x * s * (1.0f - s) * slope);
    }
}

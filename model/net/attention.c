/* Causal attention by row blocks. SPDX-License-Identifier: Apache-2.0 */
#include "model/net/attention.h"

#include <assert.h>
#include <math.h>
#include <stdbool.h>

#include "model/kernel/blas.h"
#include "model/kernel/mask.h"

size_t
attention_scratch_floats (size_t window)
{
    return 2 * ATTENTION_ROWS * window;
}

/* Row r sees seen + r keys: softmax of scale * s over them, zero behind, `columns` in
 * all. */
SIMD_CLONES static void
s_softmax (float *s, size_t rows, size_t seen, size_t columns, float scale)
{
    for (size_t r = 0; r < rows; r++, s += columns) {
        size_t count = seen + r;
        float peak = s[0], sum = 0;
#pragma omp simd reduction(max : peak)
        for (size_t i = 0; i < count; i++)
            peak = s[i] > peak ? s[i] : peak;
#pragma omp simd reduction(+ : sum)
        for (size_t i = 0; i < count; i++) {
            s[i] = simd_exp ((s[i] - peak) * scale);
            sum += s[i];
        }
        float share = 1.0f / sum;
#pragma omp simd
        for (size_t i = 0; i < count; i++)
            s[i] *= share;
        for (size_t i = count; i < columns; i++)
            s[i] = 0;
    }
}

/* s = scale * s + bias, where row r's keys end with the bias of distance 0. */
SIMD_CLONES static void
s_add_bias (float *s, size_t rows, size_t seen, size_t columns, float scale,
    const float *bias_end)
{
    for (size_t r = 0; r < rows; r++, s += columns) {
        size_t count = seen + r;
        const float *bias = bias_end - count;
#pragma omp simd
        for (size_t i = 0; i < count; i++)
            s[i] = s[i] * scale + bias[i];
    }
}

/* dbias += ds / scale, ds being the gradient of the unscaled scores. */
SIMD_CLONES static void
s_add_bias_backward (const float *ds, size_t rows, size_t seen, size_t columns,
    float scale, float *dbias_end)
{
    float inverse = 1.0f / scale;
    for (size_t r = 0; r < rows; r++, ds += columns) {
        size_t count = seen + r;
        float *dbias = dbias_end - count;
#pragma omp simd
        for (size_t i = 0; i < count; i++)
            dbias[i] += ds[i] * inverse;
    }
}

/* dp becomes the gradient of the unscaled scores. */
SIMD_CLONES static void
s_softmax_backward (const float *p, float *dp, size_t rows, size_t columns, float scale)
{
    for (size_t r = 0; r < rows; r++, p += columns, dp += columns) {
        float dot = 0;
#pragma omp simd reduction(+ : dot)
        for (size_t i = 0; i < columns; i++)
            dot += p[i] * dp[i];
#pragma omp simd
        for (size_t i = 0; i < columns; i++)
            dp[i] = p[i] * (dp[i] - dot) * scale;
    }
}

/* One head, one block of query rows: which rows, how many keys they can see. */
typedef struct {
    size_t row, rows; /* positions in the sequence */
    size_t keys;
    size_t head_width;
    size_t column; /* of the head */
    float scale;
    size_t bias_end; /* of the head's biases */
} step_t;

static step_t
s_step (const attention_t *self, size_t head, size_t row)
{
    size_t rows = self->length - row;
    rows = rows < ATTENTION_ROWS ? rows : ATTENTION_ROWS;
    size_t head_width = self->width / self->heads;
    return (step_t){.row = row,
        .rows = rows,
        .keys = row + rows,
        .head_width = head_width,
        .column = head * head_width,
        .scale = 1.0f / sqrtf ((float)head_width),
        .bias_end = (head + 1) * self->window};
}

/* P (rows x keys) into the first half of the scratch. */
static float *
s_probabilities (const attention_t *self, step_t step)
{
    float *p = self->scratch;
    const float *query =
        self->query + (step.row - self->first_query) * self->ld + step.column;
    blas_nt (step.rows, step.keys, step.head_width, (blas_matrix_t){query, self->ld},
        (blas_matrix_t){self->key + step.column, self->ld}, 0, p, step.keys);
    float scale = step.scale;
    if (self->relative_bias) {
        s_add_bias (p, step.rows, step.row + 1, step.keys, scale,
            self->relative_bias + step.bias_end);
        scale = 1;
    }
    s_softmax (p, step.rows, step.row + 1, step.keys, scale);
    return p;
}

SIMD_CLONES static void
s_drop_rows (
    float *p, size_t rows, size_t columns, uint32_t first, uint32_t stride, mask_t mask)
{
    for (size_t r = 0; r < rows; r++, p += columns, first += stride) {
        uint32_t count = (uint32_t)columns;
#pragma omp simd
        for (uint32_t i = 0; i < count; i++)
            p[i] = mask_keep (mask, first + i, p[i]);
    }
}

/* The same elements in forward and backward: numbered by head, query and key. */
static void
s_drop (const attention_t *self, step_t step, float *p)
{
    if (self->dropout.rate <= 0)
        return;
    size_t query = step.bias_end - self->window + step.row;
    s_drop_rows (p, step.rows, step.keys, (uint32_t)(query * self->window),
        (uint32_t)self->window, mask_of (self->dropout));
}

void
attention_forward (const attention_t *self, float *out)
{
    for (size_t head = 0; head < self->heads; head++)
        for (size_t row = self->first_query; row < self->length;
             row += ATTENTION_ROWS) {
            step_t step = s_step (self, head, row);
            float *p = s_probabilities (self, step);
            s_drop (self, step, p);
            blas_nn (step.rows, step.head_width, step.keys,
                (blas_matrix_t){p, step.keys},
                (blas_matrix_t){self->value + step.column, self->ld}, 0,
                out + (row - self->first_query) * self->width + step.column,
                self->width);
        }
}

static void
s_backward_step (const attention_t *self, step_t step, bool add, const float *dout,
    float *dquery, float *dkey, float *dvalue, float *drelative_bias)
{
    size_t width = step.head_width, ld = self->ld, column = step.column;
    float *p = s_probabilities (self, step);
    float *dp = p + step.rows * step.keys;
    blas_matrix_t dy = {dout + step.row * self->width + column, self->width};
    blas_matrix_t ds = {dp, step.keys};
    blas_nt (step.rows, step.keys, width, dy, (blas_matrix_t){self->value + column, ld},
        0, dp, step.keys);
    s_drop (self, step, dp);
    s_softmax_backward (p, dp, step.rows, step.keys, step.scale);
    if (drelative_bias)
        s_add_bias_backward (dp, step.rows, step.row + 1, step.keys, step.scale,
            drelative_bias + step.bias_end);
    s_drop (self, step, p);
    blas_tn (step.keys, width, step.rows, (blas_matrix_t){p, step.keys}, dy, add,
        dvalue + column, ld);
    blas_nn (step.rows, width, step.keys, ds, (blas_matrix_t){self->key + column, ld},
        0, dquery + step.row * ld + column, ld);
    blas_tn (step.keys, width, step.rows, ds,
        (blas_matrix_t){self->query + step.row * ld + column, ld}, add, dkey + column,
        ld);
}

/* The last block of rows sees all keys: it goes first and writes what the others add to. */
void
attention_backward (const attention_t *self, const float *dout, float *dquery,
    float *dkey, float *dvalue, float *drelative_bias)
{
    assert (self->first_query == 0);
    size_t blocks = (self->length + ATTENTION_ROWS - 1) / ATTENTION_ROWS;
    for (size_t head = 0; head < self->heads; head++)
        for (size_t block = blocks; block-- > 0;)
            s_backward_step (self, s_step (self, head, block * ATTENTION_ROWS),
                block + 1 < blocks, dout, dquery, dkey, dvalue, drelative_bias);
}

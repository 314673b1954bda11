/* Cross-entropy over items drawn for the whole batch.
 * SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <math.h>

#include "model/kernel/blas.h"
#include "model/train/loss_scratch.h"
#include "model/kernel/simd.h"

SIMD_CLONES static float
s_dot (const float *x, const float *y, size_t width)
{
    float sum = 0;
#pragma omp simd reduction(+ : sum)
    for (size_t i = 0; i < width; i++)
        sum += x[i] * y[i];
    return sum;
}

/* y += factor * x */
SIMD_CLONES static void
s_add (float *y, const float *x, size_t width, float factor)
{
    if (factor == 0)
        return;
#pragma omp simd
    for (size_t i = 0; i < width; i++)
        y[i] += factor * x[i];
}

/* One row of logits as in the full loss. A softmax does not change when all scores are
 * moved: instead of raising the drawn items' scores the target's is lowered. */
static double
s_row_gradient (loss_t *self, const loss_input_t *input, size_t at, size_t r)
{
    float *row = self->logits + r * self->columns, peak;
    size_t target = (size_t)input->targets[at + r], drawn = input->drawn;
    bool among = target < drawn;
    size_t others = among ? drawn - 1 : drawn;
    float score = among ? row[target]
                        : s_dot (input->hidden + (at + r) * self->width,
                              input->items + target * self->width, self->width);
    if (others)
        score -= logf ((float)(input->population - 1) / (float)others);
    size_t place = among ? target : drawn;
    row[place] = score;
    float sum = loss_exponentials (row, others + 1, &peak);
    row[place] -= sum;
    self->factors[r] = loss_weight (input, at + r) / sum;
    self->own[r] = among ? 0 : row[drawn];
    return (double)logf (sum) + (double)(peak - score);
}

/* What the products over the drawn items left out. ours, theirs: rows of D. */
static void
s_own_targets (loss_t *self, const int32_t *targets, size_t rows, float *to_table,
    const float *from_table)
{
    size_t d = self->width;
    for (size_t r = 0; r < rows; r++) {
        size_t target = (size_t)targets[r];
        if (to_table)
            s_add (to_table + target * d, self->scaled + r * d, d, self->own[r]);
        else
            s_add (self->scaled + r * d, from_table + target * d, d, self->own[r]);
    }
}

double
loss_sampled (loss_t *self, const loss_input_t *input, float *dhidden, float *ditems)
{
    size_t d = self->width, drawn = input->drawn;
    assert (drawn > 0 && drawn < self->columns && drawn <= input->population);
    blas_matrix_t items = {input->items, d}, logits = {self->logits, self->columns};
    double loss = 0;
    for (size_t at = 0; at < input->rows; at += self->rows) {
        size_t rows = input->rows - at;
        rows = rows < self->rows ? rows : self->rows;
        const float *hidden = input->hidden + at * d;
        const int32_t *targets = input->targets + at;
        blas_nt (rows, drawn, d, (blas_matrix_t){hidden, d}, items, 0, self->logits,
            self->columns);
        for (size_t r = 0; r < rows; r++)
            loss += s_row_gradient (self, input, at, r);
        loss_scale_rows (hidden, rows, d, self->factors, self->scaled);
        blas_tn (
            drawn, d, rows, logits, (blas_matrix_t){self->scaled, d}, 1, ditems, d);
        s_own_targets (self, targets, rows, ditems, NULL);
        blas_nn (rows, d, drawn, logits, items, 0, self->scaled, d);
        s_own_targets (self, targets, rows, NULL, input->items);
        loss_scale_rows (self->scaled, rows, d, self->factors, dhidden + at * d);
    }
    return loss;
}

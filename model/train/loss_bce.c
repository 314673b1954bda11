/* Binary cross-entropy with one drawn item per position (Kang & McAuley 2018).
 * SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <math.h>

#include "model/train/loss_scratch.h"
#include "model/kernel/simd.h"

typedef struct {
    float *hidden_gradient; /* may be hidden */
    const float *hidden;
    const float *item, *other;
    float *item_gradient, *other_gradient;
} pair_t;

SIMD_CLONES static void
s_scores (const pair_t *pair, size_t width, float *score_p, float *other_p)
{
    float score = 0, other = 0;
#pragma omp simd reduction(+ : score, other)
    for (size_t i = 0; i < width; i++) {
        score += pair->hidden[i] * pair->item[i];
        other += pair->hidden[i] * pair->other[i];
    }
    *score_p = score;
    *other_p = other;
}

/* by, other_by: derivatives by the two scores. */
SIMD_CLONES static void
s_gradients (const pair_t *pair, size_t width, float by, float other_by)
{
    const float *h = pair->hidden, *item = pair->item, *other = pair->other;
    float *dh = pair->hidden_gradient;
    float *ditem = pair->item_gradient, *dother = pair->other_gradient;
#pragma omp simd
    for (size_t i = 0; i < width; i++) {
        float x = h[i];
        ditem[i] += by * x;
        dother[i] += other_by * x;
        dh[i] = by * item[i] + other_by * other[i];
    }
}

/* log (1 + e^x) */
static float
s_softplus (float x)
{
    return fmaxf (x, 0) + log1pf (expf (-fabsf (x)));
}

static float
s_sigmoid (float x)
{
    return 1.0f / (1.0f + expf (-x));
}

double
loss_bce (loss_t *self, const loss_input_t *input, float *dhidden, float *ditems)
{
    size_t d = self->width;
    double loss = 0;
    for (size_t r = 0; r < input->rows; r++) {
        size_t item = (size_t)input->targets[r], other = (size_t)input->negatives[r];
        assert (item != other);
        pair_t pair = {dhidden + r * d, input->hidden + r * d, input->items + item * d,
            input->items + other * d, ditems + item * d, ditems + other * d};
        float score, other_score;
        s_scores (&pair, d, &score, &other_score);
        loss += (double)(s_softplus (-score) + s_softplus (other_score));
        float weight = loss_weight (input, r);
        s_gradients (
            &pair, d, -weight * s_sigmoid (-score), weight * s_sigmoid (other_score));
    }
    return loss;
}

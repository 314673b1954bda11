/* Adam, one pass. SPDX-License-Identifier: Apache-2.0 */
#include "model/adam.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "model/simd.h"

struct adam {
    adam_settings_t settings;
    size_t count;
    size_t steps;
    float *weights;  /* the caller's */
    float *first;    /* moving mean of gradients */
    float *second;   /* moving mean of their squares */
    float *averaged; /* NULL when settings.average is 0 */
    float rate;      /* learning rate over the first moment's bias */
    float root;      /* 1 / sqrt of the second moment's bias */
    float shrink;    /* 1 - learning rate * decay */
    float keep;      /* of the average in this step */
};

static float *
s_floats (size_t count)
{
    float *values = aligned_alloc (64, count * sizeof (float) / 64 * 64 + 64);
    assert (values);
    memset (values, 0, count * sizeof (float));
    return values;
}

adam_t *
adam_new (float *weights, size_t count, const adam_settings_t *settings)
{
    adam_t *self = calloc (1, sizeof (*self));
    assert (self);
    self->settings = *settings;
    self->count = count;
    self->weights = weights;
    self->first = s_floats (count);
    self->second = s_floats (count);
    self->averaged = settings->average > 0 ? s_floats (count) : NULL;
    return self;
}

void
adam_destroy (adam_t **self_p)
{
    if (!self_p || !*self_p)
        return;
    free ((*self_p)->first);
    free ((*self_p)->second);
    free ((*self_p)->averaged);
    free (*self_p);
    *self_p = NULL;
}

void
adam_begin (adam_t *self, float learning_rate)
{
    double step = (double)++self->steps;
    self->rate = (float)((double)learning_rate /
                         (1.0 - pow ((double)self->settings.beta1, step)));
    self->root = (float)(1.0 / sqrt (1.0 - pow ((double)self->settings.beta2, step)));
    self->shrink = 1.0f - learning_rate * self->settings.decay;
    float young = (float)((step - 1.0) / (step + 9.0)); /* forgets the first steps */
    self->keep = young < self->settings.average ? young : self->settings.average;
}

SIMD_CLONES static void
s_collect (float *sum, float *other, size_t begin, size_t end)
{
#pragma omp simd
    for (size_t i = begin; i < end; i++) {
        sum[i] += other[i];
        other[i] = 0;
    }
}

SIMD_CLONES static void
s_update (adam_t *self, float *restrict gradient, size_t begin, size_t end)
{
    float *restrict w = self->weights, *restrict m = self->first,
                    *restrict v = self->second;
    float b1 = self->settings.beta1, b2 = self->settings.beta2;
    float epsilon = self->settings.epsilon, rate = self->rate, root = self->root;
    float shrink = self->shrink;
#pragma omp simd
    for (size_t i = begin; i < end; i++) {
        float g = gradient[i];
        gradient[i] = 0;
        m[i] = b1 * m[i] + (1.0f - b1) * g;
        v[i] = b2 * v[i] + (1.0f - b2) * g * g;
        w[i] = w[i] * shrink - rate * m[i] / (sqrtf (v[i]) * root + epsilon);
    }
}

SIMD_CLONES static void
s_average (adam_t *self, size_t begin, size_t end)
{
    float *restrict average = self->averaged, *restrict w = self->weights;
    float keep = self->keep;
#pragma omp simd
    for (size_t i = begin; i < end; i++)
        average[i] = keep * average[i] + (1.0f - keep) * w[i];
}

/* In pieces that stay in the cache between the passes. */
#define PIECE 4096

void
adam_update (adam_t *self, float *const *gradients, size_t gradient_count, size_t begin,
    size_t end)
{
    assert (gradient_count >= 1 && end <= self->count);
    for (size_t at = begin; at < end; at += PIECE) {
        size_t stop = end - at < PIECE ? end : at + PIECE;
        for (size_t i = 1; i < gradient_count; i++)
            s_collect (gradients[0], gradients[i], at, stop);
        s_update (self, gradients[0], at, stop);
        if (self->averaged)
            s_average (self, at, stop);
    }
}

const float *
adam_averaged (const adam_t *self)
{
    return self->averaged ? self->averaged : self->weights;
}

/* Adam, one pass. SPDX-License-Identifier: Apache-2.0 */
#include "model/train/adam.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "model/kernel/simd.h"

/* What a row needs to catch up. */
typedef struct {
    uint64_t step;   /* of its last update */
    double log_keep; /* the sum in adam.log_keep then */
} row_t;

struct adam {
    adam_settings_t settings;
    size_t count;
    uint64_t steps;
    float *weights;  /* the caller's */
    float *first;    /* moving mean of gradients */
    float *second;   /* moving mean of their squares */
    float *averaged; /* NULL when settings.average is 0 */
    float rate;      /* learning rate over the first moment's bias */
    float root;      /* 1 / sqrt of the second moment's bias */
    float shrink;    /* 1 - learning rate * decay */
    float keep;      /* of the average in this step */
    double
        log_keep; /* sum over steps of the logarithm of keep; without the first one's */
    row_t *rows;  /* NULL: none tracked */
    size_t row_count, row_width;
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
    free ((*self_p)->rows);
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
    if (self->keep > 0) /* before the first step the average is the weights anyway */
        self->log_keep += log ((double)self->keep);
}

SIMD_CLONES static void
s_collect (float *sum, float *other, size_t count)
{
#pragma omp simd
    for (size_t i = 0; i < count; i++) {
        sum[i] += other[i];
        other[i] = 0;
    }
}

SIMD_CLONES static void
s_update (adam_t *self, float *restrict gradient, size_t at, size_t count)
{
    float *restrict w = self->weights + at, *restrict m = self->first + at,
                    *restrict v = self->second + at;
    float b1 = self->settings.beta1, b2 = self->settings.beta2;
    float epsilon = self->settings.epsilon, rate = self->rate, root = self->root;
    float shrink = self->shrink;
#pragma omp simd
    for (size_t i = 0; i < count; i++) {
        float g = gradient[i];
        gradient[i] = 0;
        m[i] = b1 * m[i] + (1.0f - b1) * g;
        v[i] = b2 * v[i] + (1.0f - b2) * g * g;
        w[i] = w[i] * shrink - rate * m[i] / (sqrtf (v[i]) * root + epsilon);
    }
}

SIMD_CLONES static void
s_average (adam_t *self, size_t at, size_t count, float keep)
{
    float *restrict average = self->averaged + at, *restrict w = self->weights + at;
#pragma omp simd
    for (size_t i = 0; i < count; i++)
        average[i] = keep * average[i] + (1.0f - keep) * w[i];
}

/* In pieces that stay in the cache between the passes. */
#define PIECE 4096

void
adam_update (adam_t *self, size_t first, float *const *gradients, size_t gradient_count,
    size_t begin, size_t end)
{
    assert (gradient_count >= 1 && first + end <= self->count);
    assert (!self->rows || first >= self->row_count * self->row_width);
    for (size_t at = begin; at < end; at += PIECE) {
        size_t count = end - at < PIECE ? end - at : PIECE;
        for (size_t i = 1; i < gradient_count; i++)
            s_collect (gradients[0] + at, gradients[i] + at, count);
        s_update (self, gradients[0] + at, first + at, count);
        if (self->averaged)
            s_average (self, first + at, count, self->keep);
    }
}

void
adam_track_rows (adam_t *self, size_t rows, size_t width)
{
    assert (!self->rows && self->steps == 0 && rows * width <= self->count);
    self->rows = calloc (rows, sizeof (*self->rows));
    assert (self->rows);
    self->row_count = rows;
    self->row_width = width;
    if (self->averaged)
        memcpy (self->averaged, self->weights, rows * width * sizeof (float));
}

/* The average as if every step since the row's last, up to one with this sum, had added
 * its resting weights. */
static void
s_rest (adam_t *self, size_t row, double log_keep)
{
    if (self->averaged && log_keep != self->rows[row].log_keep)
        s_average (self, row * self->row_width, self->row_width,
            (float)exp (log_keep - self->rows[row].log_keep));
}

SIMD_CLONES static void
s_scale (float *x, size_t count, float factor)
{
#pragma omp simd
    for (size_t i = 0; i < count; i++)
        x[i] *= factor;
}

static void
s_catch_up (adam_t *self, size_t row)
{
    size_t at = row * self->row_width;
    double missed = (double)(self->steps - 1 - self->rows[row].step);
    if (missed == 0)
        return;
    s_scale (self->first + at, self->row_width,
        (float)pow ((double)self->settings.beta1, missed));
    s_scale (self->second + at, self->row_width,
        (float)pow ((double)self->settings.beta2, missed));
    double now = self->keep > 0 ? log ((double)self->keep) : 0;
    s_rest (self, row, self->log_keep - now);
}

void
adam_update_rows (adam_t *self, const int32_t *rows, size_t begin, size_t end,
    float *const *gradients, size_t gradient_count)
{
    assert (self->rows && gradient_count >= 1);
    size_t width = self->row_width;
    for (size_t i = begin; i < end; i++) {
        size_t row = (size_t)rows[i];
        assert (row < self->row_count && self->rows[row].step < self->steps);
        for (size_t j = 1; j < gradient_count; j++)
            s_collect (gradients[0] + i * width, gradients[j] + i * width, width);
        s_catch_up (self, row);
        s_update (self, gradients[0] + i * width, row * width, width);
        if (self->averaged)
            s_average (self, row * width, width, self->keep);
        self->rows[row] = (row_t){self->steps, self->log_keep};
    }
}

void
adam_settle (adam_t *self)
{
    for (size_t row = 0; row < self->row_count; row++) {
        s_rest (self, row, self->log_keep);
        self->rows[row].log_keep = self->log_keep;
    }
}

size_t
adam_state (adam_t *self, part_t parts[ADAM_STATE_PARTS])
{
    size_t bytes = self->count * sizeof (float), count = 0;
    parts[count++] = (part_t){"adam.steps", &self->steps, sizeof (self->steps)};
    parts[count++] =
        (part_t){"adam.log_keep", &self->log_keep, sizeof (self->log_keep)};
    parts[count++] = (part_t){"adam.first", self->first, bytes};
    parts[count++] = (part_t){"adam.second", self->second, bytes};
    if (self->averaged)
        parts[count++] = (part_t){"adam.averaged", self->averaged, bytes};
    if (self->rows)
        parts[count++] =
            (part_t){"adam.rows", self->rows, self->row_count * sizeof (*self->rows)};
    return count;
}

const float *
adam_averaged (const adam_t *self)
{
    return self->averaged ? self->averaged : self->weights;
}

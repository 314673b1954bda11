/* SPDX-License-Identifier: Apache-2.0 */
#include "model/train/weighed.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

struct weighed {
    size_t *places; /* count: ascending */
    size_t count;
    int32_t *targets, *negatives; /* of these positions */
    float *factors;
};

weighed_t *
weighed_new (size_t rows)
{
    weighed_t *self = calloc (1, sizeof *self);
    assert (self);
    self->places = calloc (rows + 1, sizeof *self->places);
    self->targets = calloc (rows + 1, sizeof *self->targets);
    self->negatives = calloc (rows + 1, sizeof *self->negatives);
    self->factors = calloc (rows + 1, sizeof *self->factors);
    assert (self->places && self->targets && self->negatives && self->factors);
    return self;
}

void
weighed_destroy (weighed_t **self_p)
{
    weighed_t *self = *self_p;
    if (!self)
        return;
    free (self->places);
    free (self->targets);
    free (self->negatives);
    free (self->factors);
    free (self);
    *self_p = NULL;
}

static void
s_take (weighed_t *self, size_t place, const loss_input_t *input)
{
    size_t at = self->count++;
    self->places[at] = place;
    self->targets[at] = input->targets[place];
    self->factors[at] = input->factors ? input->factors[place] : 1;
    if (input->negatives)
        self->negatives[at] = input->negatives[place];
}

void
weighed_gather (weighed_t *self, const float *weights, size_t width,
    loss_input_t *input, float *hidden)
{
    self->count = 0;
    for (size_t place = 0; place < input->rows; place++) {
        if (!(weights[place] > 0))
            continue;
        memmove (hidden + self->count * width, hidden + place * width,
            width * sizeof *hidden);
        s_take (self, place, input);
    }
    input->rows = self->count;
    input->targets = self->targets;
    input->factors = self->factors;
    if (input->negatives)
        input->negatives = self->negatives;
}

void
weighed_scatter (const weighed_t *self, size_t rows, size_t width, float *x)
{
    size_t left = self->count; /* from the end: no row is overwritten before it moved */
    for (size_t place = rows; place > 0; place--) {
        float *row = x + (place - 1) * width;
        if (left > 0 && self->places[left - 1] == place - 1)
            memmove (row, x + --left * width, width * sizeof *x);
        else
            memset (row, 0, width * sizeof *x);
    }
}

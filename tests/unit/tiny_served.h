/* A model that serves, of the small data set and random weights (tiny_model.h).
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_TESTS_TINY_SERVED_H
#define SASREC_TESTS_TINY_SERVED_H

#include "model/serve/model.h"
#include "tests/unit/tiny_model.h"

typedef struct {
    dataset_t *data;
    sasrec_weights_t *weights;
    model_t *model;
    model_scratch_t *scratch;
} tiny_served_t;

static inline void
tiny_serve (tiny_served_t *self, const sasrec_shape_t *shape, size_t batch)
{
    self->data = tiny_data (50, shape->items);
    self->weights = tiny_weights (shape, 3);
    self->model =
        model_new ("v1", self->weights, self->data->item_ids, self->data->item_counts);
    self->scratch = model_scratch_new (self->model, batch);
}

static inline void
tiny_served_end (tiny_served_t *self)
{
    model_scratch_destroy (&self->scratch);
    model_destroy (&self->model);
    sasrec_weights_destroy (&self->weights);
    dataset_destroy (&self->data);
}

#endif

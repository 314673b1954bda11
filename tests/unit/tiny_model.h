/* A small data set and random weights for it, for tests of what serves.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_TESTS_TINY_MODEL_H
#define SASREC_TESTS_TINY_MODEL_H

#include <stdio.h>
#include <string.h>

#include "base/rng.h"
#include "model/data/dataset.h"
#include "model/net/sasrec.h"

/* Item ids are 10, 20, 30, ...; item 10 is the most popular. */
static inline dataset_t *
tiny_data (size_t users, size_t items)
{
    dataset_builder_t *builder = dataset_builder_new ();
    rng_t rng;
    rng_seed (&rng, 7, 0);
    for (size_t item = 0; item < items; item++)
        dataset_builder_add (builder, "everything", 10 * (int64_t)(item + 1));
    for (size_t user = 0; user < users; user++) {
        char name[24];
        snprintf (name, sizeof name, "user_%zu", user);
        dataset_builder_add (builder, name, 10);
        for (uint64_t i = 2 + rng_below (&rng, 20); i > 0; i--) {
            uint64_t bound = 1 + rng_below (&rng, items);
            int64_t item = (int64_t)rng_below (&rng, bound);
            dataset_builder_add (builder, name, 10 * (item + 1));
        }
    }
    dataset_t *data = dataset_builder_finish (builder);
    dataset_builder_destroy (&builder);
    return data;
}

static inline sasrec_weights_t *
tiny_weights (const sasrec_shape_t *shape, uint64_t seed)
{
    sasrec_weights_t *weights = sasrec_weights_new (shape);
    rng_t rng;
    rng_seed (&rng, seed, 0);
    for (size_t i = 0; i < sasrec_tensor_count (shape); i++) {
        sasrec_tensor_t tensor = sasrec_tensor (weights, i);
        double mean = strstr (tensor.name, "gain") ? 1 : 0;
        for (size_t j = 0; j < tensor.rows * tensor.columns; j++)
            tensor.values[j] = (float)(mean + 0.2 * rng_normal (&rng));
    }
    return weights;
}

#endif

/* A small data set with something to learn, for the tests of training.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_TESTS_DATA_SAMPLES_H
#define SASREC_TESTS_DATA_SAMPLES_H

#include <stdint.h>
#include <stdio.h>

#include "base/rng.h"
#include "model/data/dataset.h"

/* users histories of 5 to 24 of items items; an item is followed by its successor in a
 * ring with probability 0.8, else by a random one. */
static inline dataset_t *
sample_dataset (size_t users, size_t items, uint64_t seed)
{
    rng_t rng;
    rng_seed (&rng, seed, 0);
    dataset_builder_t *builder = dataset_builder_new ();
    for (size_t u = 0; u < users; u++) {
        char name[32];
        snprintf (name, sizeof (name), "user_%zu", u);
        uint64_t item = rng_below (&rng, items), length = 5 + rng_below (&rng, 20);
        for (uint64_t i = 0; i < length; i++) {
            dataset_builder_add (builder, name, (int64_t)item);
            item =
                rng_uniform (&rng) < 0.8 ? (item + 1) % items : rng_below (&rng, items);
        }
    }
    dataset_t *data = dataset_builder_finish (builder);
    dataset_builder_destroy (&builder);
    return data;
}

#endif

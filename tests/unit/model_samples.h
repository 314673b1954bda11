/* Weights and packed batches for the tests of model/. SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_TESTS_MODEL_SAMPLES_H
#define SASREC_TESTS_MODEL_SAMPLES_H

#include <stdint.h>
#include <string.h>

#include "model/net/sasrec.h"

/* Uniform in [-1, 1), the same on every machine. */
static inline float
sample_next (uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (float)((double)(*state >> 40) / 8388608.0 - 1.0);
}

static inline void
sample_fill (float *values, size_t count, float scale, uint64_t *state)
{
    for (size_t i = 0; i < count; i++)
        values[i] = scale * sample_next (state);
}

/* Every tensor random; gains around 1. */
static inline sasrec_weights_t *
sample_weights (const sasrec_shape_t *shape, uint64_t seed)
{
    sasrec_weights_t *weights = sasrec_weights_new (shape);
    for (size_t i = 0; i < sasrec_tensor_count (shape); i++) {
        sasrec_tensor_t tensor = sasrec_tensor (weights, i);
        sample_fill (tensor.values, tensor.rows * tensor.columns, 0.4f, &seed);
        if (strstr (tensor.name, "gain"))
            for (size_t j = 0; j < tensor.columns; j++)
                tensor.values[j] += 1.0f;
    }
    return weights;
}

/* Lengths 1, 3 and 5 of items below 7: fits window >= 5, items >= 7. */
static const int32_t sample_tokens[9] = {2, 0, 6, 1, 5, 5, 3, 2, 4};
static const size_t sample_offsets[4] = {0, 1, 4, 9};

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/serving_cost.h"

#include <stdint.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/rng.h"
#include "model/checkpoint/load.h"
#include "model/serve/model.h"

/* Asked two at a time, as one alone may get a second core. */
enum { S_K = 10, S_MOST = 1000, S_LEAST = 3, S_BATCH = 2 };

#define S_LIMIT_US 300000

/* Microseconds. Histories differ in each place: nothing of them is kept. */
static int64_t
s_ask (const model_t *model, model_scratch_t *scratch, size_t turn)
{
    int64_t histories[S_BATCH][SERVING_COST_HISTORY], item_ids[S_BATCH][S_K];
    float scores[S_BATCH][S_K];
    model_query_t queries[S_BATCH] = {{0}};
    model_answer_t answers[S_BATCH] = {{0}};
    for (size_t b = 0; b < S_BATCH; b++) {
        size_t first = turn * S_BATCH + b;
        for (size_t i = 0; i < SERVING_COST_HISTORY; i++)
            histories[b][i] =
                model_item_id (model, (first + i * i) % model_item_count (model));
        queries[b].history = histories[b];
        queries[b].history_count = SERVING_COST_HISTORY;
        queries[b].k = S_K;
        answers[b] = (model_answer_t){.item_ids = item_ids[b], .scores = scores[b]};
    }
    int64_t start_us = clock_monotonic_us ();
    model_recommend (model, scratch, queries, S_BATCH, answers);
    return clock_monotonic_us () - start_us;
}

static int
s_ascending (const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static double
s_median_ms (const model_t *model)
{
    int64_t times_us[S_MOST], end_us = clock_monotonic_us () + S_LIMIT_US;
    model_scratch_t *scratch = model_scratch_new (model, S_BATCH);
    size_t count = 0;
    s_ask (model, scratch, 0); /* into the caches */
    while (count < S_LEAST || (count < S_MOST && clock_monotonic_us () < end_us)) {
        times_us[count] = s_ask (model, scratch, count);
        count++;
    }
    model_scratch_destroy (&scratch);
    qsort (times_us, count, sizeof *times_us, s_ascending);
    return (double)times_us[count / 2] / S_BATCH / 1000.0;
}

double
serving_cost_ms (const char *path, char error[160])
{
    model_t *model = load_model (path, error);
    double ms = model ? s_median_ms (model) : -1;
    model_destroy (&model);
    return ms;
}

/* What a request takes depends on the shape; how good it is does not matter here. */
static sasrec_weights_t *
s_random (const sasrec_shape_t *shape)
{
    rng_t rng;
    rng_seed (&rng, 1, 0);
    sasrec_weights_t *weights = sasrec_weights_new (shape);
    for (size_t i = 0; i < weights->count; i++)
        weights->values[i] = (float)(0.2 * rng_uniform (&rng) - 0.1);
    return weights;
}

static double
s_shape_ms (const sasrec_shape_t *shape, const dataset_t *data)
{
    sasrec_weights_t *weights = s_random (shape);
    model_t *model = model_new ("trial", weights, data->item_ids, data->item_counts);
    double ms = s_median_ms (model);
    model_destroy (&model);
    sasrec_weights_destroy (&weights);
    return ms;
}

/* Multiples of 16, which is what the kernels take at a time; any number of heads up to 8
 * divides most of them. */
static const size_t s_widths[] = {512, 384, 256, 192, 128, 96, 64, 48, 32, 16};

size_t
serving_cost_width (const sasrec_shape_t *most, const dataset_t *data, double budget_ms,
    double *ms, size_t *least)
{
    sasrec_shape_t shape = *most;
    *ms = s_shape_ms (&shape, data);
    *least = shape.width;
    for (size_t i = 0; i < sizeof s_widths / sizeof s_widths[0] && *ms > budget_ms;
         i++) {
        shape.width = s_widths[i];
        if (shape.width >= most->width || shape.width % shape.heads)
            continue;
        *ms = s_shape_ms (&shape, data);
        *least = shape.width;
    }
    return *ms > budget_ms ? 0 : *least;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/serving_cost.h"

#include <stdint.h>
#include <stdlib.h>

#include "base/clock.h"
#include "model/checkpoint/load.h"
#include "model/serve/model.h"

enum { S_K = 10, S_MOST = 1000, S_LEAST = 3 };

#define S_LIMIT_US 300000

static int64_t
s_ask (const model_t *model, model_scratch_t *scratch, size_t first)
{
    int64_t history[SERVING_COST_HISTORY], item_ids[S_K];
    float scores[S_K];
    for (size_t i = 0; i < SERVING_COST_HISTORY; i++)
        history[i] = model_item_id (model, (first + i * i) % model_item_count (model));
    model_query_t query = {
        .history = history, .history_count = SERVING_COST_HISTORY, .k = S_K};
    model_answer_t answer = {.item_ids = item_ids, .scores = scores};
    int64_t start_us = clock_monotonic_us ();
    model_recommend (model, scratch, &query, 1, &answer);
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
    model_scratch_t *scratch = model_scratch_new (model, 1);
    size_t count = 0;
    s_ask (model, scratch, 0); /* into the caches */
    while (count < S_LEAST || (count < S_MOST && clock_monotonic_us () < end_us)) {
        times_us[count] = s_ask (model, scratch, count);
        count++;
    }
    model_scratch_destroy (&scratch);
    qsort (times_us, count, sizeof *times_us, s_ascending);
    return (double)times_us[count / 2] / 1000.0;
}

double
serving_cost_ms (const char *path, char error[160])
{
    model_t *model = load_model (path, error);
    double ms = model ? s_median_ms (model) : -1;
    model_destroy (&model);
    return ms;
}

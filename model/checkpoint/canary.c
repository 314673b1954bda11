/* SPDX-License-Identifier: Apache-2.0 */
#include "model/checkpoint/canary.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CANARY_K   10
#define K_LIMIT    100 /* of a file */
#define CASE_LIMIT 8
#define ITEM_LIMIT 20000 /* of one history in a file */
#define USER_CASES 4

double
canary_cost (const model_t *model, size_t count)
{
    const sasrec_shape_t *shape = &model_weights (model)->shape;
    double n = (double)(count < shape->window ? count : shape->window);
    double d = (double)shape->width, heads = (double)shape->heads;
    double token = (4 + 2 * (double)shape->ffn_factor) * d * d;
    return 2 * (double)shape->blocks * (n * token + n * n * (d + 10 * heads));
}

/* The longest history, up to count, that leaves time for the other cases. */
static size_t
s_affordable (const model_t *model, size_t count)
{
    while (count > 1 && canary_cost (model, count) > CANARY_COST_LIMIT / CASE_LIMIT)
        count = count < 2 * model_window (model) ? count / 2 : model_window (model);
    return count;
}

typedef struct {
    int64_t item_ids[K_LIMIT];
    float scores[K_LIMIT];
    model_answer_t answer;
} result_t;

static void
s_recommend (const model_t *model, const int64_t *history, size_t count, size_t k,
    result_t *result)
{
    assert (k <= K_LIMIT);
    model_query_t query = {.history = history, .history_count = count, .k = k};
    result->answer =
        (model_answer_t){.item_ids = result->item_ids, .scores = result->scores};
    model_scratch_t *scratch = model_scratch_new (model, 1);
    model_recommend (model, scratch, &query, 1, &result->answer);
    model_scratch_destroy (&scratch);
}

static void
s_add_case (
    json_t *cases, const model_t *model, const int64_t *history, size_t history_count)
{
    result_t result;
    s_recommend (model, history, history_count, CANARY_K, &result);
    json_t *items = json_array (), *scores = json_array (), *ids = json_array ();
    for (size_t i = 0; i < history_count; i++)
        json_array_append_new (items, json_integer (history[i]));
    for (size_t i = 0; i < result.answer.count; i++) {
        json_array_append_new (ids, json_integer (result.item_ids[i]));
        json_array_append_new (scores, json_real ((double)result.scores[i]));
    }
    json_array_append_new (cases, json_pack ("{s:o,s:o,s:o}", "history", items,
                                      "item_ids", ids, "scores", scores));
}

/* An id that no item has. */
static int64_t
s_unknown_id (const model_t *model)
{
    int64_t id = 0;
    while (model_item_index (model, id) >= 0)
        id++;
    return id;
}

/* The last items of a user, at most twice the window. */
static void
s_add_user (json_t *cases, const model_t *model, const dataset_t *data, size_t user)
{
    size_t count = data->offsets[user + 1] - data->offsets[user];
    if (count > 2 * model_window (model))
        count = 2 * model_window (model);
    count = s_affordable (model, count);
    const int32_t *items = data->items + data->offsets[user + 1] - count;
    int64_t *history = calloc (count + 1, sizeof *history);
    assert (history);
    for (size_t i = 0; i < count; i++)
        history[i] = data->item_ids[items[i]];
    s_add_case (cases, model, history, count);
    free (history);
}

/* The window's length and 3, round the items, with an unknown one in the middle. */
static void
s_add_long (json_t *cases, const model_t *model)
{
    size_t count = s_affordable (model, model_window (model) + 3);
    int64_t *history = calloc (count, sizeof *history);
    assert (history);
    for (size_t i = 0; i < count; i++)
        history[i] = model_item_id (model, i % model_item_count (model));
    history[count / 2] = s_unknown_id (model);
    s_add_case (cases, model, history, count);
    free (history);
}

json_t *
canary_new (const model_t *model, const dataset_t *data)
{
    json_t *cases = json_array ();
    s_add_case (cases, model, NULL, 0);
    s_add_case (cases, model, (const int64_t[]){model_item_id (model, 0)}, 1);
    s_add_long (cases, model);
    for (size_t i = 0; i < USER_CASES && i < data->user_count; i++)
        s_add_user (cases, model, data, data->user_count * i / USER_CASES);
    return json_pack ("{s:i,s:o}", "k", CANARY_K, "cases", cases);
}

/* Equal within the tolerance at every place, and every id where its score belongs. */
static int
s_compare (size_t number, const result_t *result, const json_t *ids,
    const json_t *scores, char error[160])
{
    size_t count = json_array_size (ids);
    if (result->answer.count != count || json_array_size (scores) != count) {
        snprintf (error, 160, "canary %zu: %zu items came back, the writer had %zu",
            number, result->answer.count, count);
        return -1;
    }
    double expected[K_LIMIT], most = 0;
    for (size_t i = 0; i < count; i++) {
        expected[i] = json_number_value (json_array_get (scores, i));
        most = fmax (most, fabs (expected[i]));
    }
    double tolerance = CANARY_TOLERANCE * most + 1e-6;
    for (size_t i = 0; i < count; i++) {
        double score = (double)result->scores[i];
        if (!(fabs (score - expected[i]) <= tolerance)) {
            snprintf (error, 160, "canary %zu: score %zu is %.7g, the writer had %.7g",
                number, i + 1, score, expected[i]);
            return -1;
        }
        size_t place = 0;
        while (place < count &&
               json_integer_value (json_array_get (ids, place)) != result->item_ids[i])
            place++;
        double own = expected[place < count ? place : count - 1];
        if (!(fabs (score - own) <= tolerance)) {
            snprintf (error, 160,
                "canary %zu: item %" PRId64 " at place %zu, the writer had %" PRId64,
                number, result->item_ids[i], i + 1,
                (int64_t)json_integer_value (json_array_get (ids, i)));
            return -1;
        }
    }
    return 0;
}

/* Of integers (or numbers), at most limit of them. */
static int
s_check_array (const json_t *array, bool integers, size_t limit)
{
    if (!json_is_array (array) || json_array_size (array) > limit)
        return -1;
    for (size_t i = 0; i < json_array_size (array); i++) {
        const json_t *value = json_array_get (array, i);
        if (integers ? !json_is_integer (value) : !json_is_number (value))
            return -1;
    }
    return 0;
}

static int
s_check_case (
    const model_t *model, size_t k, size_t number, const json_t *entry, char error[160])
{
    const json_t *items = json_object_get (entry, "history");
    const json_t *ids = json_object_get (entry, "item_ids");
    const json_t *scores = json_object_get (entry, "scores");
    if (s_check_array (items, true, ITEM_LIMIT) != 0 ||
        s_check_array (ids, true, k) != 0 || s_check_array (scores, false, k) != 0) {
        snprintf (error, 160, "canary %zu: not {history, item_ids, scores}", number);
        return -1;
    }
    size_t count = json_array_size (items);
    int64_t *history = calloc (count + 1, sizeof *history);
    assert (history);
    for (size_t i = 0; i < count; i++)
        history[i] = json_integer_value (json_array_get (items, i));
    result_t result;
    s_recommend (model, history, count, k, &result);
    free (history);
    return s_compare (number, &result, ids, scores, error);
}

int
canary_check (const model_t *model, const json_t *canary, char error[160])
{
    const json_t *cases = json_object_get (canary, "cases");
    const json_t *k = json_object_get (canary, "k");
    size_t count = json_array_size (cases);
    if (!json_is_integer (k) || json_integer_value (k) < 1 ||
        json_integer_value (k) > K_LIMIT || count < 1 || count > CASE_LIMIT) {
        snprintf (error, 160, "canary: not {k, cases}, or too large");
        return -1;
    }
    double cost = 0;
    for (size_t i = 0; i < count; i++)
        cost += canary_cost (model,
            json_array_size (json_object_get (json_array_get (cases, i), "history")));
    if (cost > CANARY_COST_LIMIT) {
        snprintf (error, 160, "canary: its histories cost too much");
        return -1;
    }
    for (size_t i = 0; i < count; i++)
        if (s_check_case (model, (size_t)json_integer_value (k), i + 1,
                json_array_get (cases, i), error) != 0)
            return -1;
    return 0;
}

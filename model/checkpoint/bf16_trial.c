/* SPDX-License-Identifier: Apache-2.0 */
#include "model/checkpoint/bf16_trial.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

#include "base/rng.h"
#include "model/checkpoint/canary.h"

#define K          10
#define K_NEXT     (2 * K) /* that may come next */
#define BATCH      32
#define REFERENCES (BF16_TRIAL_HISTORIES / 2) /* of the canary, at most */
#define SEED       1

typedef struct {
    int64_t items[K_NEXT]; /* best first */
    float scores[K_NEXT];
    model_answer_t answer;
} result_t;

typedef struct {
    const model_t *model;
    int64_t *items; /* BF16_TRIAL_HISTORIES x L */
    size_t counts[BF16_TRIAL_HISTORIES];
    size_t count;
    double cost;
    result_t exact[BF16_TRIAL_HISTORIES], rounded[BF16_TRIAL_HISTORIES];
} self_t;

/* Place for a history of so many items; NULL when there are enough. */
static int64_t *
s_next (self_t *self, size_t count)
{
    double cost = canary_cost (self->model, count);
    if (self->count == BF16_TRIAL_HISTORIES ||
        (self->count > 0 && self->cost + cost > CANARY_COST_LIMIT))
        return NULL;
    self->cost += cost;
    self->counts[self->count] = count;
    return self->items + self->count++ * model_window (self->model);
}

/* Beginnings of a history, their lengths evenly apart. */
static void
s_add_reference (self_t *self, const json_t *history, size_t beginnings)
{
    size_t size = json_array_size (history), window = model_window (self->model);
    beginnings = beginnings < size ? beginnings : size;
    for (size_t i = 1; i <= beginnings; i++) {
        size_t end = size * i / beginnings, count = end < window ? end : window;
        int64_t *items = s_next (self, count);
        for (size_t j = 0; items && j < count; j++)
            items[j] = json_integer_value (json_array_get (history, end - count + j));
    }
}

static void
s_add_references (self_t *self, const json_t *cases)
{
    for (size_t i = 0; i < json_array_size (cases); i++)
        s_add_reference (self, json_object_get (json_array_get (cases, i), "history"),
            REFERENCES / json_array_size (cases));
}

/* The item at which the sum of counts exceeds the share. */
static size_t
s_find (const double *sums, size_t count, double share)
{
    size_t low = 0, high = count - 1;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (sums[middle] > share * sums[count - 1])
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

static void
s_add_drawn (self_t *self, const int64_t *item_counts)
{
    size_t item_count = model_item_count (self->model), count;
    double *sums = calloc (item_count, sizeof *sums), sum = 0;
    int64_t *items;
    rng_t rng;
    assert (sums);
    for (size_t i = 0; i < item_count; i++)
        sums[i] = sum += (double)item_counts[i];
    rng_seed (&rng, SEED, 0);
    while ((count = 1 + rng_below (&rng, model_window (self->model)),
        items = s_next (self, count)))
        for (size_t i = 0; i < count; i++)
            items[i] = model_item_id (
                self->model, s_find (sums, item_count, rng_uniform (&rng)));
    free (sums);
}

static void
s_answer (const self_t *self, result_t *results)
{
    model_scratch_t *scratch = model_scratch_new (self->model, BATCH);
    model_query_t queries[BATCH];
    model_answer_t answers[BATCH];
    size_t count;
    for (size_t first = 0; first < self->count; first += count) {
        count = self->count - first < BATCH ? self->count - first : BATCH;
        for (size_t i = 0; i < count; i++) {
            size_t at = first + i;
            queries[i] = (model_query_t){
                .history = self->items + at * model_window (self->model),
                .history_count = self->counts[at],
                .k = K_NEXT};
            answers[i] = (model_answer_t){
                .item_ids = results[at].items, .scores = results[at].scores};
        }
        model_recommend (self->model, scratch, queries, count, answers);
        for (size_t i = 0; i < count; i++)
            results[first + i].answer = answers[i];
    }
    model_scratch_destroy (&scratch);
}

/* Of the discounted gain of an item at a place. */
static double
s_gain (const result_t *result, int64_t item)
{
    for (size_t i = 0; i < K && i < result->answer.count; i++)
        if (result->items[i] == item)
            return 1 / log2 ((double)i + 2);
    return 0;
}

static double
s_loss (const result_t *exact, const result_t *rounded)
{
    double loss = 0, sum = 0;
    if (exact->answer.popular)
        return 0;
    for (size_t i = 0; i < exact->answer.count; i++) {
        double share = exp ((double)exact->scores[i] - (double)exact->scores[0]);
        int64_t item = exact->items[i];
        sum += share;
        loss += share * (s_gain (exact, item) - s_gain (rounded, item));
    }
    return sum > 0 ? loss / sum : 0;
}

static double
s_mean_loss (const self_t *self)
{
    double sum = 0;
    for (size_t i = 0; i < self->count; i++)
        sum += s_loss (&self->exact[i], &self->rounded[i]);
    return self->count ? sum / (double)self->count : 0;
}

/* Answers of the model as it is, then in bf16. */
static double
s_compare (self_t *self, model_t *model)
{
    s_answer (self, self->exact);
    model_use_bf16 (model, true);
    s_answer (self, self->rounded);
    return s_mean_loss (self);
}

bf16_trial_t
bf16_trial (model_t *model, const json_t *canary, const int64_t *item_counts)
{
    if (!model_can_use_bf16 ())
        return (bf16_trial_t){0};
    self_t *self = calloc (1, sizeof *self);
    assert (self);
    self->model = model;
    self->items =
        calloc (BF16_TRIAL_HISTORIES * model_window (model), sizeof *self->items);
    assert (self->items);
    s_add_references (self, json_object_get (canary, "cases"));
    s_add_drawn (self, item_counts);
    bf16_trial_t trial = {.possible = true, .histories = self->count};
    trial.loss = s_compare (self, model);
    trial.used = trial.loss <= BF16_TRIAL_LOSS_MOST;
    if (!trial.used)
        model_use_bf16 (model, false);
    free (self->items);
    free (self);
    return trial;
}

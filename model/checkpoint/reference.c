/* SPDX-License-Identifier: Apache-2.0 */
#include "model/checkpoint/reference.h"

#include <assert.h>
#include <stdlib.h>

#include "model/checkpoint/checkpoint.h"
#include "model/drift/baseline.h"

#define SAMPLE       1000
#define SAMPLE_LEAST 100
#define SCORES       400000000.0 /* in all: larger catalogues get fewer users */
#define TOP          10

const double checkpoint_history_bounds[] = {
    0, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000};
const size_t checkpoint_history_bound_count =
    sizeof checkpoint_history_bounds / sizeof *checkpoint_history_bounds;

/* Queries at a time: the item table is then read once for all of them. */
#define BATCH 32

typedef struct {
    const model_t *model;
    const dataset_t *data;
    model_scratch_t *scratch;
    int64_t *history; /* room for BATCH times the longest */
    size_t longest;
    feature_source_t *sources; /* a request each */
    double *scores;            /* room for TOP of each */
    size_t count, score_count;
} sampler_t;

size_t
reference_users (const dataset_t *data)
{
    size_t users = (size_t)(SCORES / (double)data->item_count);
    users = users < SAMPLE_LEAST ? SAMPLE_LEAST : users;
    users = users > SAMPLE ? SAMPLE : users;
    return users < data->user_count ? users : data->user_count;
}

static model_query_t
s_query (const dataset_t *data, size_t user, int64_t *history)
{
    size_t count = data->offsets[user + 1] - data->offsets[user];
    for (size_t i = 0; i < count; i++)
        history[i] = data->item_ids[data->items[data->offsets[user] + i]];
    return (model_query_t){.history = history, .history_count = count, .k = TOP};
}

/* Users first .. first + count - 1 of a sample of `users`. */
static void
s_sample (sampler_t *self, size_t first, size_t count, size_t users)
{
    int64_t item_ids[BATCH][TOP];
    float scores[BATCH][TOP];
    model_query_t queries[BATCH];
    model_answer_t answers[BATCH];
    for (size_t i = 0; i < count; i++) {
        size_t user = self->data->user_count * (first + i) / users;
        queries[i] = s_query (self->data, user, self->history + i * self->longest);
        answers[i] = (model_answer_t){.item_ids = item_ids[i], .scores = scores[i]};
    }
    model_recommend (self->model, self->scratch, queries, count, answers);
    for (size_t i = 0; i < count; i++) {
        self->sources[self->count++] = model_features (&queries[i], &answers[i]);
        for (size_t j = 0; j < answers[i].count; j++)
            self->scores[self->score_count++] = (double)scores[i][j];
    }
}

static size_t
s_longest (const dataset_t *data)
{
    size_t longest = 1;
    for (size_t user = 0; user < data->user_count; user++) {
        size_t count = data->offsets[user + 1] - data->offsets[user];
        longest = count > longest ? count : longest;
    }
    return longest;
}

static json_t *
s_lengths (const sampler_t *self)
{
    histogram_t lengths =
        histogram_new (checkpoint_history_bounds, checkpoint_history_bound_count);
    for (size_t i = 0; i < self->count; i++)
        histogram_add (&lengths, (double)self->sources[i].history_count);
    return histogram_json (&lengths);
}

static json_t *
s_reference (const sampler_t *self)
{
    baseline_t baseline =
        baseline_new (self->sources, self->count, self->scores, self->score_count);
    json_t *reference = baseline_json (&baseline);
    json_object_set_new (reference, "users", json_integer ((json_int_t)self->count));
    json_object_set_new (reference, "history_length", s_lengths (self));
    return reference;
}

json_t *
reference_new (const model_t *model, const dataset_t *data, size_t users)
{
    users = users ? users : reference_users (data);
    size_t longest = s_longest (data);
    sampler_t sampler = {.model = model,
        .data = data,
        .scratch = model_scratch_new (model, BATCH),
        .history = calloc (BATCH * longest, sizeof (int64_t)),
        .longest = longest,
        .sources = calloc (users + 1, sizeof (feature_source_t)),
        .scores = calloc (users * TOP + 1, sizeof (double))};
    assert (sampler.history && sampler.sources && sampler.scores);
    for (size_t at = 0; at < users; at += BATCH)
        s_sample (&sampler, at, users - at < BATCH ? users - at : BATCH, users);
    json_t *reference = s_reference (&sampler);
    model_scratch_destroy (&sampler.scratch);
    free (sampler.history);
    free (sampler.sources);
    free (sampler.scores);
    return reference;
}

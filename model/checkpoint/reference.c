/* SPDX-License-Identifier: Apache-2.0 */
#include "model/checkpoint/reference.h"

#include <assert.h>
#include <stdlib.h>

#include "model/checkpoint/checkpoint.h"

#define SAMPLE       1000
#define SAMPLE_LEAST 100
#define SCORES       100000000.0 /* in all: larger catalogues get fewer users */
#define TOP          10

const double checkpoint_score_bounds[] = {
    -10, -5, -2, -1, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 14, 16, 18, 20, 25, 30};
const size_t checkpoint_score_bound_count =
    sizeof checkpoint_score_bounds / sizeof *checkpoint_score_bounds;
const double checkpoint_history_bounds[] = {
    0, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000};
const size_t checkpoint_history_bound_count =
    sizeof checkpoint_history_bounds / sizeof *checkpoint_history_bounds;

typedef struct {
    const double *bounds;
    size_t bound_count;
    uint64_t counts[32]; /* the last one that is used is open */
} histogram_t;

static void
s_observe (histogram_t *self, double value)
{
    size_t i = 0;
    while (i < self->bound_count && value > self->bounds[i])
        i++;
    self->counts[i]++;
}

static json_t *
s_json (const histogram_t *self)
{
    json_t *bounds = json_array (), *counts = json_array ();
    for (size_t i = 0; i < self->bound_count; i++)
        json_array_append_new (bounds, json_real (self->bounds[i]));
    for (size_t i = 0; i <= self->bound_count; i++)
        json_array_append_new (counts, json_integer ((json_int_t)self->counts[i]));
    return json_pack ("{s:o,s:o}", "bounds", bounds, "counts", counts);
}

/* Queries at a time: the item table is then read once for all of them. */
#define BATCH 32

typedef struct {
    const model_t *model;
    const dataset_t *data;
    model_scratch_t *scratch;
    int64_t *history; /* room for BATCH times the longest */
    size_t longest;
    histogram_t scores, lengths;
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
    return (model_query_t){history, count, TOP, false};
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
        s_observe (&self->lengths, (double)queries[i].history_count);
        for (size_t j = 0; j < answers[i].count; j++)
            s_observe (&self->scores, (double)scores[i][j]);
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

json_t *
reference_new (const model_t *model, const dataset_t *data, size_t users)
{
    size_t longest = s_longest (data);
    sampler_t sampler = {.model = model,
        .data = data,
        .scratch = model_scratch_new (model, BATCH),
        .history = calloc (BATCH * longest, sizeof (int64_t)),
        .longest = longest,
        .scores = {checkpoint_score_bounds, checkpoint_score_bound_count, {0}},
        .lengths = {checkpoint_history_bounds, checkpoint_history_bound_count, {0}}};
    assert (sampler.history);
    users = users ? users : reference_users (data);
    for (size_t at = 0; at < users; at += BATCH)
        s_sample (&sampler, at, users - at < BATCH ? users - at : BATCH, users);
    model_scratch_destroy (&sampler.scratch);
    free (sampler.history);
    return json_pack ("{s:I,s:o,s:o}", "users", (json_int_t)users, "scores",
        s_json (&sampler.scores), "history_length", s_json (&sampler.lengths));
}

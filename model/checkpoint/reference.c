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

typedef struct {
    const model_t *model;
    const dataset_t *data;
    model_scratch_t *scratch;
    int64_t *history; /* room for the longest */
    histogram_t scores, lengths;
} sampler_t;

static void
s_sample_user (sampler_t *self, size_t user)
{
    const dataset_t *data = self->data;
    size_t count = data->offsets[user + 1] - data->offsets[user];
    for (size_t i = 0; i < count; i++)
        self->history[i] = data->item_ids[data->items[data->offsets[user] + i]];
    int64_t item_ids[TOP];
    float scores[TOP];
    model_query_t query = {self->history, count, TOP, false};
    model_answer_t answer = {.item_ids = item_ids, .scores = scores};
    model_recommend (self->model, self->scratch, &query, 1, &answer);
    s_observe (&self->lengths, (double)count);
    for (size_t i = 0; i < answer.count; i++)
        s_observe (&self->scores, (double)scores[i]);
}

static size_t
s_sample (const dataset_t *data)
{
    size_t users = (size_t)(SCORES / (double)data->item_count);
    users = users < SAMPLE_LEAST ? SAMPLE_LEAST : users;
    users = users > SAMPLE ? SAMPLE : users;
    return users < data->user_count ? users : data->user_count;
}

json_t *
reference_new (const model_t *model, const dataset_t *data)
{
    sampler_t sampler = {.model = model,
        .data = data,
        .scratch = model_scratch_new (model, 1),
        .history = calloc (data->interaction_count, sizeof (int64_t)),
        .scores = {checkpoint_score_bounds, checkpoint_score_bound_count, {0}},
        .lengths = {checkpoint_history_bounds, checkpoint_history_bound_count, {0}}};
    assert (sampler.history);
    size_t users = s_sample (data);
    for (size_t i = 0; i < users; i++)
        s_sample_user (&sampler, data->user_count * i / users);
    model_scratch_destroy (&sampler.scratch);
    free (sampler.history);
    return json_pack ("{s:I,s:o,s:o}", "users", (json_int_t)users, "scores",
        s_json (&sampler.scores), "history_length", s_json (&sampler.lengths));
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "model/eval/evaluate.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "model/eval/sampled.h"

#define NOT_RANKED SIZE_MAX

typedef struct {
    const model_t *model;
    const dataset_t *data;
    const int32_t *indexes; /* item of the data -> of the model; -1: unknown */
    ranking_split_t split;
    evaluate_protocol_t protocol;
    uint64_t seed;
    size_t *ranks; /* per user; NOT_RANKED */
} task_t;

/* One thread's share and its memory. */
typedef struct {
    const task_t *task;
    size_t first, end; /* users */
    model_scratch_t *scratch;
    float *scores;     /* V of the model */
    int64_t *history;  /* room for the longest */
    int32_t *excluded; /* likewise */
    sampled_t *sampled;
} share_t;

static int
s_ascending (const void *a, const void *b)
{
    int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;
    return x < y ? -1 : x > y;
}

static size_t
s_full_rank (share_t *self, const int32_t *history, size_t count, int32_t target)
{
    const task_t *task = self->task;
    size_t excluded_count = 0;
    for (size_t i = 0; i < count; i++)
        if (task->indexes[history[i]] >= 0)
            self->excluded[excluded_count++] = task->indexes[history[i]];
    qsort (self->excluded, excluded_count, sizeof *self->excluded, s_ascending);
    return ranking_rank (self->scores, model_item_count (task->model), target,
        self->excluded, excluded_count);
}

static size_t
s_rank_user (share_t *self, size_t user)
{
    const task_t *task = self->task;
    const dataset_t *data = task->data;
    const int32_t *items = data->items + data->offsets[user];
    size_t count = data->offsets[user + 1] - data->offsets[user];
    if (count < 3)
        return NOT_RANKED;
    count -= task->split == RANKING_TEST ? 1 : 2;
    int32_t target = task->indexes[items[count]];
    if (target < 0)
        return model_item_count (task->model);
    for (size_t i = 0; i < count; i++)
        self->history[i] = data->item_ids[items[i]];
    model_query_t query = {.history = self->history, .history_count = count};
    model_scores (task->model, self->scratch, &query, self->scores);
    return task->protocol == EVALUATE_FULL
               ? s_full_rank (self, items, count, target)
               : sampled_rank (self->sampled, task->seed, user, self->scores, target,
                     task->indexes);
}

static void *
s_run (void *argument)
{
    share_t *self = argument;
    for (size_t user = self->first; user < self->end; user++)
        self->task->ranks[user] = s_rank_user (self, user);
    return NULL;
}

static void
s_share_init (share_t *self, const task_t *task, size_t longest)
{
    self->task = task;
    self->scratch = model_scratch_new (task->model, 1);
    self->scores = calloc (model_item_count (task->model), sizeof *self->scores);
    self->history = calloc (longest, sizeof *self->history);
    self->excluded = calloc (longest, sizeof *self->excluded);
    self->sampled = sampled_new (task->data);
    assert (self->scores && self->history && self->excluded);
}

static void
s_share_free (share_t *self)
{
    model_scratch_destroy (&self->scratch);
    free (self->scores);
    free (self->history);
    free (self->excluded);
    sampled_destroy (&self->sampled);
}

/* Shares have as many interactions each: long histories cost more. */
static void
s_run_shares (const task_t *task, size_t threads)
{
    const dataset_t *data = task->data;
    share_t *shares = calloc (threads, sizeof *shares);
    pthread_t *ids = calloc (threads, sizeof *ids);
    assert (shares && ids);
    size_t longest = 1, user = 0;
    for (size_t i = 0; i < data->user_count; i++)
        if (data->offsets[i + 1] - data->offsets[i] > longest)
            longest = data->offsets[i + 1] - data->offsets[i];
    for (size_t i = 0; i < threads; i++) {
        s_share_init (&shares[i], task, longest);
        size_t bar = data->interaction_count / threads * (i + 1);
        shares[i].first = user;
        while (
            user < data->user_count && (i + 1 == threads || data->offsets[user] < bar))
            user++;
        shares[i].end = user;
        int rc = pthread_create (&ids[i], NULL, s_run, &shares[i]);
        assert (rc == 0);
    }
    for (size_t i = 0; i < threads; i++) {
        pthread_join (ids[i], NULL);
        s_share_free (&shares[i]);
    }
    free (shares);
    free (ids);
}

ranking_t
evaluate_model (const model_t *model, const dataset_t *data, ranking_split_t split,
    evaluate_protocol_t protocol, uint64_t seed, size_t threads)
{
    assert (threads > 0);
    int32_t *indexes = calloc (data->item_count, sizeof *indexes);
    size_t *ranks = calloc (data->user_count, sizeof *ranks);
    assert (indexes && ranks);
    for (size_t i = 0; i < data->item_count; i++)
        indexes[i] = model_item_index (model, data->item_ids[i]);
    task_t task = {model, data, indexes, split, protocol, seed, ranks};
    s_run_shares (&task, threads);
    ranking_sum_t sum = {0};
    for (size_t user = 0; user < data->user_count; user++)
        if (ranks[user] != NOT_RANKED)
            ranking_add (&sum, ranks[user]);
    free (indexes);
    free (ranks);
    return ranking_mean (&sum);
}

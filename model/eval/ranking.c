/* SPDX-License-Identifier: Apache-2.0 */
#include "model/eval/ranking.h"

#include <assert.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

void
ranking_add (ranking_sum_t *sum, size_t rank)
{
    sum->users++;
    sum->rr += 1.0 / ((double)rank + 1);
    if (rank < 10) {
        double gain = 1 / log2 ((double)rank + 2);
        sum->ndcg += gain;
        sum->ndcg_square += gain * gain;
        sum->hr += 1;
    }
}

ranking_t
ranking_mean (const ranking_sum_t *sum)
{
    if (!sum->users)
        return (ranking_t){0};
    double n = (double)sum->users;
    double mean = sum->ndcg / n;
    double variance =
        sum->users > 1 ? (sum->ndcg_square - n * mean * mean) / (n - 1) : 0;
    return (ranking_t){.users = sum->users,
        .ndcg10 = mean,
        .hr10 = sum->hr / n,
        .mrr = sum->rr / n,
        .ndcg10_error = sqrt (fmax (variance, 0) / n)};
}

/* "Not below" instead of "at least": a NaN then counts against the target, and a
 * network that fell apart does not look perfect. */
size_t
ranking_rank (const float *scores, size_t item_count, int32_t target,
    const int32_t *excluded, size_t excluded_count)
{
    assert (target >= 0 && (size_t)target < item_count);
    float bar = scores[target];
    size_t above = 0;
    for (size_t i = 0; i < item_count; i++)
        above += scores[i] < bar ? 0 : 1;
    above--;
    for (size_t i = 0; i < excluded_count; i++) {
        bool repeated = i && excluded[i] == excluded[i - 1];
        if (!repeated && excluded[i] != target)
            above -= scores[excluded[i]] < bar ? 0 : 1;
    }
    return above;
}

/* What both floors need: popularity of the training part, and the history of the user
 * at hand. */
typedef struct {
    const dataset_t *data;
    size_t *place;   /* V: position of an item in the order of popularity */
    size_t *seen;    /* V: user + 1 for items of the history of that user */
    int64_t *counts; /* V */
    const int32_t *history;
    size_t history_count;
    int32_t target;
} floor_t;

typedef struct {
    int64_t count, id;
    size_t item;
} popular_t;

static int
s_by_popularity (const void *a, const void *b)
{
    const popular_t *x = a, *y = b;
    if (x->count != y->count)
        return x->count > y->count ? -1 : 1;
    return x->id < y->id ? -1 : x->id > y->id;
}

static void
s_floor_place (floor_t *self)
{
    const dataset_t *data = self->data;
    popular_t *order = calloc (data->item_count, sizeof *order);
    assert (order);
    for (size_t i = 0; i < data->item_count; i++)
        order[i] = (popular_t){0, data->item_ids[i], i};
    for (size_t user = 0; user < data->user_count; user++) {
        const int32_t *items = data->items + data->offsets[user];
        for (size_t i = 0; i < dataset_train_count (data, user); i++)
            order[items[i]].count++;
    }
    qsort (order, data->item_count, sizeof *order, s_by_popularity);
    for (size_t i = 0; i < data->item_count; i++)
        self->place[order[i].item] = i;
    free (order);
}

static void
s_floor_init (floor_t *self, const dataset_t *data)
{
    *self = (floor_t){.data = data};
    self->place = calloc (data->item_count, sizeof *self->place);
    self->seen = calloc (data->item_count, sizeof *self->seen);
    self->counts = calloc (data->item_count, sizeof *self->counts);
    assert (self->place && self->seen && self->counts);
    s_floor_place (self);
}

static void
s_floor_free (floor_t *self)
{
    free (self->place);
    free (self->seen);
    free (self->counts);
}

/* False for a user without a target. */
static bool
s_floor_user (floor_t *self, ranking_split_t split, size_t user)
{
    const dataset_t *data = self->data;
    size_t count = data->offsets[user + 1] - data->offsets[user];
    if (count < 3)
        return false;
    self->history = data->items + data->offsets[user];
    self->history_count = split == RANKING_TEST ? count - 1 : count - 2;
    self->target = self->history[self->history_count];
    for (size_t i = 0; i < self->history_count; i++)
        self->seen[self->history[i]] = user + 1;
    return true;
}

/* Items before the target in the order of popularity that are not in the history. */
static size_t
s_popularity_rank (const floor_t *self, size_t user)
{
    size_t bar = self->place[self->target];
    size_t before = bar;
    for (size_t i = 0; i < self->history_count; i++) {
        size_t item = (size_t)self->history[i];
        if (self->seen[item] == user + 1 && self->place[item] < bar) {
            before--;
            self->seen[item] = 0; /* an item may be there twice */
        }
    }
    return before;
}

ranking_t
ranking_popularity (const dataset_t *data, ranking_split_t split, size_t step)
{
    floor_t floor;
    ranking_sum_t sum = {0};
    size_t ranked = 0;
    s_floor_init (&floor, data);
    for (size_t user = 0; user < data->user_count; user++)
        if (s_floor_user (&floor, split, user) && ranked++ % step == 0)
            ranking_add (&sum, s_popularity_rank (&floor, user));
    s_floor_free (&floor);
    return ranking_mean (&sum);
}

/* Training transitions, grouped by where they start. */
typedef struct {
    size_t *offsets; /* V + 1 */
    int32_t *next;   /* one per transition */
} transitions_t;

static void
s_transitions_init (transitions_t *self, const dataset_t *data)
{
    self->offsets = calloc (data->item_count + 2, sizeof *self->offsets);
    self->next = calloc (data->interaction_count, sizeof *self->next);
    assert (self->offsets && self->next);
    /* Counted one place further up: the fill below then moves each start to its end,
     * which is the next one's start. */
    size_t *fill = self->offsets + 1;
    for (size_t user = 0; user < data->user_count; user++) {
        const int32_t *items = data->items + data->offsets[user];
        for (size_t i = 1; i < dataset_train_count (data, user); i++)
            fill[items[i - 1] + 1]++;
    }
    for (size_t i = 1; i <= data->item_count; i++)
        fill[i] += fill[i - 1];
    for (size_t user = 0; user < data->user_count; user++) {
        const int32_t *items = data->items + data->offsets[user];
        for (size_t i = 1; i < dataset_train_count (data, user); i++)
            self->next[fill[items[i - 1]]++] = items[i];
    }
}

static void
s_transitions_free (transitions_t *self)
{
    free (self->offsets);
    free (self->next);
}

/* Items with more transitions than the target, or as many and more popular. Items
 * without a transition only count when the target has none either. */
static size_t
s_markov_rank (floor_t *self, const transitions_t *transitions, size_t user)
{
    size_t last = (size_t)self->history[self->history_count - 1];
    const int32_t *next = transitions->next + transitions->offsets[last];
    size_t next_count = transitions->offsets[last + 1] - transitions->offsets[last];
    for (size_t i = 0; i < next_count; i++)
        self->counts[next[i]]++;

    int64_t bar = self->counts[self->target];
    size_t bar_place = self->place[self->target];
    size_t before = 0;
    for (size_t i = 0; i < next_count; i++) {
        size_t item = (size_t)next[i];
        int64_t count = self->counts[item];
        self->counts[item] = 0;
        if (count == 0 || self->seen[item] == user + 1)
            continue;
        bool first_by_place = self->place[item] < bar_place;
        if (bar == 0)
            before += !first_by_place; /* the others are counted below */
        else
            before += count > bar || (count == bar && first_by_place);
    }
    return bar == 0 ? before + s_popularity_rank (self, user) : before;
}

ranking_t
ranking_markov (const dataset_t *data, ranking_split_t split, size_t step)
{
    floor_t floor;
    transitions_t transitions;
    ranking_sum_t sum = {0};
    size_t ranked = 0;
    s_floor_init (&floor, data);
    s_transitions_init (&transitions, data);
    for (size_t user = 0; user < data->user_count; user++)
        if (s_floor_user (&floor, split, user) && ranked++ % step == 0)
            ranking_add (&sum, s_markov_rank (&floor, &transitions, user));
    s_transitions_free (&transitions);
    s_floor_free (&floor);
    return ranking_mean (&sum);
}

/* Popularity and Markov chain. SPDX-License-Identifier: Apache-2.0 */
#include "model/eval/floors.h"

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>

/* Where a transition goes, by its place in the order of popularity. */
typedef struct {
    uint32_t place;
    uint32_t count;
    uint32_t rank; /* among those out of the same item: most frequent first */
} successor_t;

typedef struct {
    const dataset_t *data;
    uint32_t *place;         /* V: position of an item in the order of popularity */
    size_t *offsets;         /* V + 1: item i owns successors[offsets[i]..] */
    successor_t *successors; /* of one item: different ones, by place */
    size_t *counts;          /* V: successors of each item */
    uint32_t *seen;          /* room for the longest history: places, ascending */
    size_t seen_count;       /* different ones */
} chain_t;

static void *
s_array (size_t count, size_t size)
{
    void *array = calloc (count + 1, size);
    assert (array);
    return array;
}

static bool
s_stopped (const evaluator_task_t *task)
{
    return task->stop && *task->stop;
}

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

static bool
s_is_target (const dataset_t *data, size_t user, size_t index)
{
    return dataset_weight (data, data->offsets[user] + index) > 0;
}

static void
s_init_places (chain_t *self)
{
    const dataset_t *data = self->data;
    popular_t *order = s_array (data->item_count, sizeof *order);
    for (size_t i = 0; i < data->item_count; i++)
        order[i] = (popular_t){0, data->item_ids[i], i};
    for (size_t user = 0; user < data->user_count; user++) {
        const int32_t *items = data->items + data->offsets[user];
        size_t count = dataset_train_count (data, user);
        for (size_t i = 0; i < count; i++)
            order[items[i]].count += s_is_target (data, user, i);
    }
    qsort (order, data->item_count, sizeof *order, s_by_popularity);
    for (size_t i = 0; i < data->item_count; i++)
        self->place[order[i].item] = (uint32_t)i;
    free (order);
}

/* All transitions, grouped by where they start. */
static void
s_init_transitions (chain_t *self)
{
    const dataset_t *data = self->data;
    /* Counted one place further up: the fill below then moves each start to its end,
     * which is the next one's start. */
    size_t *fill = self->offsets + 1;
    for (size_t user = 0; user < data->user_count; user++) {
        const int32_t *items = data->items + data->offsets[user];
        size_t count = dataset_train_count (data, user);
        for (size_t i = 1; i < count; i++)
            fill[items[i - 1] + 1] += s_is_target (data, user, i);
    }
    for (size_t i = 1; i <= data->item_count; i++)
        fill[i] += fill[i - 1];
    for (size_t user = 0; user < data->user_count; user++) {
        const int32_t *items = data->items + data->offsets[user];
        size_t count = dataset_train_count (data, user);
        for (size_t i = 1; i < count; i++)
            if (s_is_target (data, user, i))
                self->successors[fill[items[i - 1]]++] =
                    (successor_t){self->place[items[i]], 1, 0};
    }
}

static int
s_by_place (const void *a, const void *b)
{
    const successor_t *x = a, *y = b;
    return x->place < y->place ? -1 : x->place > y->place;
}

static int
s_by_count (const void *a, const void *b)
{
    const successor_t *x = a, *y = b;
    if (x->count != y->count)
        return x->count > y->count ? -1 : 1;
    return s_by_place (a, b);
}

/* Equal ones become one with a count. Returns how many are left. */
static size_t
s_merge (successor_t *successors, size_t count)
{
    size_t used = 0;
    qsort (successors, count, sizeof *successors, s_by_place);
    for (size_t i = 0; i < count; i++)
        if (used && successors[used - 1].place == successors[i].place)
            successors[used - 1].count++;
        else
            successors[used++] = successors[i];
    return used;
}

static void
s_init_successors (chain_t *self, const evaluator_task_t *task)
{
    for (size_t item = 0; item < self->data->item_count && !s_stopped (task); item++) {
        successor_t *own = self->successors + self->offsets[item];
        size_t count = s_merge (own, self->offsets[item + 1] - self->offsets[item]);
        qsort (own, count, sizeof *own, s_by_count);
        for (size_t i = 0; i < count; i++)
            own[i].rank = (uint32_t)i;
        qsort (own, count, sizeof *own, s_by_place);
        self->counts[item] = count;
    }
}

static void
s_init (chain_t *self, const dataset_t *data, const evaluator_task_t *task)
{
    size_t longest = 0;
    for (size_t user = 0; user < data->user_count; user++) {
        size_t length = data->offsets[user + 1] - data->offsets[user];
        longest = length > longest ? length : longest;
    }
    *self = (chain_t){.data = data,
        .place = s_array (data->item_count, sizeof *self->place),
        .offsets = s_array (data->item_count + 2, sizeof *self->offsets),
        .successors = s_array (data->interaction_count, sizeof *self->successors),
        .counts = s_array (data->item_count, sizeof *self->counts),
        .seen = s_array (longest, sizeof *self->seen)};
    s_init_places (self);
    s_init_transitions (self);
    s_init_successors (self, task);
}

static void
s_free (chain_t *self)
{
    free (self->place);
    free (self->offsets);
    free (self->successors);
    free (self->counts);
    free (self->seen);
}

static int
s_ascending (const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return x < y ? -1 : x > y;
}

/* What is left out of this user's ranking. */
static void
s_see (chain_t *self, const int32_t *history, size_t count)
{
    size_t used = 0, begin = (size_t)(history - self->data->items);
    for (size_t i = 0; i < count; i++)
        if (dataset_is_seen (self->data, begin + i))
            self->seen[used++] = self->place[history[i]];
    qsort (self->seen, used, sizeof *self->seen, s_ascending);
    self->seen_count = 0;
    for (size_t i = 0; i < used; i++)
        if (i == 0 || self->seen[i] != self->seen[self->seen_count - 1])
            self->seen[self->seen_count++] = self->seen[i];
}

static bool
s_has_seen (const chain_t *self, uint32_t place)
{
    return self->seen_count && bsearch (&place, self->seen, self->seen_count,
                                   sizeof *self->seen, s_ascending);
}

/* Places before the target's that were not seen. */
static size_t
s_popularity_rank (const chain_t *self, uint32_t target)
{
    size_t before = target;
    for (size_t i = 0; i < self->seen_count && self->seen[i] < target; i++)
        before--;
    return before;
}

/* Out of one item. */
typedef struct {
    const successor_t *list;
    size_t count;
} successors_t;

static const successor_t *
s_find (const successors_t *out, uint32_t place)
{
    const successor_t key = {.place = place};
    return out->count ? bsearch (&key, out->list, out->count, sizeof key, s_by_place)
                      : NULL;
}

/* Successors that are less popular than the target. */
static size_t
s_behind (const successors_t *out, uint32_t target)
{
    size_t low = 0, high = out->count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (out->list[middle].place <= target)
            low = middle + 1;
        else
            high = middle;
    }
    return out->count - low;
}

/* Of a target that is a successor: the more frequent ones come before it. Of another
 * one: all successors do, and those of the rest that are more popular. */
static size_t
s_markov_rank (const chain_t *self, size_t last, uint32_t target)
{
    const successors_t out = {
        self->successors + self->offsets[last], self->counts[last]};
    const successor_t *own = s_find (&out, target);
    size_t before =
        own ? own->rank : s_popularity_rank (self, target) + s_behind (&out, target);
    for (size_t i = 0; i < self->seen_count; i++) {
        const successor_t *seen = s_find (&out, self->seen[i]);
        if (seen && (own ? seen->rank < own->rank : seen->place > target))
            before--;
    }
    return before;
}

/* The user's rank in both orders. */
static void
s_rank (chain_t *self, const evaluator_task_t *task, const int32_t *history,
    size_t count, floors_ranks_t *ranks)
{
    uint32_t target = self->place[history[count]];
    size_t at = ranks->count++;
    s_see (self, history, task->include_seen ? 0 : count);
    ranks->popularity[at] = ranks->markov[at] = RANKING_UNREACHABLE;
    if (s_has_seen (self, target))
        return;
    ranks->popularity[at] = s_popularity_rank (self, target);
    ranks->markov[at] = s_markov_rank (self, (size_t)history[count - 1], target);
}

static void
s_rank_users (chain_t *self, const evaluator_task_t *task, floors_ranks_t *ranks)
{
    size_t ranked = 0, count;
    for (size_t user = 0; user < self->data->user_count && !s_stopped (task); user++) {
        const int32_t *history =
            ranking_history (self->data, task->split, user, &count);
        if (history && ranked++ % task->step == 0)
            s_rank (self, task, history, count, ranks);
    }
}

int
floors_measure (const dataset_t *data, const evaluator_task_t *task, floors_t *floors,
    floors_ranks_t *ranks)
{
    chain_t chain;
    floors_ranks_t own = {s_array (data->user_count, sizeof (size_t)),
        s_array (data->user_count, sizeof (size_t)), 0};
    assert (task->step > 0);
    s_init (&chain, data, task);
    s_rank_users (&chain, task, &own);
    s_free (&chain);
    *floors = (floors_t){
        ranking_of (own.popularity, own.count), ranking_of (own.markov, own.count)};
    if (ranks)
        *ranks = own;
    else
        floors_ranks_free (&own);
    return s_stopped (task) ? -1 : 0;
}

void
floors_ranks_free (floors_ranks_t *ranks)
{
    free (ranks->popularity);
    free (ranks->markov);
    *ranks = (floors_ranks_t){0};
}

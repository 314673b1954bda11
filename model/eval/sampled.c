/* SPDX-License-Identifier: Apache-2.0 */
#include "model/eval/sampled.h"

#include <assert.h>
#include <stdlib.h>

#include "base/rng.h"

#define NEGATIVES 100

struct sampled {
    const dataset_t *data;
    int32_t *trained; /* room for the longest history: different items, ascending */
    size_t count;
};

sampled_t *
sampled_new (const dataset_t *data)
{
    sampled_t *self = calloc (1, sizeof (*self));
    assert (self);
    self->data = data;
    size_t longest = 0;
    for (size_t user = 0; user < data->user_count; user++) {
        size_t count = dataset_train_count (data, user);
        longest = count > longest ? count : longest;
    }
    self->trained = calloc (longest + 1, sizeof (*self->trained));
    assert (self->trained);
    return self;
}

void
sampled_destroy (sampled_t **self_p)
{
    if (!self_p || !*self_p)
        return;
    free ((*self_p)->trained);
    free (*self_p);
    *self_p = NULL;
}

static int
s_ascending (const void *a, const void *b)
{
    int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;
    return x < y ? -1 : x > y;
}

static void
s_read_trained (sampled_t *self, size_t user)
{
    const int32_t *items = self->data->items + self->data->offsets[user];
    size_t count = dataset_train_count (self->data, user);
    self->count = 0;
    for (size_t i = 0; i < count; i++)
        self->trained[i] = items[i];
    qsort (self->trained, count, sizeof (*self->trained), s_ascending);
    for (size_t i = 0; i < count; i++)
        if (i == 0 || self->trained[i] != self->trained[self->count - 1])
            self->trained[self->count++] = self->trained[i];
}

/* The item at a place among those that are not trained on: before the i-th trained item
 * there are trained[i] - i of them. */
static size_t
s_other (const sampled_t *self, size_t place)
{
    size_t low = 0, high = self->count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if ((size_t)self->trained[middle] - middle <= place)
            low = middle + 1;
        else
            high = middle;
    }
    return place + low;
}

size_t
sampled_rank (sampled_t *self, uint64_t seed, size_t user, const float *scores,
    int32_t target, const int32_t *indexes)
{
    rng_t rng;
    size_t rank = 0;
    s_read_trained (self, user);
    size_t others = self->data->item_count - self->count;
    rng_seed (&rng, seed, user);
    for (size_t drawn = 0; drawn < NEGATIVES && others; drawn++) {
        size_t item = s_other (self, (size_t)rng_below (&rng, others));
        int32_t index = indexes ? indexes[item] : (int32_t)item;
        /* NaN counts against the target. */
        rank += index >= 0 && index != target && !(scores[index] <= scores[target]);
    }
    return rank;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "model/eval/sampled.h"

#include <assert.h>
#include <stdlib.h>

#include "base/rng.h"

#define NEGATIVES 100

struct sampled {
    const dataset_t *data;
    size_t *trained; /* V: user + 1 of the last user who trained on it */
};

sampled_t *
sampled_new (const dataset_t *data)
{
    sampled_t *self = calloc (1, sizeof (*self));
    assert (self);
    self->data = data;
    self->trained = calloc (data->item_count, sizeof (*self->trained));
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

/* Returns how many different ones there are. */
static size_t
s_mark_trained (sampled_t *self, size_t user)
{
    const int32_t *items = self->data->items + self->data->offsets[user];
    size_t different = 0;
    for (size_t i = 0; i < dataset_train_count (self->data, user); i++)
        if (self->trained[items[i]] != user + 1) {
            self->trained[items[i]] = user + 1;
            different++;
        }
    return different;
}

size_t
sampled_rank (sampled_t *self, uint64_t seed, size_t user, const float *scores,
    int32_t target, const int32_t *indexes)
{
    size_t rank = 0;
    if (s_mark_trained (self, user) == self->data->item_count)
        return 0; /* nothing left to draw */
    rng_t rng;
    rng_seed (&rng, seed, user);
    for (size_t drawn = 0; drawn < NEGATIVES;) {
        size_t item = (size_t)rng_below (&rng, self->data->item_count);
        if (self->trained[item] == user + 1)
            continue;
        drawn++;
        int32_t index = indexes ? indexes[item] : (int32_t)item;
        /* NaN counts against the target. */
        rank += index >= 0 && index != target && !(scores[index] <= scores[target]);
    }
    return rank;
}

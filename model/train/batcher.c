/* SPDX-License-Identifier: Apache-2.0 */
#include "model/train/batcher.h"

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    int32_t *tokens, *targets;    /* token_limit */
    float *weights;               /* likewise; NULL: no kinds */
    size_t *offsets;              /* batch_users + 1 */
    batcher_history_t *histories; /* batch_users */
    size_t count;
} share_t;

typedef struct {
    const int32_t *history; /* all training items of the user */
    size_t first;           /* of its items that the example has */
    size_t last_first;      /* the same for the last window: there are as many others */
    size_t length;          /* inputs; one item more */
    size_t count;           /* all training items of the user */
} example_t;

struct batcher {
    const dataset_t *data; /* borrowed */
    example_t *examples;
    uint32_t *order; /* of this epoch: indexes of examples */
    size_t example_count;
    example_t *batch; /* batch_users: longest first */
    size_t batch_users;
    size_t threads;
    double earlier;
    size_t token_limit;
    uint64_t positions;
    double weight; /* of all last windows */
    share_t *shares;
};

static size_t
s_collect (batcher_t *self, const dataset_t *data, size_t window)
{
    size_t longest = 0;
    for (size_t u = 0; u < data->user_count; u++) {
        size_t count = dataset_example_count (data, u);
        if (count < 2)
            continue;
        size_t length = count - 1 < window ? count - 1 : window;
        size_t first = count - length - 1;
        self->examples[self->example_count++] =
            (example_t){data->items + data->offsets[u], first, first, length,
                dataset_train_count (data, u)};
        self->positions += length;
        for (size_t i = first + 1; i < count; i++)
            self->weight += (double)dataset_weight (data, data->offsets[u] + i);
        longest = length > longest ? length : longest;
    }
    return longest;
}

static void
s_order (batcher_t *self)
{
    for (size_t i = 0; i < self->example_count; i++)
        self->order[i] = (uint32_t)i;
}

batcher_t *
batcher_new (const dataset_t *data, const batcher_settings_t *settings)
{
    size_t batch_users = settings->batch_users, threads = settings->threads;
    assert (settings->window > 0 && batch_users > 0 && threads > 0);
    batcher_t *self = calloc (1, sizeof (*self));
    assert (self);
    self->examples = calloc (data->user_count + 1, sizeof (*self->examples));
    self->order = calloc (data->user_count + 1, sizeof (*self->order));
    self->batch = calloc (batch_users, sizeof (*self->batch));
    self->shares = calloc (threads, sizeof (*self->shares));
    assert (self->examples && self->order && self->batch && self->shares);
    self->data = data;
    self->batch_users = batch_users;
    self->threads = threads;
    self->earlier = settings->earlier;
    size_t longest = s_collect (self, data, settings->window);
    s_order (self);
    /* The longest-first rule of s_assign leaves no share above the mean plus one. */
    self->token_limit = (batch_users / threads + 2) * longest + 1;
    for (size_t i = 0; i < threads; i++) {
        share_t *share = &self->shares[i];
        share->tokens = calloc (self->token_limit, sizeof (int32_t));
        share->targets = calloc (self->token_limit, sizeof (int32_t));
        share->offsets = calloc (batch_users + 1, sizeof (size_t));
        share->histories = calloc (batch_users, sizeof (*share->histories));
        assert (share->tokens && share->targets && share->offsets && share->histories);
        share->weights =
            data->kinds ? calloc (self->token_limit, sizeof (float)) : NULL;
        assert (share->weights || !data->kinds);
    }
    return self;
}

void
batcher_destroy (batcher_t **self_p)
{
    if (!self_p || !*self_p)
        return;
    batcher_t *self = *self_p;
    for (size_t i = 0; i < self->threads; i++) {
        free (self->shares[i].tokens);
        free (self->shares[i].targets);
        free (self->shares[i].weights);
        free (self->shares[i].offsets);
        free (self->shares[i].histories);
    }
    free (self->shares);
    free (self->batch);
    free (self->order);
    free (self->examples);
    free (self);
    *self_p = NULL;
}

size_t
batcher_batch_count (const batcher_t *self)
{
    return (self->example_count + self->batch_users - 1) / self->batch_users;
}

uint64_t
batcher_positions (const batcher_t *self)
{
    return self->positions;
}

double
batcher_mean_weight (const batcher_t *self)
{
    return self->example_count ? self->weight / (double)self->example_count : 1;
}

size_t
batcher_token_limit (const batcher_t *self)
{
    return self->token_limit;
}

size_t
batcher_sequence_limit (const batcher_t *self)
{
    return self->batch_users;
}

bool
batcher_has_weights (const batcher_t *self)
{
    return self->data->kinds != NULL;
}

static void
s_choose_windows (batcher_t *self, rng_t *rng)
{
    for (size_t i = 0; i < self->example_count; i++) {
        example_t *example = &self->examples[i];
        example->first = example->last_first;
        if (example->last_first > 0 && rng_uniform (rng) < self->earlier)
            example->first = (size_t)rng_below (rng, example->last_first + 1);
    }
}

void
batcher_shuffle (batcher_t *self, rng_t *rng)
{
    if (self->earlier > 0)
        s_choose_windows (self, rng);
    s_order (self);
    for (size_t i = self->example_count; i > 1; i--) {
        size_t j = (size_t)rng_below (rng, i);
        uint32_t index = self->order[i - 1];
        self->order[i - 1] = self->order[j];
        self->order[j] = index;
    }
}

/* Longest first; equal ones by user, so that the order is always the same. */
static int
s_compare (const void *a, const void *b)
{
    const example_t *x = a, *y = b;
    if (x->length != y->length)
        return x->length > y->length ? -1 : 1;
    return x->history < y->history ? -1 : x->history > y->history;
}

static void
s_weigh (const batcher_t *self, const example_t *example, float *weights)
{
    size_t first = (size_t)(example->history - self->data->items) + example->first + 1;
    for (size_t i = 0; i < example->length; i++)
        weights[i] = dataset_weight (self->data, first + i);
}

static void
s_append (const batcher_t *self, share_t *share, const example_t *example)
{
    size_t at = share->offsets[share->count],
           bytes = example->length * sizeof (int32_t);
    const int32_t *items = example->history + example->first;
    memcpy (share->tokens + at, items, bytes);
    memcpy (share->targets + at, items + 1, bytes);
    if (share->weights)
        s_weigh (self, example, share->weights + at);
    share->histories[share->count] =
        (batcher_history_t){example->history, example->count};
    share->offsets[++share->count] = at + example->length;
}

static size_t
s_tokens (const share_t *share)
{
    return share->offsets[share->count];
}

/* To the share with the fewest tokens. */
static void
s_assign (batcher_t *self, const example_t *example)
{
    share_t *least = &self->shares[0];
    for (size_t i = 1; i < self->threads; i++)
        if (s_tokens (&self->shares[i]) < s_tokens (least))
            least = &self->shares[i];
    assert (s_tokens (least) + example->length <= self->token_limit);
    s_append (self, least, example);
}

size_t
batcher_fill (batcher_t *self, size_t batch)
{
    size_t begin = batch * self->batch_users;
    assert (begin < self->example_count);
    size_t count = self->example_count - begin;
    count = count < self->batch_users ? count : self->batch_users;
    for (size_t i = 0; i < count; i++)
        self->batch[i] = self->examples[self->order[begin + i]];
    qsort (self->batch, count, sizeof (example_t), s_compare);
    for (size_t i = 0; i < self->threads; i++)
        self->shares[i].count = 0;
    size_t positions = 0;
    for (size_t i = 0; i < count; i++) {
        s_assign (self, &self->batch[i]);
        positions += self->batch[i].length;
    }
    return positions;
}

batcher_share_t
batcher_share (const batcher_t *self, size_t thread)
{
    const share_t *share = &self->shares[thread];
    return (batcher_share_t){share->tokens, share->targets, share->weights,
        share->offsets, share->histories, share->count};
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "model/train/touched.h"

#include <assert.h>
#include <stdlib.h>

#define TRIES 100 /* for a negative outside the history */

typedef struct {
    uint32_t step; /* when the item got its row */
    int32_t row;
} slot_t;

typedef struct {
    int32_t *tokens, *targets, *negatives; /* rows */
} share_t;

struct touched {
    const batcher_t *batcher; /* borrowed */
    size_t threads;
    loss_kind_t kind;
    size_t items; /* V */
    size_t drawn; /* per batch: sampled only */
    size_t limit;
    slot_t *slots;    /* V */
    uint32_t *marks;  /* V, bce only: sequence whose history the item is in */
    uint32_t mark;    /* of the sequence at hand */
    uint32_t step;    /* counts collects */
    int32_t *touched; /* limit: items by row */
    size_t count;
    share_t *shares; /* threads */
};

static void *
s_array (size_t count, size_t size)
{
    void *array = calloc (count ? count : 1, size);
    assert (array);
    return array;
}

touched_t *
touched_new (const batcher_t *batcher, size_t threads, loss_kind_t kind, size_t items,
    size_t negatives)
{
    assert (loss_draws (kind) && items >= 2);
    touched_t *self = s_array (1, sizeof (*self));
    size_t tokens = batcher_token_limit (batcher);
    self->batcher = batcher;
    self->threads = threads;
    self->kind = kind;
    self->items = items;
    if (kind == LOSS_SAMPLED) {
        assert (negatives >= 1);
        self->drawn = negatives < items ? negatives + 1 : items;
    }
    self->limit = self->drawn + threads * tokens * (kind == LOSS_BCE ? 3 : 2);
    self->limit = self->limit < items ? self->limit : items;
    self->slots = s_array (items, sizeof (slot_t));
    self->marks = s_array (kind == LOSS_BCE ? items : 1, sizeof (uint32_t));
    self->touched = s_array (self->limit, sizeof (int32_t));
    self->shares = s_array (threads, sizeof (share_t));
    for (size_t i = 0; i < threads; i++) {
        self->shares[i].tokens = s_array (tokens, sizeof (int32_t));
        self->shares[i].targets = s_array (tokens, sizeof (int32_t));
        self->shares[i].negatives = s_array (tokens, sizeof (int32_t));
    }
    return self;
}

void
touched_destroy (touched_t **self_p)
{
    if (!self_p || !*self_p)
        return;
    touched_t *self = *self_p;
    for (size_t i = 0; i < self->threads; i++) {
        free (self->shares[i].tokens);
        free (self->shares[i].targets);
        free (self->shares[i].negatives);
    }
    free (self->shares);
    free (self->touched);
    free (self->marks);
    free (self->slots);
    free (self);
    *self_p = NULL;
}

/* The item's row; a new one at its first time in this step. */
static int32_t
s_row (touched_t *self, size_t item)
{
    slot_t *slot = &self->slots[item];
    if (slot->step != self->step) {
        assert (self->count < self->limit);
        *slot = (slot_t){self->step, (int32_t)self->count};
        self->touched[self->count++] = (int32_t)item;
    }
    return slot->row;
}

static bool
s_has_row (const touched_t *self, size_t item)
{
    return self->slots[item].step == self->step;
}

/* Different items, every set as likely as any other (Floyd's algorithm, CACM 1987). */
static void
s_draw_shared (touched_t *self, rng_t *rng)
{
    for (size_t last = self->items - self->drawn; last < self->items; last++) {
        size_t item = (size_t)rng_below (rng, last + 1);
        s_row (self, s_has_row (self, item) ? last : item);
    }
}

static void
s_mark_history (touched_t *self, batcher_history_t history)
{
    if (++self->mark == 0) /* after 2^32 sequences */
        for (size_t i = 0; i < self->items; i++)
            self->marks[i] = 0;
    self->mark += self->mark == 0;
    for (size_t i = 0; i < history.count; i++)
        self->marks[history.items[i]] = self->mark;
}

/* A user may have every item: after TRIES any other one than the target will do, in a
 * single draw. There are at least two items. */
static size_t
s_draw_one (const touched_t *self, size_t target, rng_t *rng)
{
    for (size_t tries = 0; tries < TRIES; tries++) {
        size_t item = (size_t)rng_below (rng, self->items);
        if (item != target && self->marks[item] != self->mark)
            return item;
    }
    size_t other = (size_t)rng_below (rng, self->items - 1);
    return other + (other >= target);
}

static void
s_draw_per_position (touched_t *self, size_t thread, rng_t *rng)
{
    batcher_share_t given = batcher_share (self->batcher, thread);
    for (size_t b = 0; b < given.sequence_count; b++) {
        s_mark_history (self, given.histories[b]);
        for (size_t t = given.offsets[b]; t < given.offsets[b + 1]; t++)
            self->shares[thread].negatives[t] =
                s_row (self, s_draw_one (self, (size_t)given.targets[t], rng));
    }
}

static void
s_translate (touched_t *self, size_t thread)
{
    batcher_share_t given = batcher_share (self->batcher, thread);
    share_t *share = &self->shares[thread];
    for (size_t t = 0; t < given.offsets[given.sequence_count]; t++) {
        share->tokens[t] = s_row (self, (size_t)given.tokens[t]);
        share->targets[t] = s_row (self, (size_t)given.targets[t]);
    }
}

void
touched_collect (touched_t *self, rng_t *rng)
{
    self->step++;
    self->count = 0;
    assert (self->step); /* 2^32 steps are more than a run has */
    if (self->kind == LOSS_SAMPLED)
        s_draw_shared (self, rng);
    for (size_t i = 0; i < self->threads; i++) {
        s_translate (self, i);
        if (self->kind == LOSS_BCE)
            s_draw_per_position (self, i, rng);
    }
}

size_t
touched_limit (const touched_t *self)
{
    return self->limit;
}

size_t
touched_drawn_limit (const touched_t *self)
{
    return self->drawn;
}

size_t
touched_count (const touched_t *self)
{
    return self->count;
}

size_t
touched_drawn (const touched_t *self)
{
    return self->drawn;
}

const int32_t *
touched_items (const touched_t *self)
{
    return self->touched;
}

batcher_share_t
touched_share (const touched_t *self, size_t thread)
{
    batcher_share_t share = batcher_share (self->batcher, thread);
    share.tokens = self->shares[thread].tokens;
    share.targets = self->shares[thread].targets;
    return share;
}

const int32_t *
touched_negatives (const touched_t *self, size_t thread)
{
    return self->shares[thread].negatives;
}

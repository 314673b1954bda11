/* SPDX-License-Identifier: Apache-2.0 */
#include "model/serve/offer.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/grow.h"

/* An item whose time comes, or goes. */
typedef struct {
    int64_t from_ms, until_ms;
    uint32_t item;
    bool hidden;
} timed_t;

struct offer {
    uint64_t serial;
    size_t item_count;
    size_t words;
    uint64_t *hidden;
    size_t hidden_count;
    int64_t made_ms, until_ms;
    uint32_t *sets; /* NULL until an item has one */
    categories_t *categories;
    timed_t *timed;
    size_t timed_count, timed_capacity;
};

static void *
s_copy (const void *from, size_t count, size_t size)
{
    void *copy = calloc (count + 1, size);
    assert (copy);
    return from ? memcpy (copy, from, count * size) : copy;
}

static offer_t *
s_new (const offer_t *like, size_t item_count, categories_t *categories)
{
    offer_t *self = calloc (1, sizeof *self);
    assert (self);
    static atomic_uint_fast64_t made;
    self->serial = atomic_fetch_add (&made, 1) + 1;
    self->item_count = item_count;
    self->words = (item_count + 63) / 64;
    self->hidden =
        s_copy (like ? like->hidden : NULL, self->words, sizeof *self->hidden);
    if (like && like->sets)
        self->sets = s_copy (like->sets, item_count, sizeof *self->sets);
    self->categories = categories_retain (categories);
    return self;
}

void
offer_destroy (offer_t **self_p)
{
    offer_t *self = *self_p;
    if (!self)
        return;
    categories_release (&self->categories);
    free (self->hidden);
    free (self->sets);
    free (self->timed);
    free (self);
    *self_p = NULL;
}

static void
s_set_hidden (offer_t *self, size_t item, bool hidden)
{
    uint64_t bit = (uint64_t)1 << item % 64;
    if (hidden)
        self->hidden[item / 64] |= bit;
    else
        self->hidden[item / 64] &= ~bit;
}

static void
s_add_timed (offer_t *self, const timed_t *timed)
{
    self->timed = grow (
        self->timed, &self->timed_capacity, self->timed_count + 1, sizeof *self->timed);
    self->timed[self->timed_count++] = *timed;
}

static void
s_set_item (offer_t *self, size_t item, const catalogue_row_t *row)
{
    if (!self->sets && row->set != CATEGORIES_NO_SET)
        self->sets = s_copy (NULL, self->item_count, sizeof *self->sets);
    if (self->sets)
        self->sets[item] = row->set;
    s_set_hidden (self, item, row->hidden);
    timed_t timed = {row->from_ms, row->until_ms, (uint32_t)item, row->hidden};
    if (row->from_ms != CATALOGUE_ALWAYS || row->until_ms != CATALOGUE_NEVER)
        s_add_timed (self, &timed);
}

static int64_t
s_next_ms (const timed_t *timed, int64_t now_ms)
{
    return timed->hidden              ? CATALOGUE_NEVER
           : timed->from_ms > now_ms  ? timed->from_ms
           : timed->until_ms > now_ms ? timed->until_ms
                                      : CATALOGUE_NEVER;
}

/* What depends on the time, and what follows from all. */
static offer_t *
s_finish (offer_t *self, int64_t now_ms)
{
    self->made_ms = now_ms;
    self->until_ms = CATALOGUE_NEVER;
    self->hidden_count = 0;
    for (size_t i = 0; i < self->timed_count; i++) {
        const timed_t *timed = &self->timed[i];
        int64_t next_ms = s_next_ms (timed, now_ms);
        s_set_hidden (self, timed->item,
            timed->hidden || now_ms < timed->from_ms || now_ms >= timed->until_ms);
        if (next_ms < self->until_ms)
            self->until_ms = next_ms;
    }
    for (size_t i = 0; i < self->words; i++)
        self->hidden_count += (size_t)__builtin_popcountll (self->hidden[i]);
    return self;
}

offer_t *
offer_new (const catalogue_t *catalogue, const model_t *model, int64_t now_ms)
{
    offer_t *self =
        s_new (NULL, model_item_count (model), catalogue_categories (catalogue));
    for (size_t i = 0; i < catalogue_count (catalogue); i++) {
        catalogue_row_t row = catalogue_at (catalogue, i);
        int32_t item = model_item_index (model, row.item_id);
        if (item >= 0)
            s_set_item (self, (size_t)item, &row);
    }
    return s_finish (self, now_ms);
}

/* The times of all items but those of the mask. */
static void
s_copy_timed (offer_t *self, const offer_t *old, const uint64_t *mask)
{
    for (size_t i = 0; i < old->timed_count; i++) {
        uint32_t item = old->timed[i].item;
        if (!mask || !(mask[item / 64] >> item % 64 & 1))
            s_add_timed (self, &old->timed[i]);
    }
}

offer_t *
offer_changed (const offer_t *old, const catalogue_t *catalogue, const model_t *model,
    const int64_t *item_ids, size_t count, int64_t now_ms)
{
    offer_t *self = s_new (old, old->item_count, catalogue_categories (catalogue));
    uint64_t *mask = s_copy (NULL, self->words, sizeof *mask);
    for (size_t i = 0; i < count; i++) {
        int32_t item = model_item_index (model, item_ids[i]);
        if (item >= 0)
            mask[item / 64] |= (uint64_t)1 << item % 64;
    }
    s_copy_timed (self, old, mask);
    for (size_t i = 0; i < count; i++) {
        catalogue_row_t row;
        int32_t item = model_item_index (model, item_ids[i]);
        uint64_t bit = item >= 0 ? (uint64_t)1 << item % 64 : 0;
        if (item < 0 || !(mask[item / 64] & bit)) /* unknown, or given twice */
            continue;
        mask[item / 64] &= ~bit;
        if (catalogue_find (catalogue, item_ids[i], &row))
            s_set_item (self, (size_t)item, &row);
    }
    free (mask);
    return s_finish (self, now_ms);
}

offer_t *
offer_at (const offer_t *old, int64_t now_ms)
{
    offer_t *self = s_new (old, old->item_count, old->categories);
    s_copy_timed (self, old, NULL);
    return s_finish (self, now_ms);
}

const uint64_t *
offer_hidden (const offer_t *self)
{
    return self->hidden_count > 0 ? self->hidden : NULL;
}

size_t
offer_hidden_count (const offer_t *self)
{
    return self->hidden_count;
}

int64_t
offer_until_ms (const offer_t *self)
{
    return self->until_ms;
}

bool
offer_has_times (const offer_t *self)
{
    return self->timed_count > 0;
}

bool
offer_is_old (const offer_t *self, int64_t now_ms)
{
    return self->timed_count > 0 &&
           (self->until_ms <= now_ms || now_ms < self->made_ms);
}

const uint32_t *
offer_sets (const offer_t *self)
{
    return self->sets;
}

const categories_t *
offer_categories (const offer_t *self)
{
    return self->categories;
}

uint64_t
offer_serial (const offer_t *self)
{
    return self->serial;
}

size_t
offer_size (const offer_t *self)
{
    return sizeof *self + self->words * sizeof *self->hidden +
           (self->sets ? self->item_count * sizeof *self->sets : 0) +
           self->timed_capacity * sizeof *self->timed;
}

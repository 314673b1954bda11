/* SPDX-License-Identifier: Apache-2.0 */
#include "model/serve/catalogue.h"

#include <assert.h>
#include <stdlib.h>

#include "base/grow.h"
#include "base/hash_index.h"

#define NO_TIMES 0

typedef struct {
    int64_t item_id;
    uint32_t set;
    uint32_t times : 31; /* place in times; few items have any */
    uint32_t hidden : 1;
} row_t;

typedef struct {
    int64_t from_ms, until_ms;
} times_t;

struct catalogue {
    row_t *rows;
    size_t count, capacity;
    hash_index_t index; /* of rows */
    times_t *times;     /* the first stands for none */
    size_t times_count, times_capacity;
    categories_t *categories;
};

catalogue_t *
catalogue_new (void)
{
    catalogue_t *self = calloc (1, sizeof *self);
    assert (self);
    hash_index_init (&self->index, 0);
    self->categories = categories_new ();
    self->times = grow (NULL, &self->times_capacity, 1, sizeof *self->times);
    self->times[self->times_count++] = (times_t){CATALOGUE_ALWAYS, CATALOGUE_NEVER};
    return self;
}

void
catalogue_destroy (catalogue_t **self_p)
{
    catalogue_t *self = *self_p;
    if (!self)
        return;
    hash_index_free (&self->index);
    categories_release (&self->categories);
    free (self->rows);
    free (self->times);
    free (self);
    *self_p = NULL;
}

static bool
s_same (const void *owner, uint32_t position, const void *key)
{
    const catalogue_t *self = owner;
    return self->rows[position].item_id == *(const int64_t *)key;
}

static uint32_t
s_find (const catalogue_t *self, int64_t item_id)
{
    return hash_index_find (&self->index, (uint64_t)item_id, s_same, self, &item_id);
}

static row_t *
s_row (catalogue_t *self, int64_t item_id)
{
    uint32_t found = s_find (self, item_id);
    if (found != HASH_INDEX_NONE)
        return &self->rows[found];
    self->rows =
        grow (self->rows, &self->capacity, self->count + 1, sizeof *self->rows);
    hash_index_add (&self->index, (uint64_t)item_id, (uint32_t)self->count);
    row_t *row = &self->rows[self->count++];
    *row = (row_t){.item_id = item_id};
    return row;
}

/* A row keeps its place for times once it had some. */
static void
s_set_times (catalogue_t *self, row_t *row, int64_t from_ms, int64_t until_ms)
{
    bool none = from_ms == CATALOGUE_ALWAYS && until_ms == CATALOGUE_NEVER;
    if (none && row->times == NO_TIMES)
        return;
    if (row->times == NO_TIMES) {
        self->times = grow (self->times, &self->times_capacity, self->times_count + 1,
            sizeof *self->times);
        row->times = self->times_count++ & INT32_MAX;
    }
    self->times[row->times] = (times_t){from_ms, until_ms};
}

void
catalogue_put (catalogue_t *self, const catalogue_row_t *row, const char *categories)
{
    row_t *own = s_row (self, row->item_id);
    own->hidden = row->hidden;
    own->set = categories_add (&self->categories, categories);
    s_set_times (self, own, row->from_ms, row->until_ms);
}

size_t
catalogue_count (const catalogue_t *self)
{
    return self->count;
}

catalogue_row_t
catalogue_at (const catalogue_t *self, size_t position)
{
    assert (position < self->count);
    const row_t *row = &self->rows[position];
    const times_t *times = &self->times[row->times];
    return (catalogue_row_t){
        row->item_id, row->hidden, times->from_ms, times->until_ms, row->set};
}

bool
catalogue_find (const catalogue_t *self, int64_t item_id, catalogue_row_t *row)
{
    uint32_t found = s_find (self, item_id);
    if (found != HASH_INDEX_NONE)
        *row = catalogue_at (self, found);
    return found != HASH_INDEX_NONE;
}

categories_t *
catalogue_categories (const catalogue_t *self)
{
    return self->categories;
}

bool
catalogue_offers (const catalogue_row_t *row, int64_t now_ms)
{
    return !row->hidden && now_ms >= row->from_ms && now_ms < row->until_ms;
}

size_t
catalogue_size (const catalogue_t *self)
{
    return sizeof *self + self->capacity * sizeof *self->rows +
           (self->index.mask + 1) * sizeof *self->index.slots +
           self->times_capacity * sizeof *self->times +
           categories_size (self->categories);
}

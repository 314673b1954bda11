/* SPDX-License-Identifier: Apache-2.0 */
#include "base/ring.h"

#include <assert.h>
#include <stdlib.h>

struct ring {
    void **items;
    size_t capacity;
    size_t head; /* index of the oldest */
    size_t count;
};

ring_t *
ring_new (size_t capacity)
{
    assert (capacity > 0);
    ring_t *self = calloc (1, sizeof *self);
    assert (self);
    self->items = calloc (capacity, sizeof *self->items);
    assert (self->items);
    self->capacity = capacity;
    return self;
}

void
ring_destroy (ring_t **self_p)
{
    assert (self_p);
    ring_t *self = *self_p;
    if (!self)
        return;
    assert (self->count == 0);
    free (self->items);
    free (self);
    *self_p = NULL;
}

size_t
ring_count (const ring_t *self)
{
    assert (self);
    return self->count;
}

bool
ring_full (const ring_t *self)
{
    assert (self);
    return self->count == self->capacity;
}

int
ring_push (ring_t *self, void *item)
{
    assert (self);
    assert (item); /* NULL is what an empty ring pops */
    if (ring_full (self))
        return -1;
    self->items[(self->head + self->count) % self->capacity] = item;
    self->count++;
    return 0;
}

void *
ring_pop (ring_t *self)
{
    void *item = ring_peek (self);
    if (item) {
        self->head = (self->head + 1) % self->capacity;
        self->count--;
    }
    return item;
}

void *
ring_peek (const ring_t *self)
{
    assert (self);
    return self->count > 0 ? self->items[self->head] : NULL;
}

/* Item id -> dense index. SPDX-License-Identifier: Apache-2.0 */
#include "model/data/idmap.h"

#include <assert.h>
#include <stdlib.h>

typedef struct {
    int64_t id; /* -1: empty */
    int32_t index;
} slot_t;

struct idmap {
    slot_t *slots;
    size_t mask; /* slot count - 1, a power of two */
    size_t count;
};

static slot_t *
s_slots_new (size_t size)
{
    slot_t *slots = malloc (size * sizeof *slots);
    assert (slots);
    for (size_t i = 0; i < size; i++)
        slots[i] = (slot_t){-1, -1};
    return slots;
}

idmap_t *
idmap_new (size_t expected)
{
    idmap_t *self = calloc (1, sizeof *self);
    assert (self);
    size_t size = 16;
    while (size < 2 * expected)
        size *= 2;
    self->slots = s_slots_new (size);
    self->mask = size - 1;
    return self;
}

void
idmap_destroy (idmap_t **self_p)
{
    if (*self_p) {
        free ((*self_p)->slots);
        free (*self_p);
        *self_p = NULL;
    }
}

size_t
idmap_count (const idmap_t *self)
{
    return self->count;
}

/* The slot that holds the id, or the empty one where it belongs. */
static slot_t *
s_slot (const idmap_t *self, int64_t id)
{
    uint64_t hash = (uint64_t)id * 0x9E3779B97F4A7C15u;
    hash ^= hash >> 32;
    size_t at = (size_t)hash & self->mask;
    while (self->slots[at].id != id && self->slots[at].id != -1)
        at = (at + 1) & self->mask;
    return &self->slots[at];
}

static void
s_grow (idmap_t *self)
{
    slot_t *old = self->slots;
    size_t old_size = self->mask + 1;
    self->slots = s_slots_new (2 * old_size);
    self->mask = 2 * old_size - 1;
    for (size_t i = 0; i < old_size; i++)
        if (old[i].id != -1)
            *s_slot (self, old[i].id) = old[i];
    free (old);
}

int32_t
idmap_add (idmap_t *self, int64_t id)
{
    assert (id >= 0);
    slot_t *slot = s_slot (self, id);
    if (slot->id == id)
        return slot->index;
    if (2 * (self->count + 1) > self->mask + 1) {
        s_grow (self);
        slot = s_slot (self, id);
    }
    assert (self->count < INT32_MAX);
    *slot = (slot_t){id, (int32_t)self->count++};
    return slot->index;
}

int32_t
idmap_find (const idmap_t *self, int64_t id)
{
    return id < 0 ? -1 : s_slot (self, id)->index;
}

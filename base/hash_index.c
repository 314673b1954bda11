/* Linear probing; removal moves what comes behind. SPDX-License-Identifier: Apache-2.0 */
#include "base/hash_index.h"

#include <assert.h>
#include <stdlib.h>

static void
s_allocate (hash_index_t *self, size_t size)
{
    self->slots = calloc (size, sizeof *self->slots);
    assert (self->slots);
    self->mask = size - 1;
}

void
hash_index_init (hash_index_t *self, size_t expected)
{
    size_t size = 16;
    while (size < 2 * expected)
        size *= 2;
    self->count = 0;
    s_allocate (self, size);
}

void
hash_index_free (hash_index_t *self)
{
    free (self->slots);
    *self = (hash_index_t){0};
}

static void
s_insert (hash_index_t *self, uint64_t slot)
{
    size_t at = slot >> 32 & self->mask;
    while (self->slots[at])
        at = (at + 1) & self->mask;
    self->slots[at] = slot;
}

static void
s_grow (hash_index_t *self)
{
    uint64_t *old = self->slots;
    size_t old_size = self->mask + 1;
    s_allocate (self, 2 * old_size);
    for (size_t i = 0; i < old_size; i++)
        if (old[i])
            s_insert (self, old[i]);
    free (old);
}

static uint64_t
s_slot (uint64_t hash, uint32_t position)
{
    return hash_index_place (hash) << 32 | (position + UINT32_C (1));
}

void
hash_index_add (hash_index_t *self, uint64_t hash, uint32_t position)
{
    assert (position < HASH_INDEX_MOST && self->count < HASH_INDEX_MOST);
    if (2 * ++self->count > self->mask + 1)
        s_grow (self);
    s_insert (self, s_slot (hash, position));
}

/* A slot may move to the hole when the hole lies between its own place and where it is. */
void
hash_index_remove (hash_index_t *self, uint64_t hash, uint32_t position)
{
    uint64_t slot = s_slot (hash, position);
    size_t hole = slot >> 32 & self->mask;
    while (self->slots[hole] != slot) {
        assert (self->slots[hole]);
        hole = (hole + 1) & self->mask;
    }
    size_t at = hole;
    while (self->slots[at = (at + 1) & self->mask]) {
        size_t place = self->slots[at] >> 32 & self->mask;
        if (((at - place) & self->mask) >= ((at - hole) & self->mask)) {
            self->slots[hole] = self->slots[at];
            hole = at;
        }
    }
    self->slots[hole] = 0;
    self->count--;
}

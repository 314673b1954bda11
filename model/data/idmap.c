/* SPDX-License-Identifier: Apache-2.0 */
#include "model/data/idmap.h"

#include <assert.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/random.h>

#include "base/hash_index.h"

/* Ids come from files too: with a factor that nobody knows they cannot be chosen so that
 * all of them meet in the table (multiply-shift, Dietzfelbinger et al. 1997). */
static uint64_t s_factor;

static void
s_draw_factor (void)
{
    if (getrandom (&s_factor, sizeof s_factor, 0) != sizeof s_factor)
        s_factor = (uint64_t)(uintptr_t)&s_factor;
    s_factor |= 1;
}

static uint64_t
s_hash (int64_t id)
{
    return (uint64_t)id * s_factor;
}

struct idmap {
    hash_index_t index;
    int64_t *ids; /* by their dense index */
    size_t capacity;
};

idmap_t *
idmap_new (size_t expected)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once (&once, s_draw_factor);
    idmap_t *self = calloc (1, sizeof *self);
    assert (self);
    hash_index_init (&self->index, expected);
    self->capacity = expected > 8 ? expected : 8;
    self->ids = calloc (self->capacity, sizeof *self->ids);
    assert (self->ids);
    return self;
}

void
idmap_destroy (idmap_t **self_p)
{
    if (*self_p) {
        hash_index_free (&(*self_p)->index);
        free ((*self_p)->ids);
        free (*self_p);
        *self_p = NULL;
    }
}

size_t
idmap_count (const idmap_t *self)
{
    return self->index.count;
}

void
idmap_expect (const idmap_t *self, int64_t id)
{
    hash_index_expect (&self->index, s_hash (id));
}

static bool
s_same (const void *owner, uint32_t position, const void *key)
{
    return ((const idmap_t *)owner)->ids[position] == *(const int64_t *)key;
}

int32_t
idmap_find (const idmap_t *self, int64_t id)
{
    uint32_t at = hash_index_find (&self->index, s_hash (id), s_same, self, &id);
    return at == HASH_INDEX_NONE ? -1 : (int32_t)at;
}

int64_t
idmap_id (const idmap_t *self, size_t index)
{
    assert (index < idmap_count (self));
    return self->ids[index];
}

int32_t
idmap_add (idmap_t *self, int64_t id)
{
    assert (id >= 0);
    int32_t found = idmap_find (self, id);
    if (found >= 0)
        return found;
    size_t count = idmap_count (self);
    assert (count < INT32_MAX);
    if (count == self->capacity) {
        self->capacity *= 2;
        self->ids = realloc (self->ids, self->capacity * sizeof *self->ids);
        assert (self->ids);
    }
    self->ids[count] = id;
    hash_index_add (&self->index, s_hash (id), (uint32_t)count);
    return (int32_t)count;
}

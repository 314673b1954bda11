/* A ring; each result's slot is its position in the index. SPDX-License-Identifier: Apache-2.0 */
#include "actors/recent.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/hash_index.h"

struct recent {
    result_t **results; /* ring of limit; NULL: not used, or its id has a newer one */
    hash_index_t index; /* by request id */
    size_t limit;
    size_t next; /* slot of the next put: the oldest */
};

recent_t *
recent_new (size_t limit)
{
    assert (limit > 0);
    recent_t *self = calloc (1, sizeof *self);
    assert (self);
    self->limit = limit;
    self->results = calloc (limit, sizeof *self->results);
    assert (self->results);
    hash_index_init (&self->index, limit);
    return self;
}

void
recent_destroy (recent_t **self_p)
{
    recent_t *self = *self_p;
    if (!self)
        return;
    for (size_t i = 0; i < self->limit; i++)
        result_destroy (&self->results[i]);
    free (self->results);
    hash_index_free (&self->index);
    free (self);
    *self_p = NULL;
}

/* Ids are ours or a stranger's; a bad spread costs time, bounded by the limit. */
static uint64_t
s_hash (const char *request_id)
{
    return hash_bytes (HASH_START, request_id, strlen (request_id));
}

static bool
s_same (const void *owner, uint32_t position, const void *key)
{
    const recent_t *self = owner;
    return strcmp (self->results[position]->request_id, key) == 0;
}

static uint32_t
s_find (const recent_t *self, const char *request_id)
{
    return hash_index_find (
        &self->index, s_hash (request_id), s_same, self, request_id);
}

static void
s_forget (recent_t *self, uint32_t slot)
{
    hash_index_remove (&self->index, s_hash (self->results[slot]->request_id), slot);
    result_destroy (&self->results[slot]);
}

void
recent_put (recent_t *self, result_t **result_p)
{
    const char *request_id = (*result_p)->request_id;
    uint32_t slot = (uint32_t)self->next, older = s_find (self, request_id);
    if (older != HASH_INDEX_NONE)
        s_forget (self, older);
    if (self->results[slot])
        s_forget (self, slot);
    hash_index_add (&self->index, s_hash (request_id), slot);
    self->results[slot] = *result_p;
    *result_p = NULL;
    self->next = (self->next + 1) % self->limit;
}

const result_t *
recent_find (const recent_t *self, const char *request_id)
{
    uint32_t slot = s_find (self, request_id);
    return slot == HASH_INDEX_NONE ? NULL : self->results[slot];
}

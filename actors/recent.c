/* The most recent results. SPDX-License-Identifier: Apache-2.0 */
#include "actors/recent.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    result_t *result; /* NULL: not used yet */
    size_t below;     /* next older slot of the same bucket, plus one; 0 = none */
} recent_slot_t;

struct recent {
    recent_slot_t *slots; /* ring of limit */
    size_t *buckets;      /* newest slot of each, plus one; 0 = empty */
    size_t limit;
    size_t bucket_mask;
    size_t next; /* slot of the next put: the oldest */
};

recent_t *
recent_new (size_t limit)
{
    assert (limit > 0);
    recent_t *self = calloc (1, sizeof *self);
    assert (self);
    size_t bucket_count = 1;
    while (bucket_count < limit)
        bucket_count *= 2;
    self->limit = limit;
    self->bucket_mask = bucket_count - 1;
    self->slots = calloc (limit, sizeof *self->slots);
    self->buckets = calloc (bucket_count, sizeof *self->buckets);
    assert (self->slots && self->buckets);
    return self;
}

void
recent_destroy (recent_t **self_p)
{
    recent_t *self = *self_p;
    if (!self)
        return;
    for (size_t i = 0; i < self->limit; i++)
        result_destroy (&self->slots[i].result);
    free (self->slots);
    free (self->buckets);
    free (self);
    *self_p = NULL;
}

/* FNV-1a. Ids are ours or a stranger's; a bad spread costs time, bounded by the limit. */
static size_t *
s_bucket (const recent_t *self, const char *request_id)
{
    size_t hash = 1469598103934665603u;
    for (const char *c = request_id; *c; c++)
        hash = (hash ^ (unsigned char)*c) * 1099511628211u;
    return &self->buckets[hash & self->bucket_mask];
}

/* The oldest slot is the last of its bucket, since buckets are ordered by age. */
static void
s_evict (recent_t *self, size_t index)
{
    recent_slot_t *slot = &self->slots[index];
    if (!slot->result)
        return;
    size_t *link = s_bucket (self, slot->result->request_id);
    while (*link != index + 1)
        link = &self->slots[*link - 1].below;
    *link = slot->below;
    result_destroy (&slot->result);
}

void
recent_put (recent_t *self, result_t **result_p)
{
    size_t index = self->next;
    s_evict (self, index);
    size_t *bucket = s_bucket (self, (*result_p)->request_id);
    self->slots[index] = (recent_slot_t){.result = *result_p, .below = *bucket};
    *bucket = index + 1;
    *result_p = NULL;
    self->next = (index + 1) % self->limit;
}

const result_t *
recent_find (const recent_t *self, const char *request_id)
{
    size_t at = *s_bucket (self, request_id);
    while (at && strcmp (self->slots[at - 1].result->request_id, request_id) != 0)
        at = self->slots[at - 1].below;
    return at ? self->slots[at - 1].result : NULL;
}

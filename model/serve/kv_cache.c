/* SPDX-License-Identifier: Apache-2.0 */
#include "model/serve/kv_cache.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash_index.h"
#include "base/metrics.h"

#define NONE HASH_INDEX_NONE

/* Bytes of the limit for each hash that is remembered of who asked. */
#define BYTES_ASKED 1024
#define ASKED_LEAST 1024

/* Free ones are chained by `older`. */
typedef struct {
    kept_t *kept;    /* NULL: free */
    int32_t *tokens; /* count */
    size_t count;
    uint64_t hash; /* of the tokens */
    size_t size;   /* bytes */
    uint32_t older, newer;
} entry_t;

struct kv_cache {
    pthread_mutex_t mutex; /* of all below */
    size_t byte_limit, bytes;
    hash_index_t index; /* of entries, by their tokens */
    entry_t *entries;
    uint32_t room, free;
    uint32_t oldest, newest;
    uint64_t *asked; /* hashes of histories, each where its lower bits say */
    size_t asked_mask;
    metric_t *hits, *misses, *evicted, *spared, *size;
};

kv_cache_t *
kv_cache_new (size_t byte_limit)
{
    const char *lookups = "sasrec_kv_cache_lookups_total";
    const char *why = "Histories looked up among those kept.";
    kv_cache_t *self = calloc (1, sizeof *self);
    assert (self && byte_limit > 0);
    pthread_mutex_init (&self->mutex, NULL);
    self->byte_limit = byte_limit;
    self->free = self->oldest = self->newest = NONE;
    hash_index_init (&self->index, 64);
    size_t asked = ASKED_LEAST;
    while (asked < byte_limit / BYTES_ASKED)
        asked *= 2;
    self->asked = calloc (asked, sizeof *self->asked);
    assert (self->asked);
    self->asked_mask = asked - 1;
    self->hits = metrics_counter (lookups, why, "outcome=\"hit\"");
    self->misses = metrics_counter (lookups, why, "outcome=\"miss\"");
    self->evicted = metrics_counter ("sasrec_kv_cache_evicted_total",
        "Histories let go of because the bytes ran out.", "");
    self->spared = metrics_counter ("sasrec_kv_cache_items_total",
        "Items of histories that were not computed again.", "");
    self->size = metrics_gauge (
        "sasrec_kv_cache_bytes", "Memory of the histories that are kept.", "");
    return self;
}

static void
s_grow (kv_cache_t *self)
{
    uint32_t room = self->room ? 2 * self->room : 64;
    self->entries = realloc (self->entries, room * sizeof *self->entries);
    assert (self->entries);
    for (uint32_t i = room; i-- > self->room;) {
        self->entries[i] = (entry_t){.older = self->free};
        self->free = i;
    }
    self->room = room;
}

static void
s_set_bytes (kv_cache_t *self, size_t bytes)
{
    metric_change (self->size, (double)bytes - (double)self->bytes);
    self->bytes = bytes;
}

static void
s_link (kv_cache_t *self, uint32_t at)
{
    entry_t *entry = &self->entries[at];
    entry->older = self->newest;
    entry->newer = NONE;
    if (self->newest != NONE)
        self->entries[self->newest].newer = at;
    else
        self->oldest = at;
    self->newest = at;
    hash_index_add (&self->index, entry->hash, at);
    s_set_bytes (self, self->bytes + entry->size);
}

/* Out of the cache; what it holds is the caller's. */
static entry_t
s_remove (kv_cache_t *self, uint32_t at)
{
    entry_t entry = self->entries[at];
    hash_index_remove (&self->index, entry.hash, at);
    if (entry.older != NONE)
        self->entries[entry.older].newer = entry.newer;
    else
        self->oldest = entry.newer;
    if (entry.newer != NONE)
        self->entries[entry.newer].older = entry.older;
    else
        self->newest = entry.older;
    s_set_bytes (self, self->bytes - entry.size);
    self->entries[at] = (entry_t){.older = self->free};
    self->free = at;
    return entry;
}

static void
s_free (entry_t *entry)
{
    kept_destroy (&entry->kept);
    free (entry->tokens);
}

void
kv_cache_destroy (kv_cache_t **self_p)
{
    kv_cache_t *self = *self_p;
    if (!self)
        return;
    while (self->oldest != NONE) {
        entry_t entry = s_remove (self, self->oldest);
        s_free (&entry);
    }
    hash_index_free (&self->index);
    pthread_mutex_destroy (&self->mutex);
    free (self->entries);
    free (self->asked);
    free (self);
    *self_p = NULL;
}

typedef struct {
    const int32_t *tokens;
    size_t count;
} beginning_t;

static bool
s_same (const void *owner, uint32_t position, const void *key)
{
    const entry_t *entry = &((const kv_cache_t *)owner)->entries[position];
    const beginning_t *wanted = key;
    return entry->count == wanted->count &&
           memcmp (entry->tokens, wanted->tokens,
               wanted->count * sizeof *wanted->tokens) == 0;
}

/* Goes on from hash, 0 at first. */
static uint64_t
s_hash (uint64_t hash, const int32_t *tokens, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        hash = (hash ^ (uint32_t)tokens[i]) * 0x9E3779B97F4A7C15u;
        hash ^= hash >> 29;
    }
    return hash;
}

/* The longest beginning: hashes[i] is of the first least + i tokens. */
static uint32_t
s_find (const kv_cache_t *self, const int32_t *tokens, size_t count, size_t least,
    const uint64_t *hashes)
{
    for (size_t length = count; length >= least; length--) {
        beginning_t key = {tokens, length};
        uint32_t at =
            hash_index_find (&self->index, hashes[length - least], s_same, self, &key);
        if (at != NONE)
            return at;
    }
    return NONE;
}

/* Whether one of the beginnings was asked for; the whole, the last of them, is now. */
static bool
s_came_back (kv_cache_t *self, const uint64_t *hashes, size_t count)
{
    bool found = false;
    for (size_t i = 0; i < count; i++)
        found |= self->asked[hashes[i] & self->asked_mask] == hashes[i];
    self->asked[hashes[count - 1] & self->asked_mask] = hashes[count - 1];
    return found;
}

kept_t *
kv_cache_take (kv_cache_t *self, const int32_t *tokens, size_t count, bool *came_back)
{
    *came_back = false;
    if (count < KV_CACHE_LEAST)
        return NULL;
    size_t least =
        count - KV_CACHE_LEAST < KV_CACHE_STEP ? KV_CACHE_LEAST : count - KV_CACHE_STEP;
    uint64_t hashes[KV_CACHE_STEP + 1];
    hashes[0] = s_hash (0, tokens, least);
    for (size_t length = least; length < count; length++)
        hashes[length + 1 - least] =
            s_hash (hashes[length - least], tokens + length, 1);
    entry_t entry = {0};
    pthread_mutex_lock (&self->mutex);
    uint32_t at = s_find (self, tokens, count, least, hashes);
    if (at != NONE)
        entry = s_remove (self, at);
    *came_back = s_came_back (self, hashes, count + 1 - least);
    pthread_mutex_unlock (&self->mutex);
    metric_add (entry.kept ? self->hits : self->misses, 1);
    if (entry.kept && entry.count == count) /* its last position is asked for */
        kept_set_count (entry.kept, count - 1);
    if (entry.kept)
        metric_add (self->spared, kept_count (entry.kept));
    free (entry.tokens);
    return entry.kept;
}

/* The entry of these tokens, or the oldest one; NONE when nothing has to go. */
static uint32_t
s_leaver (const kv_cache_t *self, const entry_t *entry)
{
    beginning_t key = {entry->tokens, entry->count};
    uint32_t at = hash_index_find (&self->index, entry->hash, s_same, self, &key);
    return at == NONE && self->bytes + entry->size > self->byte_limit ? self->oldest
                                                                      : at;
}

static void
s_insert (kv_cache_t *self, const entry_t *entry)
{
    if (self->free == NONE)
        s_grow (self);
    uint32_t at = self->free;
    self->free = self->entries[at].older;
    self->entries[at] = *entry;
    s_link (self, at);
}

void
kv_cache_put (kv_cache_t *self, const int32_t *tokens, size_t count, kept_t **kept_p)
{
    entry_t entry = {.kept = *kept_p, .count = count};
    assert (entry.kept && kept_count (entry.kept) == count);
    *kept_p = NULL;
    entry.tokens = malloc (count * sizeof *tokens);
    assert (entry.tokens);
    memcpy (entry.tokens, tokens, count * sizeof *tokens);
    entry.hash = s_hash (0, tokens, count);
    entry.size = sizeof entry + count * sizeof *tokens + kept_size (entry.kept);
    bool fits = entry.size <= self->byte_limit;
    for (uint32_t at = 0; fits && at != NONE;) {
        entry_t old = {0};
        pthread_mutex_lock (&self->mutex);
        at = s_leaver (self, &entry);
        if (at != NONE)
            old = s_remove (self, at);
        else
            s_insert (self, &entry);
        pthread_mutex_unlock (&self->mutex);
        if (old.kept && old.hash != entry.hash)
            metric_add (self->evicted, 1);
        s_free (&old);
    }
    if (!fits)
        s_free (&entry);
}

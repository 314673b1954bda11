/* Finds the elements of somebody's array by a key that stands in them: a hash table of
 * positions, by open addressing at a load of at most one half. The array, the keys and
 * what makes them equal stay with the owner, so one table serves numbers, texts and
 * structs. Lookups from any number of threads. SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_BASE_HASH_INDEX_H
#define SASREC_BASE_HASH_INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HASH_INDEX_NONE UINT32_MAX
#define HASH_INDEX_MOST (UINT32_C (1) << 31) /* elements */

typedef struct {
    uint64_t
        *slots; /* the hash's place (upper half), the position + 1 (lower); 0 = empty */
    size_t mask; /* slot count - 1, a power of two */
    size_t count;
} hash_index_t;

/* The element at this position of the owner's array has this key. */
typedef bool hash_index_same_t (const void *owner, uint32_t position, const void *key);

void hash_index_init (hash_index_t *self, size_t expected);
void hash_index_free (hash_index_t *self);

/* hash: any function of the key, it is mixed here. The key must not be there yet. */
void hash_index_add (hash_index_t *self, uint64_t hash, uint32_t position);

/* The hash that it was added with; it must be there. */
void hash_index_remove (hash_index_t *self, uint64_t hash, uint32_t position);

static inline uint64_t
hash_index_place (uint64_t hash)
{
    return ((hash ^ hash >> 29) * 0x9E3779B97F4A7C15u) >> 32;
}

/* A key of this hash will be looked up soon: its slot is on its way from memory. */
static inline void
hash_index_expect (const hash_index_t *self, uint64_t hash)
{
    __builtin_prefetch (&self->slots[hash_index_place (hash) & self->mask]);
}

/* The position, or HASH_INDEX_NONE. */
static inline uint32_t
hash_index_find (const hash_index_t *self, uint64_t hash, hash_index_same_t *same,
    const void *owner, const void *key)
{
    uint64_t place = hash_index_place (hash);
    for (size_t at = place & self->mask; self->slots[at]; at = (at + 1) & self->mask) {
        uint32_t position = (uint32_t)self->slots[at] - 1;
        if (self->slots[at] >> 32 == place && same (owner, position, key))
            return position;
    }
    return HASH_INDEX_NONE;
}

#endif

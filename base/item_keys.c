/* Texts end with a NUL, and the first is empty: no key. SPDX-License-Identifier: Apache-2.0 */
#include "base/item_keys.h"

#include <assert.h>
#include <pthread.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/grow.h"

struct item_keys {
    hash_index_t index; /* of those with a key */
    char *texts;        /* owned */
    size_t length, capacity;
    size_t *places; /* owned; by item: where its text begins */
    size_t count, room;
};

/* Keys come from strangers: with a secret they cannot be chosen so that all of them meet
 * (SipHash, Aumasson and Bernstein 2012). */
static unsigned char s_secret[crypto_shorthash_KEYBYTES];

static void
s_draw_secret (void)
{
    randombytes_buf (s_secret, sizeof s_secret);
}

static uint64_t
s_hash (const char *key, size_t length)
{
    uint64_t hash;
    _Static_assert(sizeof hash == crypto_shorthash_BYTES, "one word");
    crypto_shorthash (
        (unsigned char *)&hash, (const unsigned char *)key, length, s_secret);
    return hash;
}

item_keys_t *
item_keys_new (size_t count, size_t bytes)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once (&once, s_draw_secret);
    item_keys_t *self = calloc (1, sizeof *self);
    assert (self);
    hash_index_init (&self->index, count);
    self->room = count + 1;
    self->capacity = bytes + count + 1;
    self->places = malloc (self->room * sizeof *self->places);
    self->texts = malloc (self->capacity);
    assert (self->places && self->texts);
    self->texts[self->length++] = '\0';
    return self;
}

void
item_keys_destroy (item_keys_t **self_p)
{
    item_keys_t *self = *self_p;
    if (!self)
        return;
    hash_index_free (&self->index);
    free (self->texts);
    free (self->places);
    free (self);
    *self_p = NULL;
}

uint32_t
item_keys_add (item_keys_t *self, const char *key, size_t length)
{
    size_t item = self->count;
    self->places = grow (self->places, &self->room, item + 1, sizeof *self->places);
    self->places[self->count++] = length > 0 ? self->length : 0;
    if (length == 0)
        return (uint32_t)item;
    self->texts = grow (self->texts, &self->capacity, self->length + length + 1, 1);
    memcpy (self->texts + self->length, key, length);
    self->texts[self->length + length] = '\0';
    self->length += length + 1;
    hash_index_add (&self->index, s_hash (key, length), (uint32_t)item);
    return (uint32_t)item;
}

size_t
item_keys_count (const item_keys_t *self)
{
    return self->count;
}

size_t
item_keys_named (const item_keys_t *self)
{
    return self->index.count;
}

const char *
item_keys_get (const item_keys_t *self, size_t item)
{
    assert (item < self->count);
    size_t place = self->places[item];
    return place ? self->texts + place : NULL;
}

static bool
s_same (const void *owner, uint32_t position, const void *key)
{
    const item_keys_t *self = owner;
    return strcmp (self->texts + self->places[position], key) == 0;
}

uint32_t
item_keys_find (const item_keys_t *self, const char *key)
{
    return hash_index_find (
        &self->index, s_hash (key, strlen (key)), s_same, self, key);
}

size_t
item_keys_size (const item_keys_t *self)
{
    return sizeof *self + self->capacity + self->room * sizeof *self->places +
           (self->index.mask + 1) * sizeof *self->index.slots;
}

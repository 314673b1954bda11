/* SPDX-License-Identifier: Apache-2.0 */
#include "model/serve/categories.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/grow.h"
#include "base/hash.h"
#include "base/hash_index.h"

/* Texts behind each other, each with its NUL, and where each begins. */
typedef struct {
    char *bytes;
    size_t length, capacity;
    size_t *starts;
    size_t count, room;
    hash_index_t index;
} texts_t;

struct categories {
    atomic_size_t holders;
    texts_t names;
    texts_t sets;      /* as they were given */
    uint32_t *members; /* of all sets, one behind the other */
    size_t member_count, member_room;
    size_t *ends; /* by set: behind its last member */
    size_t end_count, end_room;
};

typedef struct {
    const char *text;
    size_t length;
} piece_t;

static bool
s_same (const void *owner, uint32_t position, const void *key)
{
    const texts_t *self = owner;
    const piece_t *piece = key;
    const char *text = self->bytes + self->starts[position];
    return strncmp (text, piece->text, piece->length) == 0 && !text[piece->length];
}

static uint32_t
s_find (const texts_t *self, piece_t piece)
{
    return hash_index_find (&self->index,
        hash_bytes (HASH_START, piece.text, piece.length), s_same, self, &piece);
}

static uint32_t
s_add (texts_t *self, piece_t piece)
{
    uint32_t position = (uint32_t)self->count;
    self->bytes =
        grow (self->bytes, &self->capacity, self->length + piece.length + 1, 1);
    self->starts =
        grow (self->starts, &self->room, self->count + 1, sizeof *self->starts);
    memcpy (self->bytes + self->length, piece.text, piece.length);
    self->bytes[self->length + piece.length] = '\0';
    self->starts[self->count++] = self->length;
    self->length += piece.length + 1;
    hash_index_add (
        &self->index, hash_bytes (HASH_START, piece.text, piece.length), position);
    return position;
}

static void
s_free (texts_t *self)
{
    free (self->bytes);
    free (self->starts);
    hash_index_free (&self->index);
}

categories_t *
categories_new (void)
{
    categories_t *self = calloc (1, sizeof *self);
    assert (self);
    self->holders = 1;
    hash_index_init (&self->names.index, 0);
    hash_index_init (&self->sets.index, 0);
    s_add (&self->sets, (piece_t){"", 0});
    self->ends = grow (self->ends, &self->end_room, 1, sizeof *self->ends);
    self->ends[self->end_count++] = 0;
    return self;
}

categories_t *
categories_retain (categories_t *self)
{
    atomic_fetch_add (&self->holders, 1);
    return self;
}

void
categories_release (categories_t **self_p)
{
    categories_t *self = *self_p;
    *self_p = NULL;
    if (!self || atomic_fetch_sub (&self->holders, 1) > 1)
        return;
    s_free (&self->names);
    s_free (&self->sets);
    free (self->members);
    free (self->ends);
    free (self);
}

static bool
s_has (const categories_t *self, size_t start, uint32_t name)
{
    for (size_t i = start; i < self->member_count; i++)
        if (self->members[i] == name)
            return true;
    return false;
}

static void
s_add_member (categories_t *self, size_t start, piece_t piece)
{
    uint32_t name = s_find (&self->names, piece);
    if (name == HASH_INDEX_NONE)
        name = s_add (&self->names, piece);
    if (s_has (self, start, name))
        return;
    self->members = grow (self->members, &self->member_room, self->member_count + 1,
        sizeof *self->members);
    self->members[self->member_count++] = name;
}

static uint32_t
s_add_set (categories_t *self, piece_t set)
{
    size_t start = self->member_count;
    for (const char *at = set.text, *end = set.text + set.length; at < end;) {
        const char *next = memchr (at, CATEGORIES_SEPARATOR, (size_t)(end - at));
        size_t length = (size_t)((next ? next : end) - at);
        if (length > 0)
            s_add_member (self, start, (piece_t){at, length});
        at += length + 1;
    }
    self->ends =
        grow (self->ends, &self->end_room, self->end_count + 1, sizeof *self->ends);
    self->ends[self->end_count++] = self->member_count;
    return s_add (&self->sets, set);
}

/* In the same order, so that all numbers stay. */
static categories_t *
s_copy (const categories_t *from)
{
    categories_t *self = categories_new ();
    for (size_t i = 0; i < from->names.count; i++) {
        const char *name = categories_name (from, (uint32_t)i);
        s_add (&self->names, (piece_t){name, strlen (name)});
    }
    for (size_t i = 1; i < from->sets.count; i++) {
        const char *text = from->sets.bytes + from->sets.starts[i];
        s_add_set (self, (piece_t){text, strlen (text)});
    }
    return self;
}

uint32_t
categories_add (categories_t **self_p, const char *text)
{
    piece_t set = {text ? text : "", text ? strlen (text) : 0};
    uint32_t found = s_find (&(*self_p)->sets, set);
    if (found != HASH_INDEX_NONE)
        return found;
    if (atomic_load (&(*self_p)->holders) > 1) {
        categories_t *copy = s_copy (*self_p);
        categories_release (self_p);
        *self_p = copy;
    }
    return s_add_set (*self_p, set);
}

size_t
categories_count (const categories_t *self)
{
    return self->names.count;
}

const char *
categories_name (const categories_t *self, uint32_t category)
{
    assert (category < self->names.count);
    return self->names.bytes + self->names.starts[category];
}

int64_t
categories_find (const categories_t *self, const char *name)
{
    uint32_t found = s_find (&self->names, (piece_t){name, strlen (name)});
    return found == HASH_INDEX_NONE ? -1 : (int64_t)found;
}

size_t
categories_set_count (const categories_t *self)
{
    return self->sets.count;
}

const uint32_t *
categories_set (const categories_t *self, uint32_t set, size_t *member_count)
{
    assert (set < self->end_count);
    size_t start = set > 0 ? self->ends[set - 1] : 0;
    *member_count = self->ends[set] - start;
    return self->members + start;
}

const char *
categories_text (const categories_t *self, uint32_t set)
{
    assert (set < self->sets.count);
    return self->sets.bytes + self->sets.starts[set];
}

int64_t
categories_find_set (const categories_t *self, const char *text)
{
    uint32_t found = s_find (&self->sets, (piece_t){text, strlen (text)});
    return found == HASH_INDEX_NONE ? -1 : (int64_t)found;
}

static size_t
s_size (const texts_t *self)
{
    return self->capacity + self->room * sizeof *self->starts +
           (self->index.mask + 1) * sizeof *self->index.slots;
}

size_t
categories_size (const categories_t *self)
{
    return sizeof *self + s_size (&self->names) + s_size (&self->sets) +
           self->member_room * sizeof *self->members +
           self->end_room * sizeof *self->ends;
}

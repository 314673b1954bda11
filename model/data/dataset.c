/* SPDX-License-Identifier: Apache-2.0 */
#include "model/data/dataset.h"

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/grow.h"
#include "base/hash.h"
#include "base/hash_index.h"
#include "base/jsonread.h"
#include "model/data/idmap.h"

typedef struct {
    uint32_t user;
    int32_t item; /* in order of first appearance, until finish */
} interaction_t;

struct dataset_builder {
    interaction_t *rows;
    size_t row_count, row_capacity;
    uint8_t *kinds; /* of the rows; NULL: there are none */
    size_t kind_capacity;
    dataset_role_t roles[DATASET_KINDS];
    bool has_kinds;
    idmap_t *items;
    int64_t *item_ids; /* by order of first appearance */
    size_t item_capacity;
    item_keys_t *keys;    /* NULL: none was named; in the order they were named */
    uint32_t *key_places; /* by order of first appearance: in keys, from 1; 0: none */
    size_t key_capacity;  /* of key_places */
    char *names;          /* user ids, each ended by a NUL */
    size_t names_length, names_capacity;
    size_t *users; /* where in names a user's id starts */
    size_t user_count, user_capacity;
    hash_index_t user_index;
    uint32_t last_user; /* rows of one user mostly come together */
};

dataset_builder_t *
dataset_builder_new (void)
{
    dataset_builder_t *self = calloc (1, sizeof *self);
    assert (self);
    self->items = idmap_new (0);
    hash_index_init (&self->user_index, 0);
    return self;
}

static void
s_builder_clear (dataset_builder_t *self)
{
    idmap_destroy (&self->items);
    free (self->rows);
    free (self->kinds);
    free (self->item_ids);
    item_keys_destroy (&self->keys);
    free (self->key_places);
    free (self->names);
    free (self->users);
    hash_index_free (&self->user_index);
}

void
dataset_builder_destroy (dataset_builder_t **self_p)
{
    if (*self_p) {
        s_builder_clear (*self_p);
        free (*self_p);
        *self_p = NULL;
    }
}

static bool
s_user_is (const dataset_builder_t *self, uint32_t user, const char *id, size_t length)
{
    const char *name = self->names + self->users[user];
    return strncmp (name, id, length) == 0 && name[length] == 0;
}

typedef struct {
    const char *text;
    size_t length;
} user_key_t;

static bool
s_same_user (const void *owner, uint32_t position, const void *key)
{
    const user_key_t *id = key;
    return s_user_is (owner, position, id->text, id->length);
}

static uint32_t
s_new_user (dataset_builder_t *self, const char *id, size_t length)
{
    self->users = grow (
        self->users, &self->user_capacity, self->user_count + 1, sizeof *self->users);
    self->names =
        grow (self->names, &self->names_capacity, self->names_length + length + 1, 1);
    memcpy (self->names + self->names_length, id, length);
    self->names[self->names_length + length] = 0;
    self->users[self->user_count++] = self->names_length;
    self->names_length += length + 1;
    return (uint32_t)self->user_count - 1;
}

static uint32_t
s_user (dataset_builder_t *self, const char *id, size_t length)
{
    if (self->user_count && s_user_is (self, self->last_user, id, length))
        return self->last_user;
    uint64_t hash = hash_bytes (HASH_START, id, length);
    uint32_t user = hash_index_find (
        &self->user_index, hash, s_same_user, self, &(user_key_t){id, length});
    if (user == HASH_INDEX_NONE) {
        user = s_new_user (self, id, length);
        hash_index_add (&self->user_index, hash, user);
    }
    self->last_user = user;
    return user;
}

static void
s_add (dataset_builder_t *self, const char *user_id, int64_t item_id)
{
    assert (item_id >= 0 && item_id <= JSON_INTEGER_MAX);
    int32_t item = idmap_add (self->items, item_id);
    size_t item_count = idmap_count (self->items);
    self->item_ids =
        grow (self->item_ids, &self->item_capacity, item_count, sizeof *self->item_ids);
    self->item_ids[item] = item_id;
    self->rows =
        grow (self->rows, &self->row_capacity, self->row_count + 1, sizeof *self->rows);
    self->rows[self->row_count++] =
        (interaction_t){s_user (self, user_id, strlen (user_id)), item};
}

void
dataset_builder_name (dataset_builder_t *self, int64_t item_id, const char *item_key)
{
    int32_t item = idmap_find (self->items, item_id);
    if (item < 0)
        return;
    if (!self->keys)
        self->keys = item_keys_new (0, 0);
    size_t had = self->key_capacity;
    self->key_places = grow (self->key_places, &self->key_capacity, (size_t)item + 1,
        sizeof *self->key_places);
    memset (self->key_places + had, 0,
        (self->key_capacity - had) * sizeof *self->key_places);
    self->key_places[item] =
        item_keys_add (self->keys, item_key, strlen (item_key)) + 1;
}

void
dataset_builder_roles (
    dataset_builder_t *self, const dataset_role_t *roles, size_t count)
{
    assert (count <= DATASET_KINDS && self->row_count == 0);
    memcpy (self->roles, roles, count * sizeof *roles);
    self->has_kinds = true;
}

void
dataset_builder_add_kind (
    dataset_builder_t *self, const char *user_id, int64_t item_id, size_t kind)
{
    assert (self->has_kinds && kind < DATASET_KINDS);
    if (self->roles[kind].dropped)
        return;
    self->kinds = grow (self->kinds, &self->kind_capacity, self->row_count + 1, 1);
    self->kinds[self->row_count] = (uint8_t)kind;
    s_add (self, user_id, item_id);
}

void
dataset_builder_add (dataset_builder_t *self, const char *user_id, int64_t item_id)
{
    if (self->has_kinds)
        dataset_builder_add_kind (self, user_id, item_id, 0);
    else
        s_add (self, user_id, item_id);
}

typedef struct {
    int64_t id, count;
    int32_t old_index;
} rank_t;

/* Of an item by its old index; "": it has none. */
static const char *
s_key (const dataset_builder_t *builder, int32_t item)
{
    uint32_t place =
        (size_t)item < builder->key_capacity ? builder->key_places[item] : 0;
    return place > 0 ? item_keys_get (builder->keys, place - 1) : "";
}

static item_keys_t *
s_rank_keys (const dataset_builder_t *builder, const rank_t *ranks, size_t item_count)
{
    size_t bytes = 0;
    if (!builder->keys)
        return NULL;
    for (size_t i = 0; i < item_count; i++)
        bytes += strlen (s_key (builder, ranks[i].old_index));
    item_keys_t *keys = item_keys_new (item_count, bytes);
    for (size_t i = 0; i < item_count; i++) {
        const char *key = s_key (builder, ranks[i].old_index);
        item_keys_add (keys, key, strlen (key));
    }
    return keys;
}

static int
s_by_popularity (const void *a, const void *b)
{
    const rank_t *x = a, *y = b;
    if (x->count != y->count)
        return x->count > y->count ? -1 : 1;
    return x->id < y->id ? -1 : x->id > y->id;
}

/* Fills item_ids, item_keys and item_counts; returns new_index[old_index], fresh. */
static int32_t *
s_rank_items (const dataset_builder_t *builder, dataset_t *self)
{
    rank_t *ranks = calloc (self->item_count, sizeof *ranks);
    int32_t *new_index = calloc (self->item_count, sizeof *new_index);
    assert (ranks && new_index);
    for (size_t i = 0; i < self->item_count; i++)
        ranks[i] = (rank_t){builder->item_ids[i], 0, (int32_t)i};
    for (size_t i = 0; i < builder->row_count; i++)
        ranks[builder->rows[i].item].count++;
    qsort (ranks, self->item_count, sizeof *ranks, s_by_popularity);
    for (size_t i = 0; i < self->item_count; i++) {
        self->item_ids[i] = ranks[i].id;
        self->item_counts[i] = ranks[i].count;
        new_index[ranks[i].old_index] = (int32_t)i;
    }
    self->item_keys = s_rank_keys (builder, ranks, self->item_count);
    free (ranks);
    return new_index;
}

/* A counting sort by user: stable, so each user's items keep their order. */
static void
s_group_by_user (
    const dataset_builder_t *builder, dataset_t *self, const int32_t *new_index)
{
    for (size_t i = 0; i < builder->row_count; i++)
        self->offsets[builder->rows[i].user + 1]++;
    for (size_t user = 0; user < self->user_count; user++)
        self->offsets[user + 1] += self->offsets[user];
    size_t *next = malloc (self->user_count * sizeof *next);
    assert (next);
    memcpy (next, self->offsets, self->user_count * sizeof *next);
    for (size_t i = 0; i < builder->row_count; i++) {
        size_t place = next[builder->rows[i].user]++;
        self->items[place] = new_index[builder->rows[i].item];
        if (self->kinds)
            self->kinds[place] = builder->kinds[i];
    }
    free (next);
}

dataset_t *
dataset_builder_finish (dataset_builder_t *builder)
{
    if (!builder->row_count)
        return NULL;
    dataset_t *self = calloc (1, sizeof *self);
    assert (self);
    self->user_count = builder->user_count;
    self->item_count = idmap_count (builder->items);
    self->interaction_count = builder->row_count;
    self->offsets = calloc (self->user_count + 1, sizeof *self->offsets);
    self->items = calloc (self->interaction_count, sizeof *self->items);
    self->item_ids = calloc (self->item_count, sizeof *self->item_ids);
    self->item_counts = calloc (self->item_count, sizeof *self->item_counts);
    assert (self->offsets && self->items && self->item_ids && self->item_counts);
    if (builder->has_kinds) {
        self->kinds = calloc (self->interaction_count, sizeof *self->kinds);
        assert (self->kinds);
        memcpy (self->roles, builder->roles, sizeof self->roles);
    }
    int32_t *new_index = s_rank_items (builder, self);
    s_group_by_user (builder, self, new_index);
    free (new_index);

    dataset_builder_t *empty = dataset_builder_new ();
    s_builder_clear (builder);
    *builder = *empty;
    free (empty);
    return self;
}

void
dataset_destroy (dataset_t **self_p)
{
    dataset_t *self = *self_p;
    if (self) {
        free (self->offsets);
        free (self->items);
        free (self->item_ids);
        free (self->item_counts);
        item_keys_destroy (&self->item_keys);
        free (self->kinds);
        free (self);
        *self_p = NULL;
    }
}

/* Of the first `count` items of the user, the last target: its place plus one; 0: there
 * is none. */
static size_t
s_last_target (const dataset_t *self, size_t user, size_t count)
{
    while (count > 0 && !(dataset_weight (self, self->offsets[user] + count - 1) > 0))
        count--;
    return count;
}

bool
dataset_split (const dataset_t *self, size_t user, size_t *test, size_t *valid)
{
    size_t count = self->offsets[user + 1] - self->offsets[user];
    size_t last = s_last_target (self, user, count);
    size_t second = last > 0 ? s_last_target (self, user, last - 1) : 0;
    if (second < 2) /* nothing is before it */
        return false;
    *test = last - 1;
    *valid = second - 1;
    return true;
}

size_t
dataset_train_count (const dataset_t *self, size_t user)
{
    size_t test, valid;
    return dataset_split (self, user, &test, &valid)
               ? valid
               : self->offsets[user + 1] - self->offsets[user];
}

size_t
dataset_example_count (const dataset_t *self, size_t user)
{
    return s_last_target (self, user, dataset_train_count (self, user));
}

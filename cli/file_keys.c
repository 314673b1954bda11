/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/file_keys.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/grow.h"
#include "base/item_key.h"
#include "model/data/idmap.h"

struct file_keys {
    item_keys_t *texts;
    idmap_t *taken; /* the integers, in the same order */
    int64_t *ids;   /* owned */
    size_t capacity;
};

file_keys_t *
file_keys_new (void)
{
    file_keys_t *self = calloc (1, sizeof *self);
    assert (self);
    self->texts = item_keys_new (0, 0);
    self->taken = idmap_new (0);
    return self;
}

void
file_keys_destroy (file_keys_t **self_p)
{
    file_keys_t *self = *self_p;
    if (!self)
        return;
    item_keys_destroy (&self->texts);
    idmap_destroy (&self->taken);
    free (self->ids);
    free (self);
    *self_p = NULL;
}

static int64_t
s_new_id (file_keys_t *self, const char *key)
{
    unsigned attempt = 0;
    int64_t id = item_key_id (key, attempt);
    while (idmap_find (self->taken, id) >= 0 && attempt < ITEM_KEY_TRIES)
        id = item_key_id (key, ++attempt);
    return id;
}

void
file_keys_add (file_keys_t *self, int64_t id, const char *key)
{
    size_t count = item_keys_count (self->texts);
    self->ids = grow (self->ids, &self->capacity, count + 1, sizeof *self->ids);
    self->ids[count] = id;
    idmap_add (self->taken, id);
    item_keys_add (self->texts, key, strlen (key));
}

int64_t
file_keys_id (file_keys_t *self, const char *key)
{
    uint32_t known = item_keys_find (self->texts, key);
    if (known != HASH_INDEX_NONE)
        return self->ids[known];
    int64_t id = s_new_id (self, key);
    file_keys_add (self, id, key);
    return id;
}

const char *
file_keys_find (const file_keys_t *self, int64_t id)
{
    int32_t at = idmap_find (self->taken, id);
    return at < 0 ? NULL : item_keys_get (self->texts, (size_t)at);
}

const item_keys_t *
file_keys_texts (const file_keys_t *self)
{
    return self->texts;
}

const int64_t *
file_keys_ids (const file_keys_t *self)
{
    return self->ids;
}

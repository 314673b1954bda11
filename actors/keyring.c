/* SPDX-License-Identifier: Apache-2.0 */
#include "actors/keyring.h"

#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/session_token.h"

typedef struct {
    api_key_t key;
    bucket_t bucket;
} entry_t;

struct keyring {
    pthread_mutex_t mutex;
    entry_t *entries; /* by prefix */
    size_t count;
    atomic_int state;
};

keyring_t *
keyring_new (void)
{
    keyring_t *self = calloc (1, sizeof *self);
    assert (self);
    api_key_init ();
    pthread_mutex_init (&self->mutex, NULL);
    atomic_init (&self->state, KEYRING_UNKNOWN);
    return self;
}

void
keyring_destroy (keyring_t **self_p)
{
    keyring_t *self = *self_p;
    if (!self)
        return;
    pthread_mutex_destroy (&self->mutex);
    free (self->entries);
    free (self);
    *self_p = NULL;
}

static int
s_compare (const void *a, const void *b)
{
    return strcmp (((const entry_t *)a)->key.prefix, ((const entry_t *)b)->key.prefix);
}

static int
s_compare_prefix (const void *prefix, const void *entry)
{
    return strcmp (prefix, ((const entry_t *)entry)->key.prefix);
}

/* NULL: there is none. The caller has the mutex. */
static entry_t *
s_entry (const keyring_t *self, const char *prefix)
{
    if (self->count == 0)
        return NULL;
    return bsearch (
        prefix, self->entries, self->count, sizeof *self->entries, s_compare_prefix);
}

void
keyring_replace (keyring_t *self, const api_key_t *keys, size_t count, bool any)
{
    entry_t *entries = calloc (count + 1, sizeof *entries);
    assert (entries);
    for (size_t i = 0; i < count; i++)
        entries[i].key = keys[i];
    qsort (entries, count, sizeof *entries, s_compare);
    pthread_mutex_lock (&self->mutex);
    for (size_t i = 0; i < count; i++) {
        const entry_t *before = s_entry (self, entries[i].key.prefix);
        if (before)
            entries[i].bucket = before->bucket;
    }
    entry_t *old = self->entries;
    self->entries = entries;
    self->count = count;
    pthread_mutex_unlock (&self->mutex);
    atomic_store (&self->state, any ? KEYRING_KEYS : KEYRING_NONE);
    free (old);
}

keyring_state_t
keyring_state (const keyring_t *self)
{
    return (keyring_state_t)atomic_load (&self->state);
}

/* A copy of the key, so that nothing is computed under the mutex. */
static bool
s_copy (keyring_t *self, const char *prefix, api_key_t *key)
{
    pthread_mutex_lock (&self->mutex);
    const entry_t *entry = s_entry (self, prefix);
    if (entry)
        *key = entry->key;
    pthread_mutex_unlock (&self->mutex);
    return entry != NULL;
}

static void
s_tell (const api_key_t *key, int64_t expires_s, keyring_caller_t *caller)
{
    *caller = (keyring_caller_t){.scopes = key->scopes, .expires_s = expires_s};
    memcpy (caller->name, key->name, sizeof caller->name);
    memcpy (caller->prefix, key->prefix, sizeof caller->prefix);
}

bool
keyring_find (keyring_t *self, const char *text, keyring_caller_t *caller)
{
    api_key_t key;
    char prefix[API_KEY_PREFIX_SIZE];
    bool known = api_key_prefix (text, prefix) && s_copy (self, prefix, &key);
    if (!api_key_matches (known ? &key : NULL, text))
        return false;
    s_tell (&key, 0, caller);
    return true;
}

bool
keyring_find_session (
    keyring_t *self, const char *token, int64_t unix_s, keyring_caller_t *caller)
{
    api_key_t key;
    char prefix[API_KEY_PREFIX_SIZE];
    int64_t expires_s;
    if (!session_token_read (token, prefix, &expires_s) || expires_s <= unix_s ||
        !s_copy (self, prefix, &key) || !session_token_sealed (token, key.seal))
        return false;
    s_tell (&key, expires_s, caller);
    return true;
}

bool
keyring_has (keyring_t *self, const char *prefix)
{
    pthread_mutex_lock (&self->mutex);
    bool has = s_entry (self, prefix) != NULL;
    pthread_mutex_unlock (&self->mutex);
    return has;
}

int64_t
keyring_take (keyring_t *self, const char *prefix, int64_t now_us)
{
    pthread_mutex_lock (&self->mutex);
    entry_t *entry = s_entry (self, prefix);
    int64_t wait_us =
        entry ? bucket_take (&entry->bucket, &entry->key.rate, now_us) : 0;
    pthread_mutex_unlock (&self->mutex);
    return wait_us;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "actors/http/once.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "actors/http/context.h"
#include "base/hash.h"

#define BUCKETS   256
#define KEY_LIMIT 255

struct once_set {
    pthread_mutex_t mutex;
    once_t *buckets[BUCKETS];
};

once_set_t *
once_set_new (void)
{
    once_set_t *self = calloc (1, sizeof *self);
    assert (self);
    pthread_mutex_init (&self->mutex, NULL);
    return self;
}

void
once_set_destroy (once_set_t **self_p)
{
    once_set_t *self = *self_p;
    if (!self)
        return;
    pthread_mutex_destroy (&self->mutex);
    free (self);
    *self_p = NULL;
}

/* Where it stands, or the end of its list. */
static once_t **
s_place (once_set_t *self, const char *id)
{
    uint64_t hash = hash_bytes (HASH_START, id, UUID_TEXT_SIZE - 1);
    once_t **place = &self->buckets[(hash >> 32) % BUCKETS];
    while (*place && strcmp ((*place)->id, id) != 0)
        place = &(*place)->next;
    return place;
}

bool
once_set_enter (once_set_t *self, once_t *once)
{
    pthread_mutex_lock (&self->mutex);
    once_t **place = s_place (self, once->id);
    bool free_place = *place == NULL;
    once->next = NULL;
    if (free_place)
        *place = once;
    pthread_mutex_unlock (&self->mutex);
    return free_place;
}

void
once_set_leave (once_set_t *self, once_t *once)
{
    pthread_mutex_lock (&self->mutex);
    once_t **place = s_place (self, once->id);
    assert (*place == once);
    *place = once->next;
    pthread_mutex_unlock (&self->mutex);
}

/* Visible characters; RFC 9110 has them so, and quotes do no harm. */
static bool
s_key_valid (const char *key)
{
    size_t length = strlen (key), visible = 0;
    while (key[visible] > ' ' && key[visible] < 0x7f)
        visible++;
    return length > 0 && length <= KEY_LIMIT && visible == length;
}

bool
once_begin_exchange (http_context_t *context, exchange_t *exchange)
{
    const char *key = exchange_request_header (exchange, "Idempotency-Key");
    if (!key)
        return true;
    if (!s_key_valid (key)) {
        exchange_problem (exchange, PROBLEM_MALFORMED,
            "Idempotency-Key must be 1 to 255 visible characters.");
        return false;
    }
    once_t *once = &exchange->once;
    const char *const parts[] = {exchange->key_prefix, exchange->path, key};
    fingerprint_uuid (parts, sizeof parts / sizeof parts[0], once->id);
    fingerprint (
        exchange->body ? exchange->body : "", exchange->body_length, once->fingerprint);
    if (once_set_enter (context->in_work, once))
        return true;
    once->id[0] = '\0'; /* it is the other's */
    exchange_problem (exchange, PROBLEM_IN_WORK,
        "A request with this Idempotency-Key is in work: ask again in a moment.");
    return false;
}

void
once_end_exchange (http_context_t *context, exchange_t *exchange)
{
    if (*exchange->once.id)
        once_set_leave (context->in_work, &exchange->once);
    exchange->once.id[0] = '\0';
}

void
once_refuse (exchange_t *exchange)
{
    exchange_problem (exchange, PROBLEM_KEY_REUSED,
        "This Idempotency-Key came before, with another body.");
}

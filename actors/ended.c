/* SPDX-License-Identifier: Apache-2.0 */
#include "actors/ended.h"

#include <assert.h>
#include <ctype.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "actors/endpoints.h"
#include "actors/recent.h"
#include "base/actor/wire.h"
#include "base/clock.h"
#include "base/hash.h"
#include "base/metrics.h"
#include "base/uuid.h"

struct ended_waiter {
    ended_t *ended;
    char id[PROTO_ID_SIZE];
    uint64_t hash;        /* of the id */
    result_t *result;     /* until it is given out; owned */
    bool over;            /* the row has ended, and that was not given out yet */
    pthread_cond_t woken; /* something is new, or the process stops */
    ended_waiter_t *next; /* in the list */
    ended_waiter_t *previous;
};

enum { COMPLETED, FAILED, EXPIRED, STATE_COUNT };

struct ended {
    pthread_mutex_t mutex;
    recent_t *recent;        /* results for who asks later */
    ended_waiter_t *waiters; /* newest first */
    size_t waiter_count;
    size_t turn;      /* ended_waiting: so many were left out before */
    zsock_t *publish; /* NULL: nobody else waits */
    bool stopping;
    metric_t *told[STATE_COUNT]; /* NULL: nobody tells of such here */
    metric_t *unpublished;       /* the pipe was full; the ended_watch notices */
};

typedef struct {
    char id[PROTO_ID_SIZE];
    uint64_t hash;
} s_key_t;

/* PostgreSQL takes a UUID in either case, and so do we. */
static s_key_t
s_key (const char *request_id)
{
    s_key_t key;
    snprintf (key.id, sizeof key.id, "%s", request_id);
    if (uuid_valid (key.id))
        for (char *at = key.id; *at; at++)
            *at = (char)tolower ((unsigned char)*at);
    key.hash = hash_bytes (HASH_START, key.id, strlen (key.id));
    return key;
}

ended_t *
ended_new (size_t recent_limit, const char *endpoint)
{
    ended_t *self = calloc (1, sizeof *self);
    assert (self);
    pthread_mutex_init (&self->mutex, NULL);
    self->recent = recent_new (recent_limit);
    if (endpoint) {
        self->publish = wire_push_new (endpoint, ENDPOINT_ENDINGS_LIMIT);
        self->unpublished = metrics_counter ("sasrec_ended_unpublished_total",
            "Ends that did not fit into the pipe to Kafka; who waits looks at the row.",
            "");
    }
    return self;
}

void
ended_destroy (ended_t **self_p)
{
    ended_t *self = *self_p;
    if (!self)
        return;
    assert (!self->waiters);
    wire_destroy (&self->publish);
    recent_destroy (&self->recent);
    pthread_mutex_destroy (&self->mutex);
    free (self);
    *self_p = NULL;
}

static size_t
s_state (const char *status)
{
    static const char *const words[STATE_COUNT] = {
        [COMPLETED] = "COMPLETED", [FAILED] = "FAILED", [EXPIRED] = "EXPIRED"};
    size_t state = 0;
    while (state < STATE_COUNT && strcmp (words[state], status) != 0)
        state++;
    assert (state < STATE_COUNT);
    return state;
}

void
ended_count (ended_t *self, const char *status)
{
    char labels[32];
    snprintf (labels, sizeof labels, "state=\"%s\"", status);
    metric_t *told = metrics_counter ("sasrec_results_total",
        "Requests that ended: what this process committed to their row.", labels);
    pthread_mutex_lock (&self->mutex);
    self->told[s_state (status)] = told;
    pthread_mutex_unlock (&self->mutex);
}

/* The mutex is held from here to ended_tell. */
static bool
s_is (const ended_waiter_t *waiter, const s_key_t *key)
{
    return waiter->hash == key->hash && strcmp (waiter->id, key->id) == 0;
}

static void
s_wake (ended_t *self, const s_key_t *key)
{
    for (ended_waiter_t *at = self->waiters; at; at = at->next) {
        if (!s_is (at, key))
            continue;
        at->over = true;
        pthread_cond_signal (&at->woken);
    }
}

static void
s_publish_message (ended_t *self, ending_t **ending_p)
{
    size_t count = (*ending_p)->count;
    if (count > 0 && ending_send (ending_p, self->publish))
        metric_add (self->unpublished, count);
    ending_destroy (ending_p);
}

static void
s_publish (ended_t *self, const char *const *ids, size_t count, const char *status)
{
    ending_t *ending = ending_new (status);
    for (size_t i = 0; i < count; i++) {
        if (ending_add (ending, ids[i]))
            continue;
        s_publish_message (self, &ending);
        ending = ending_new (status);
        ending_add (ending, ids[i]);
    }
    s_publish_message (self, &ending);
}

void
ended_tell (
    ended_t *self, const char *const *request_ids, size_t count, const char *status)
{
    size_t state = s_state (status);
    pthread_mutex_lock (&self->mutex);
    if (self->told[state])
        metric_add (self->told[state], count);
    for (size_t i = 0; self->waiters && i < count; i++) {
        s_key_t key = s_key (request_ids[i]);
        s_wake (self, &key);
    }
    if (self->publish)
        s_publish (self, request_ids, count, status);
    pthread_mutex_unlock (&self->mutex);
}

void
ended_hear (ended_t *self, const char *request_id)
{
    s_key_t key = s_key (request_id);
    pthread_mutex_lock (&self->mutex);
    s_wake (self, &key);
    pthread_mutex_unlock (&self->mutex);
}

void
ended_show (ended_t *self, const result_t *result)
{
    result_t *copy = result_copy (result);
    s_key_t key = s_key (result->request_id);
    memcpy (copy->request_id, key.id, sizeof key.id);
    pthread_mutex_lock (&self->mutex);
    for (ended_waiter_t *at = self->waiters; at; at = at->next) {
        if (!s_is (at, &key) || at->result)
            continue;
        at->result = result_copy (copy);
        pthread_cond_signal (&at->woken);
    }
    recent_put (self->recent, &copy);
    pthread_mutex_unlock (&self->mutex);
}

static ended_waiter_t *
s_waiter_new (ended_t *ended, const char *request_id)
{
    ended_waiter_t *self = calloc (1, sizeof *self);
    assert (self);
    s_key_t key = s_key (request_id);
    memcpy (self->id, key.id, sizeof key.id);
    self->hash = key.hash;
    self->ended = ended;
    pthread_condattr_t attributes;
    pthread_condattr_init (&attributes);
    pthread_condattr_setclock (&attributes, CLOCK_MONOTONIC);
    pthread_cond_init (&self->woken, &attributes);
    pthread_condattr_destroy (&attributes);
    return self;
}

static void
s_waiter_destroy (ended_waiter_t **self_p)
{
    ended_waiter_t *self = *self_p;
    pthread_cond_destroy (&self->woken);
    result_destroy (&self->result);
    free (self);
    *self_p = NULL;
}

static void
s_link (ended_t *self, ended_waiter_t *waiter)
{
    waiter->next = self->waiters;
    if (self->waiters)
        self->waiters->previous = waiter;
    self->waiters = waiter;
    self->waiter_count++;
}

ended_waiter_t *
ended_wait (ended_t *self, const char *request_id)
{
    ended_waiter_t *waiter = s_waiter_new (self, request_id);
    pthread_mutex_lock (&self->mutex);
    const result_t *result = recent_find (self->recent, waiter->id);
    if (result)
        waiter->result = result_copy (result);
    bool stopping = self->stopping;
    if (!stopping)
        s_link (self, waiter);
    pthread_mutex_unlock (&self->mutex);
    if (stopping)
        s_waiter_destroy (&waiter);
    return waiter;
}

void
ended_leave (ended_waiter_t **waiter_p)
{
    ended_waiter_t *waiter = *waiter_p;
    if (!waiter)
        return;
    ended_t *self = waiter->ended;
    pthread_mutex_lock (&self->mutex);
    if (waiter->next)
        waiter->next->previous = waiter->previous;
    if (waiter->previous)
        waiter->previous->next = waiter->next;
    else
        self->waiters = waiter->next;
    self->waiter_count--;
    pthread_mutex_unlock (&self->mutex);
    s_waiter_destroy (waiter_p);
}

static ended_news_t
s_take (ended_waiter_t *waiter, result_t **result)
{
    if (waiter->result) {
        *result = waiter->result;
        waiter->result = NULL;
        return ENDED_RESULT;
    }
    if (waiter->over) {
        waiter->over = false;
        return ENDED_ROW;
    }
    return waiter->ended->stopping ? ENDED_STOPPING : ENDED_NOTHING;
}

ended_news_t
ended_next (ended_waiter_t *waiter, int64_t timeout_ms, result_t **result)
{
    ended_t *self = waiter->ended;
    int64_t deadline_ms = clock_monotonic_ms () + timeout_ms;
    struct timespec until = {
        .tv_sec = deadline_ms / 1000, .tv_nsec = deadline_ms % 1000 * 1000000};
    pthread_mutex_lock (&self->mutex);
    ended_news_t news = s_take (waiter, result);
    while (news == ENDED_NOTHING && clock_monotonic_ms () < deadline_ms) {
        pthread_cond_timedwait (&waiter->woken, &self->mutex, &until);
        news = s_take (waiter, result);
    }
    pthread_mutex_unlock (&self->mutex);
    return news;
}

size_t
ended_waiting (ended_t *self, char (*ids)[PROTO_ID_SIZE], size_t limit)
{
    size_t count = 0, skipped = 0;
    pthread_mutex_lock (&self->mutex);
    if (self->turn >= self->waiter_count)
        self->turn = 0;
    for (ended_waiter_t *at = self->waiters; at && count < limit; at = at->next)
        if (skipped++ >= self->turn)
            memcpy (ids[count++], at->id, sizeof at->id);
    self->turn += count;
    pthread_mutex_unlock (&self->mutex);
    return count;
}

void
ended_shutdown (ended_t *self)
{
    pthread_mutex_lock (&self->mutex);
    self->stopping = true;
    for (ended_waiter_t *at = self->waiters; at; at = at->next)
        pthread_cond_signal (&at->woken);
    pthread_mutex_unlock (&self->mutex);
}

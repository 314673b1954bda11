/* SPDX-License-Identifier: Apache-2.0 */
#include "actors/live.h"

#include <assert.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"

typedef struct {
    uint64_t id; /* 0: not used yet */
    char *text;  /* as SSE; owned */
} live_event_t;

struct live_stream {
    live_t *live;
    uint64_t cursor; /* the last event that was given out */
};

struct live {
    pthread_mutex_t mutex;
    pthread_cond_t woken; /* an event came, or the process stops */
    live_event_t *events; /* ring */
    size_t event_limit;
    uint64_t first_id; /* the id before the first event */
    uint64_t last_id;  /* of the newest event */
    size_t stream_count;
    bool closed; /* the process is stopping */
};

live_t *
live_new (size_t event_limit)
{
    live_t *self = calloc (1, sizeof *self);
    assert (self);
    pthread_mutex_init (&self->mutex, NULL);
    pthread_condattr_t attributes;
    pthread_condattr_init (&attributes);
    pthread_condattr_setclock (&attributes, CLOCK_MONOTONIC);
    pthread_cond_init (&self->woken, &attributes);
    pthread_condattr_destroy (&attributes);
    self->event_limit = event_limit;
    self->events = calloc (event_limit, sizeof *self->events);
    assert (self->events);
    /* A browser sends the last id it saw to the next process too: ids must not fall. */
    self->first_id = self->last_id = (uint64_t)clock_unix_ms ();
    return self;
}

void
live_destroy (live_t **self_p)
{
    live_t *self = *self_p;
    if (!self)
        return;
    assert (self->stream_count == 0);
    for (size_t i = 0; i < self->event_limit; i++)
        free (self->events[i].text);
    free (self->events);
    pthread_cond_destroy (&self->woken);
    pthread_mutex_destroy (&self->mutex);
    free (self);
    *self_p = NULL;
}

void
live_publish (live_t *self, const char *event, const char *json)
{
    assert (!strchr (json, '\n'));
    strbuf_t text = STRBUF_EMPTY;
    pthread_mutex_lock (&self->mutex);
    uint64_t id = ++self->last_id;
    strbuf_addf (&text, "id: %llu\nevent: %s\ndata: ", (unsigned long long)id, event);
    strbuf_add (&text, json);
    strbuf_add (&text, "\n\n");
    live_event_t *slot = &self->events[id % self->event_limit];
    free (slot->text);
    *slot = (live_event_t){.id = id, .text = text.data};
    pthread_cond_broadcast (&self->woken);
    pthread_mutex_unlock (&self->mutex);
}

live_stream_t *
live_open (live_t *self, uint64_t last_id)
{
    live_stream_t *stream = NULL;
    pthread_mutex_lock (&self->mutex);
    if (!self->closed) {
        bool known = last_id != 0 && last_id <= self->last_id;
        stream = calloc (1, sizeof *stream);
        assert (stream);
        stream->live = self;
        stream->cursor = known ? last_id : self->last_id;
        self->stream_count++;
    }
    pthread_mutex_unlock (&self->mutex);
    return stream;
}

void
live_close (live_stream_t **stream_p)
{
    live_stream_t *stream = *stream_p;
    if (!stream)
        return;
    pthread_mutex_lock (&stream->live->mutex);
    stream->live->stream_count--;
    pthread_mutex_unlock (&stream->live->mutex);
    free (stream);
    *stream_p = NULL;
}

/* The mutex is held. */
static bool
s_give (live_stream_t *stream, strbuf_t *out)
{
    live_t *self = stream->live;
    bool given = false;
    if (self->last_id - self->first_id > self->event_limit)
        self->first_id = self->last_id - self->event_limit;
    if (stream->cursor < self->first_id)
        stream->cursor = self->first_id;
    while (stream->cursor < self->last_id) {
        strbuf_add (out, self->events[++stream->cursor % self->event_limit].text);
        given = true;
    }
    return given;
}

int
live_next (live_stream_t *stream, int timeout_ms, strbuf_t *out)
{
    live_t *self = stream->live;
    int64_t deadline_ms = clock_monotonic_ms () + timeout_ms;
    struct timespec until = {
        .tv_sec = deadline_ms / 1000, .tv_nsec = deadline_ms % 1000 * 1000000};
    pthread_mutex_lock (&self->mutex);
    bool given = s_give (stream, out);
    while (!given && !self->closed && clock_monotonic_ms () < deadline_ms) {
        pthread_cond_timedwait (&self->woken, &self->mutex, &until);
        given = s_give (stream, out);
    }
    int rc = given ? 1 : self->closed ? -1 : 0;
    pthread_mutex_unlock (&self->mutex);
    return rc;
}

void
live_shutdown (live_t *self)
{
    pthread_mutex_lock (&self->mutex);
    self->closed = true;
    pthread_cond_broadcast (&self->woken);
    pthread_mutex_unlock (&self->mutex);
}

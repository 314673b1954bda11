/* Live events. SPDX-License-Identifier: Apache-2.0 */
#include "actors/live.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "actors/recent.h"
#include "base/clock.h"

typedef struct {
    uint64_t id; /* 0: not used yet */
    char *text;  /* as SSE; owned */
} live_event_t;

struct live_stream {
    live_t *live;
    const char *request_id; /* NULL: general events; else points into id */
    char id[PROTO_ID_SIZE];
    result_t *result;     /* of the request, until it is given out; owned */
    uint64_t cursor;      /* general: the last event that was given out */
    pthread_cond_t woken; /* something came, or the hub closed */
    live_stream_t *next;  /* in the hub's list */
    live_stream_t *previous;
};

struct live {
    pthread_mutex_t mutex;
    recent_t *recent;     /* results for late readers */
    live_event_t *events; /* ring of general events */
    size_t event_limit;
    uint64_t first_id;      /* the id before the first event */
    uint64_t last_id;       /* of the newest event */
    live_stream_t *streams; /* open ones, waits included */
    size_t stream_count;    /* without waits */
    size_t stream_limit;
    bool closed; /* the process is stopping */
};

live_t *
live_new (size_t recent_limit, size_t stream_limit)
{
    live_t *self = calloc (1, sizeof *self);
    assert (self);
    pthread_mutex_init (&self->mutex, NULL);
    self->recent = recent_new (recent_limit);
    self->event_limit = recent_limit;
    self->events = calloc (recent_limit, sizeof *self->events);
    assert (self->events);
    /* A browser sends the last id it saw to the next process too: ids must not fall. */
    self->first_id = self->last_id = (uint64_t)clock_unix_ms ();
    self->stream_limit = stream_limit;
    return self;
}

void
live_destroy (live_t **self_p)
{
    live_t *self = *self_p;
    if (!self)
        return;
    assert (!self->streams);
    for (size_t i = 0; i < self->event_limit; i++)
        free (self->events[i].text);
    free (self->events);
    recent_destroy (&self->recent);
    pthread_mutex_destroy (&self->mutex);
    free (self);
    *self_p = NULL;
}

/* The mutex is held from here to live_publish. */
static void
s_link (live_t *self, live_stream_t *stream)
{
    pthread_condattr_t attributes;
    pthread_condattr_init (&attributes);
    pthread_condattr_setclock (&attributes, CLOCK_MONOTONIC);
    pthread_cond_init (&stream->woken, &attributes);
    pthread_condattr_destroy (&attributes);
    stream->live = self;
    stream->previous = NULL;
    stream->next = self->streams;
    if (self->streams)
        self->streams->previous = stream;
    self->streams = stream;
}

static void
s_unlink (live_t *self, live_stream_t *stream)
{
    if (stream->next)
        stream->next->previous = stream->previous;
    if (stream->previous)
        stream->previous->next = stream->next;
    else
        self->streams = stream->next;
    pthread_cond_destroy (&stream->woken);
    result_destroy (&stream->result);
}

/* Makes the stream one for that request; takes its result if it came already. */
static void
s_follow (live_t *self, live_stream_t *stream, const char *request_id)
{
    strncpy (stream->id, request_id, sizeof stream->id - 1);
    stream->request_id = stream->id;
    const result_t *result = recent_find (self->recent, request_id);
    if (result)
        stream->result = result_copy (result);
}

static void
s_wait (live_stream_t *stream, int64_t deadline_ms)
{
    struct timespec until = {
        .tv_sec = deadline_ms / 1000, .tv_nsec = deadline_ms % 1000 * 1000000};
    pthread_cond_timedwait (&stream->woken, &stream->live->mutex, &until);
}

void
live_publish_result (live_t *self, const result_t *result)
{
    result_t *copy = result_copy (result);
    pthread_mutex_lock (&self->mutex);
    live_stream_t *stream;
    for (stream = self->streams; stream; stream = stream->next) {
        if (!stream->request_id || strcmp (stream->request_id, result->request_id) != 0)
            continue;
        if (!stream->result)
            stream->result = result_copy (result);
        pthread_cond_signal (&stream->woken);
    }
    recent_put (self->recent, &copy);
    pthread_mutex_unlock (&self->mutex);
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
    live_stream_t *stream;
    for (stream = self->streams; stream; stream = stream->next)
        if (!stream->request_id)
            pthread_cond_signal (&stream->woken);
    pthread_mutex_unlock (&self->mutex);
}

live_stream_t *
live_open (live_t *self, const char *request_id, uint64_t last_id)
{
    live_stream_t *stream = NULL;
    pthread_mutex_lock (&self->mutex);
    if (!self->closed && self->stream_count < self->stream_limit) {
        stream = calloc (1, sizeof *stream);
        assert (stream);
        s_link (self, stream);
        self->stream_count++;
        stream->cursor = last_id ? last_id : self->last_id;
        if (request_id)
            s_follow (self, stream, request_id);
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
    live_t *self = stream->live;
    pthread_mutex_lock (&self->mutex);
    s_unlink (self, stream);
    self->stream_count--;
    pthread_mutex_unlock (&self->mutex);
    free (stream);
    *stream_p = NULL;
}

static bool
s_give_result (live_stream_t *stream, strbuf_t *out)
{
    result_t *result = stream->result;
    if (!result)
        return false;
    strbuf_addf (out, "id: %llu\nevent: result\ndata: {\"request_id\":",
        (unsigned long long)stream->cursor);
    strbuf_add_json_string (out, result->request_id);
    strbuf_add (out, ",\"result\":");
    if (result->status == RESULT_COMPLETED) {
        result_payload_to_json (result, out);
        strbuf_add (out, ",\"error\":null}\n\n");
    } else {
        strbuf_add (out, "null,\"error\":");
        strbuf_add_json_string (out, result->error);
        strbuf_add (out, "}\n\n");
    }
    result_destroy (&stream->result);
    return true;
}

static bool
s_give_events (live_stream_t *stream, strbuf_t *out)
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

static bool
s_give (live_stream_t *stream, strbuf_t *out)
{
    return stream->request_id ? s_give_result (stream, out)
                              : s_give_events (stream, out);
}

int
live_next (live_stream_t *stream, int timeout_ms, strbuf_t *out)
{
    live_t *self = stream->live;
    int64_t deadline_ms = clock_monotonic_ms () + timeout_ms;
    pthread_mutex_lock (&self->mutex);
    bool given = s_give (stream, out);
    while (!given && !self->closed && clock_monotonic_ms () < deadline_ms) {
        s_wait (stream, deadline_ms);
        given = s_give (stream, out);
    }
    int rc = given ? 1 : self->closed ? -1 : 0;
    pthread_mutex_unlock (&self->mutex);
    return rc;
}

bool
live_wait_result (
    live_t *self, const char *request_id, int64_t deadline_ms, char **result_json)
{
    live_stream_t wait = {0};
    pthread_mutex_lock (&self->mutex);
    s_link (self, &wait);
    s_follow (self, &wait, request_id);
    while (!wait.result && !self->closed && clock_monotonic_ms () < deadline_ms)
        s_wait (&wait, deadline_ms);
    bool found = wait.result != NULL;
    strbuf_t json = STRBUF_EMPTY;
    if (found && result_json && wait.result->status == RESULT_COMPLETED)
        result_payload_to_json (wait.result, &json);
    if (result_json)
        *result_json = json.data;
    s_unlink (self, &wait);
    pthread_mutex_unlock (&self->mutex);
    return found;
}

void
live_shutdown (live_t *self)
{
    pthread_mutex_lock (&self->mutex);
    self->closed = true;
    live_stream_t *stream;
    for (stream = self->streams; stream; stream = stream->next)
        pthread_cond_signal (&stream->woken);
    pthread_mutex_unlock (&self->mutex);
}

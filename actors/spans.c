/* SPDX-License-Identifier: Apache-2.0 */
#include "actors/spans.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/metrics.h"

struct spans {
    sampler_t sampler;
    pthread_mutex_t mutex; /* the queue */
    span_t *queue;         /* limit of them, used in turns */
    size_t limit;
    size_t first; /* the oldest */
    size_t count;
    int fd; /* tells the span_sender */
    metric_t *dropped;
};

spans_t *
spans_new (const sampler_t *sampler, size_t limit)
{
    spans_t *self = calloc (1, sizeof *self);
    assert (self && limit > 1);
    self->sampler = *sampler;
    pthread_mutex_init (&self->mutex, NULL);
    self->queue = calloc (limit, sizeof *self->queue);
    assert (self->queue);
    self->limit = limit;
    self->fd = eventfd (0, EFD_NONBLOCK | EFD_CLOEXEC);
    assert (self->fd >= 0);
    self->dropped = metrics_counter ("sasrec_spans_dropped_total",
        "Spans let go: the queue was full, or their receiver did not take them.", "");
    return self;
}

void
spans_destroy (spans_t **self_p)
{
    spans_t *self = *self_p;
    if (!self)
        return;
    close (self->fd);
    pthread_mutex_destroy (&self->mutex);
    free (self->queue);
    free (self);
    *self_p = NULL;
}

void
spans_begin (spans_t *self, trace_t *trace, uint8_t parent_id[8])
{
    bool from_parent = trace_exists (trace);
    if (!from_parent)
        trace_make (trace);
    bool sampled = sampler_decide (&self->sampler, trace, from_parent);
    memset (parent_id, 0, 8);
    if (from_parent) {
        memcpy (parent_id, trace->span_id, 8);
        trace_make_span (trace->span_id);
    }
    trace->flags = sampled ? TRACE_SAMPLED : 0;
}

void
spans_push (spans_t *self, const span_t *span)
{
    pthread_mutex_lock (&self->mutex);
    bool room = self->count < self->limit;
    if (room)
        self->queue[(self->first + self->count++) % self->limit] = *span;
    bool news = room && (self->count == 1 || self->count == self->limit / 2);
    pthread_mutex_unlock (&self->mutex);
    if (!room)
        metric_add (self->dropped, 1);
    if (news)
        eventfd_write (self->fd, 1);
}

size_t
spans_take (spans_t *self, span_t *spans, size_t limit)
{
    size_t taken = 0;
    pthread_mutex_lock (&self->mutex);
    for (; taken < limit && self->count > 0; taken++, self->count--) {
        spans[taken] = self->queue[self->first];
        self->first = (self->first + 1) % self->limit;
    }
    pthread_mutex_unlock (&self->mutex);
    return taken;
}

void
spans_drop (spans_t *self, size_t count)
{
    metric_add (self->dropped, count);
}

int
spans_fd (const spans_t *self)
{
    return self->fd;
}

void
spans_clear (spans_t *self)
{
    eventfd_t news;
    eventfd_read (self->fd, &news);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "actors/span_sender.h"

#include <assert.h>
#include <stdlib.h>

#include "actors/otlp.h"
#include "base/actor/control.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/uuid.h"

#define BATCH_LIMIT    512
#define TIMEOUT_MS     5000
#define RETRY_MS       1000 /* the first pause; each is twice the one before */
#define RETRY_LIMIT_MS 30000

typedef struct {
    const span_sender_args_t *args; /* borrowed */
    otlp_t *receiver;               /* NULL before START */
    char instance[UUID_TEXT_SIZE];  /* of this process */
    span_t *batch;                  /* BATCH_LIMIT of them; what is being sent */
    size_t count;
    strbuf_t json;    /* of the batch */
    int64_t due_ms;   /* when to send; INT64_MAX: when there is something */
    int64_t retry_ms; /* the last pause; 0: the receiver takes what it gets */
    bool refused;     /* and that was said */
    char error[160];
    metric_t *sent;
} self_t;

static self_t *
s_new (const span_sender_args_t *args)
{
    self_t *self = calloc (1, sizeof *self);
    assert (self);
    self->args = args;
    self->batch = calloc (BATCH_LIMIT, sizeof *self->batch);
    assert (self->batch);
    self->due_ms = INT64_MAX;
    uuid_make (self->instance);
    self->sent = metrics_counter (
        "sasrec_spans_sent_total", "Spans that their receiver took.", "");
    return self;
}

static const char *
s_start (void *context)
{
    self_t *self = context;
    self->receiver = otlp_new (self->args->endpoint, self->args->headers, self->error);
    return self->receiver ? NULL : self->error;
}

/* The next batch, or the one that was not taken yet. False: nothing waits. */
static bool
s_fill (self_t *self)
{
    if (self->count > 0)
        return true;
    self->count = spans_take (self->args->spans, self->batch, BATCH_LIMIT);
    if (self->count == 0)
        return false;
    const span_source_t source = {
        self->args->service, self->args->role, self->instance};
    strbuf_clear (&self->json);
    spans_to_json (&source, self->batch, self->count, &self->json);
    return true;
}

static void
s_taken (self_t *self)
{
    metric_add (self->sent, self->count);
    self->count = 0;
    if (self->retry_ms > 0 || self->refused)
        log_info (
            "span_sender.sending", log_str ("receiver", otlp_host (self->receiver)));
    self->retry_ms = 0;
    self->refused = false;
}

static void
s_refused (self_t *self, const char *reason)
{
    if (!self->refused)
        log_warn ("span_sender.refused",
            log_str ("receiver", otlp_host (self->receiver)),
            log_str ("reason", reason));
    self->refused = true;
    self->retry_ms = 0;
    spans_drop (self->args->spans, self->count);
    self->count = 0;
}

static void
s_later (self_t *self, const char *reason)
{
    if (self->retry_ms == 0)
        log_warn ("span_sender.away", log_str ("receiver", otlp_host (self->receiver)),
            log_str ("reason", reason));
    self->retry_ms = self->retry_ms == 0 ? RETRY_MS : 2 * self->retry_ms;
    if (self->retry_ms > RETRY_LIMIT_MS)
        self->retry_ms = RETRY_LIMIT_MS;
    self->due_ms = clock_monotonic_ms () + self->retry_ms;
}

/* False: the others wait for another time. */
static bool
s_send (self_t *self, long timeout_ms, zsock_t *pipe)
{
    char reason[160] = "";
    switch (otlp_post (self->receiver, &self->json, timeout_ms, pipe, reason)) {
    case OTLP_TAKEN:
        s_taken (self);
        return true;
    case OTLP_REFUSED:
        s_refused (self, reason);
        return true;
    case OTLP_LATER:
        s_later (self, reason);
        return false;
    case OTLP_INTERRUPTED:
        self->due_ms = clock_monotonic_ms (); /* after the command */
        break;
    }
    return false;
}

static void
s_send_all (self_t *self, zsock_t *pipe)
{
    self->due_ms = INT64_MAX;
    while (s_fill (self))
        if (!s_send (self, TIMEOUT_MS, pipe))
            return;
}

/* In the time there is, and not to a receiver that is known to be away. */
static void
s_flush (self_t *self)
{
    int64_t deadline_ms = clock_monotonic_ms () + SPAN_SENDER_FLUSH_MS;
    int64_t left_ms = SPAN_SENDER_FLUSH_MS;
    while (self->retry_ms == 0 && left_ms > 0 && s_fill (self) &&
           s_send (self, (long)left_ms, NULL))
        left_ms = deadline_ms - clock_monotonic_ms ();
    while (s_fill (self)) {
        spans_drop (self->args->spans, self->count);
        self->count = 0;
    }
}

static void
s_destroy (self_t **self_p)
{
    self_t *self = *self_p;
    if (self->receiver)
        s_flush (self);
    otlp_destroy (&self->receiver);
    strbuf_free (&self->json);
    free (self->batch);
    free (self);
    *self_p = NULL;
}

static long
s_wait_ms (const self_t *self)
{
    if (self->due_ms == INT64_MAX)
        return -1;
    int64_t wait_ms = self->due_ms - clock_monotonic_ms ();
    return wait_ms > 0 ? (long)wait_ms : 0;
}

/* The first span waits for others; a queue that is half full does not wait. */
static void
s_note (self_t *self)
{
    int64_t now_ms = clock_monotonic_ms ();
    spans_clear (self->args->spans);
    if (self->retry_ms > 0)
        return;
    self->due_ms = self->due_ms == INT64_MAX ? now_ms + SPAN_SENDER_PAUSE_MS : now_ms;
}

static bool
s_serve (void *context, zsock_t *pipe)
{
    self_t *self = context;
    zmq_pollitem_t items[] = {
        {zsock_resolve (pipe), 0, ZMQ_POLLIN, 0},
        {NULL, spans_fd (self->args->spans), ZMQ_POLLIN, 0},
    };
    zmq_poll (items, 2, s_wait_ms (self));
    if (items[1].revents)
        s_note (self);
    if (!items[0].revents && clock_monotonic_ms () >= self->due_ms)
        s_send_all (self, pipe);
    return items[0].revents || zsock_events (pipe) & ZMQ_POLLIN;
}

void
span_sender_actor (zsock_t *pipe, void *args)
{
    const control_life_t life = {s_start, s_serve, NULL};
    self_t *self = s_new (args);
    control_run (pipe, self, &life);
    s_destroy (&self);
}

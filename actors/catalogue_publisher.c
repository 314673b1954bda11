/* SPDX-License-Identifier: Apache-2.0 */
#include "actors/catalogue_publisher.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "actors/catalogue_feed.h"
#include "actors/catalogue_source.h"
#include "actors/endpoints.h"
#include "base/actor/control.h"
#include "base/actor/wire.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"

#define ALIVE_MS 30000 /* from one "alive" to the next */
#define PAUSES   64    /* args.walk_ms: between two walks while nothing is heard */

typedef struct {
    const catalogue_publisher_args_t *args; /* borrowed */
    zsock_t *heard;
    zsock_t *facts;
    catalogue_source_t *source;
    catalogue_feed_t *feed;
    int64_t offset;        /* of the last message that was heard; -1: none */
    bool caught_up;        /* all that was there at the start has been heard */
    bool walking;          /* over all items */
    bool differed;         /* something did in this walk */
    int pause_ms;          /* to the next; doubled by each that nothing was heard of */
    int64_t walk_ms;       /* when the next walk is due; INT64_MAX: nothing differs */
    int64_t contradict_ms; /* ... because the topic says otherwise; INT64_MAX */
    int64_t look_ms;       /* when the database is asked next */
    bool complete;         /* was heard, of this topic */
    int64_t alive_ms;      /* when that is to be said next */
    fact_message_t *held;  /* the pipe is full */
    metric_t *published;
} self_t;

static self_t *
s_new (const catalogue_publisher_args_t *args)
{
    self_t *self = calloc (1, sizeof *self);
    assert (self);
    self->args = args;
    self->source = catalogue_source_new (
        args->conninfo, "sasrec catalogue_publisher", args->statement_timeout_ms);
    self->feed = catalogue_feed_new ();
    self->offset = -1;
    self->pause_ms = args->walk_ms;
    self->walk_ms = self->contradict_ms = INT64_MAX;
    self->published = metrics_counter ("sasrec_catalogue_published_total",
        "Items whose facts were sent to Kafka, since the topic said otherwise.", "");
    return self;
}

static void
s_destroy (self_t **self_p)
{
    self_t *self = *self_p;
    fact_message_t *message;
    while (self->heard && (message = fact_message_recv (self->heard)))
        fact_message_destroy (&message);
    fact_message_destroy (&self->held);
    wire_destroy (&self->heard);
    wire_destroy (&self->facts);
    catalogue_feed_destroy (&self->feed);
    catalogue_source_destroy (&self->source);
    free (self);
    *self_p = NULL;
}

static const char *
catalogue_publisher_start (void *context)
{
    self_t *self = context;
    self->heard = wire_pull_new (self->args->heard_endpoint, ENDPOINT_FACTS_LIMIT);
    self->facts = wire_push_new (self->args->facts_endpoint, ENDPOINT_FACTS_LIMIT);
    return self->heard && self->facts
               ? NULL
               : "catalogue_publisher: an endpoint of its name is taken";
}

static void
s_walk (self_t *self)
{
    catalogue_feed_walk (self->feed);
    self->walking = true;
    self->differed = false;
    self->walk_ms = self->contradict_ms = INT64_MAX;
}

/* The topic says what is not so: of late, or by somebody else. */
static void
s_contradict (self_t *self)
{
    if (self->contradict_ms == INT64_MAX)
        self->contradict_ms = clock_monotonic_ms () + self->args->contradict_ms;
}

static void
s_hear_one (self_t *self, const fact_message_t *message)
{
    if (message->offset <= self->offset) {
        log_warn ("catalogue_publisher.topic_began_afresh",
            log_int ("offset", message->offset), log_int ("before", self->offset));
        catalogue_feed_forget (self->feed);
        self->complete = false;
        s_walk (self);
    }
    self->offset = message->offset;
    if (self->pause_ms > self->args->walk_ms && self->walk_ms != INT64_MAX)
        self->walk_ms = clock_monotonic_ms () + self->args->walk_ms;
    self->pause_ms = self->args->walk_ms;
    self->complete = self->complete || message->complete;
    if (message->about_item && !catalogue_feed_hear (self->feed, &message->fact))
        s_contradict (self);
}

static void
s_hear (self_t *self)
{
    fact_message_t *message;
    while ((message = fact_message_recv (self->heard))) {
        s_hear_one (self, message);
        fact_message_destroy (&message);
    }
}

/* What the topic says is known: nothing is published before. */
static bool
s_caught_up (self_t *self)
{
    int64_t until = atomic_load (self->args->until);
    self->caught_up = self->caught_up || (until >= 0 && self->offset >= until - 1);
    return self->caught_up;
}

static void
s_look (self_t *self)
{
    size_t count;
    catalogue_news_t news = catalogue_source_look (self->source);
    if (news == CATALOGUE_ALL) {
        catalogue_t *all = catalogue_source_take (self->source);
        catalogue_feed_set_all (self->feed, &all);
        s_walk (self);
    } else if (news == CATALOGUE_CHANGES) {
        const model_slot_change_t *changes =
            catalogue_source_changes (self->source, &count);
        catalogue_feed_change (self->feed, changes, count);
    }
    self->look_ms = clock_monotonic_ms () + CATALOGUE_LOOK_MS;
}

/* What nobody hears is in the topic all the same when a stranger leaves a transaction
 * open: all of it again every few seconds would fill the broker's disk. */
static void
s_walk_again (self_t *self)
{
    if (self->walk_ms != INT64_MAX && self->pause_ms < PAUSES * self->args->walk_ms)
        self->pause_ms *= 2;
    s_walk (self);
}

/* False: the pipe is full. */
static bool
s_send_held (self_t *self)
{
    return !self->held || fact_message_send (&self->held, self->facts) == 0;
}

/* A walk that found something is followed by another: was it heard? */
static void
s_end_walk (self_t *self)
{
    self->walking = false;
    if (!self->differed && !self->complete) {
        self->held = fact_message_new_complete (true);
        self->walk_ms = clock_monotonic_ms () + self->pause_ms;
    }
}

static void
s_publish_fact (self_t *self, const fact_t *fact)
{
    self->held = fact_message_new (fact);
    self->differed = true;
    self->walk_ms = clock_monotonic_ms () + self->pause_ms;
    metric_add (self->published, 1);
}

static void
s_publish (self_t *self)
{
    fact_t fact;
    int64_t now_ms = clock_monotonic_ms ();
    if (!self->walking && (now_ms >= self->walk_ms || now_ms >= self->contradict_ms))
        s_walk_again (self);
    while (s_send_held (self))
        if (catalogue_feed_next (self->feed, &fact))
            s_publish_fact (self, &fact);
        else if (self->walking)
            s_end_walk (self);
        else
            break;
    if (self->held || now_ms < self->alive_ms)
        return;
    self->held = fact_message_new_complete (false);
    self->alive_ms = now_ms + ALIVE_MS;
    s_send_held (self);
}

static int64_t
s_due_ms (const self_t *self)
{
    int64_t due_ms = self->look_ms;
    if (self->held) /* the pipe's room is waited for */
        return due_ms;
    due_ms = self->walk_ms < due_ms ? self->walk_ms : due_ms;
    due_ms = self->contradict_ms < due_ms ? self->contradict_ms : due_ms;
    return self->alive_ms < due_ms ? self->alive_ms : due_ms;
}

static bool
catalogue_publisher_serve (void *context, zsock_t *pipe)
{
    self_t *self = context;
    zmq_pollitem_t items[] = {
        {zsock_resolve (pipe), 0, ZMQ_POLLIN, 0},
        {zsock_resolve (self->heard), 0, ZMQ_POLLIN, 0},
        {zsock_resolve (self->facts), 0, ZMQ_POLLOUT, 0},
    };
    int64_t due_ms = s_caught_up (self) ? s_due_ms (self) : self->look_ms;
    int64_t wait_ms = due_ms - clock_monotonic_ms ();
    zmq_poll (items, self->held ? 3 : 2, wait_ms > 0 ? (long)wait_ms : 0);
    if (items[1].revents)
        s_hear (self);
    if (items[0].revents)
        return true;
    if (clock_monotonic_ms () >= self->look_ms)
        s_look (self);
    if (s_caught_up (self))
        s_publish (self);
    return false;
}

void
catalogue_publisher_actor (zsock_t *pipe, void *args)
{
    const control_life_t life = {
        catalogue_publisher_start, catalogue_publisher_serve, NULL};
    self_t *self = s_new (args);
    control_run (pipe, self, &life);
    s_destroy (&self);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "actors/catalogue_reader.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "actors/endpoints.h"
#include "base/actor/control.h"
#include "base/actor/wire.h"
#include "base/health.h"
#include "base/log.h"
#include "proto/fact.h"

#define GROUP    4096 /* changes at once: an offer is made anew with each group */
#define CHECK_MS 500  /* whether the topic's end is known, before the first message */

typedef struct {
    const catalogue_reader_args_t *args; /* borrowed */
    zsock_t *heard;
    catalogue_t *reading; /* until it is complete; then NULL */
    bool complete;        /* was said */
    int64_t offset;       /* of the last message; -1: none */
    bool afresh; /* the topic began again since the start, with nothing in it */
    fact_message_t *messages[GROUP];
    model_slot_change_t changes[GROUP];
    size_t count;
    health_t *health;
} self_t;

static self_t *
s_new (const catalogue_reader_args_t *args)
{
    self_t *self = calloc (1, sizeof *self);
    assert (self);
    self->args = args;
    self->reading = catalogue_new ();
    self->offset = -1;
    self->health = health_check ("catalogue", true);
    health_set (self->health, false, "catalogue.items has not been read yet");
    return self;
}

static void
s_destroy (self_t **self_p)
{
    self_t *self = *self_p;
    fact_message_t *message;
    while (self->heard && (message = fact_message_recv (self->heard)))
        fact_message_destroy (&message);
    wire_destroy (&self->heard);
    catalogue_destroy (&self->reading);
    free (self);
    *self_p = NULL;
}

static const char *
catalogue_reader_start (void *context)
{
    self_t *self = context;
    self->heard = wire_pull_new (self->args->heard_endpoint, ENDPOINT_FACTS_LIMIT);
    return self->heard ? NULL : "catalogue_reader: an endpoint of its name is taken";
}

static catalogue_row_t
s_row (const fact_t *fact)
{
    return (catalogue_row_t){.item_id = fact->item_id,
        .hidden = fact->hidden,
        .from_ms = fact->from_ms,
        .until_ms = fact->until_ms};
}

/* Takes the message. */
static void
s_take (self_t *self, fact_message_t *message)
{
    catalogue_row_t row = s_row (&message->fact);
    if (message->offset <= self->offset) {
        self->afresh = true;
        self->complete = false;
    }
    self->offset = message->offset;
    self->complete = self->complete || message->complete;
    bool says = message->about_item && !message->unreadable;
    if (!says || self->reading) {
        if (says)
            catalogue_put (self->reading, &row, message->fact.categories);
        fact_message_destroy (&message);
        return;
    }
    self->messages[self->count] = message;
    self->changes[self->count++] = (model_slot_change_t){row, message->fact.categories};
}

static void
s_change (self_t *self)
{
    if (self->count > 0)
        model_slot_change_catalogue (self->args->slot, self->changes, self->count);
    for (size_t i = 0; i < self->count; i++)
        fact_message_destroy (&self->messages[i]);
    self->count = 0;
}

static void
s_check_complete (self_t *self)
{
    int64_t until = atomic_load (self->args->until);
    bool heard = self->afresh || (until >= 0 && self->offset >= until - 1);
    if (!self->reading || !self->complete || !heard)
        return;
    log_info ("catalogue.read",
        log_int ("items", (int64_t)catalogue_count (self->reading)),
        log_int ("bytes", (int64_t)catalogue_size (self->reading)));
    model_slot_put_catalogue (self->args->slot, &self->reading);
    health_set (self->health, true, "");
}

static void
s_hear (self_t *self)
{
    fact_message_t *message = NULL;
    do {
        while (self->count < GROUP && (message = fact_message_recv (self->heard)))
            s_take (self, message);
        s_change (self);
    } while (message);
}

static bool
catalogue_reader_serve (void *context, zsock_t *pipe)
{
    self_t *self = context;
    zmq_pollitem_t items[] = {
        {zsock_resolve (pipe), 0, ZMQ_POLLIN, 0},
        {zsock_resolve (self->heard), 0, ZMQ_POLLIN, 0},
    };
    zmq_poll (items, 2, self->reading ? CHECK_MS : -1);
    if (items[1].revents)
        s_hear (self);
    s_check_complete (self);
    return items[0].revents != 0;
}

void
catalogue_reader_actor (zsock_t *pipe, void *args)
{
    const control_life_t life = {catalogue_reader_start, catalogue_reader_serve, NULL};
    self_t *self = s_new (args);
    control_run (pipe, self, &life);
    s_destroy (&self);
}

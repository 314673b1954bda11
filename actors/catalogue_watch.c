/* SPDX-License-Identifier: Apache-2.0 */
#include "actors/catalogue_watch.h"

#include <assert.h>
#include <stdlib.h>

#include "actors/catalogue_source.h"
#include "base/actor/control.h"
#include "base/clock.h"
#include "base/health.h"

typedef struct {
    const catalogue_watch_args_t *args; /* borrowed */
    catalogue_source_t *source;
    int64_t look_ms; /* when the next look is due */
    health_t *health;
} self_t;

static self_t *
s_new (const catalogue_watch_args_t *args)
{
    self_t *self = calloc (1, sizeof *self);
    assert (self);
    self->args = args;
    self->source = catalogue_source_new (
        args->conninfo, "sasrec catalogue_watch", args->statement_timeout_ms);
    self->health = health_check ("catalogue", true);
    return self;
}

static void
s_destroy (self_t **self_p)
{
    catalogue_source_destroy (&(*self_p)->source);
    free (*self_p);
    *self_p = NULL;
}

static const char *
catalogue_watch_start (void *context)
{
    (void)context;
    return NULL;
}

static void
s_look (self_t *self)
{
    size_t count;
    catalogue_t *all;
    catalogue_news_t news = catalogue_source_look (self->source);
    if (news == CATALOGUE_ALL) {
        all = catalogue_source_take (self->source);
        model_slot_put_catalogue (self->args->slot, &all);
        health_set (self->health, true, "");
    } else if (news == CATALOGUE_CHANGES) {
        const model_slot_change_t *changes =
            catalogue_source_changes (self->source, &count);
        model_slot_change_catalogue (self->args->slot, changes, count);
    } else if (!health_ok (self->health))
        health_set (self->health, false, catalogue_source_reason (self->source));
    self->look_ms = clock_monotonic_ms () + CATALOGUE_LOOK_MS;
}

static bool
catalogue_watch_serve (void *context, zsock_t *pipe)
{
    self_t *self = context;
    zmq_pollitem_t item = {zsock_resolve (pipe), 0, ZMQ_POLLIN, 0};
    int64_t wait_ms = self->look_ms - clock_monotonic_ms ();
    zmq_poll (&item, 1, wait_ms > 0 ? (long)wait_ms : 0);
    if (!item.revents && clock_monotonic_ms () >= self->look_ms)
        s_look (self);
    return item.revents != 0;
}

void
catalogue_watch_actor (zsock_t *pipe, void *args)
{
    const control_life_t life = {catalogue_watch_start, catalogue_watch_serve, NULL};
    self_t *self = s_new (args);
    control_run (pipe, self, &life);
    s_destroy (&self);
}

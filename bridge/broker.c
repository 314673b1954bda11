/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/broker.h"

#include <assert.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/health.h"

#define PROBE_MS       5000 /* how often the broker is asked while all is well */
#define PROBE_AWAY_MS  500  /* ... and while it is not */
#define PROBE_MISSES   3    /* in a row: a busy machine may miss one */
#define LAST_WAIT_MS   500  /* as BROKER_WAIT_MS, before we stop */
#define FOLLOW_WAIT_MS 1000 /* as BROKER_WAIT_MS, once, for the listener's start */

struct broker {
    broker_args_t args;
    listener_t *listener; /* NULL until the broker has the topics */
    bool up;              /* the last probes went well */
    int misses;           /* probes since that did not */
    bool quiesced;
    int64_t probe_ms; /* when the next is due */
    health_t *health;
};

broker_t *
broker_new (const broker_args_t *args)
{
    broker_t *self = calloc (1, sizeof *self);
    assert (self);
    self->args = *args;
    self->health = health_check ("kafka", args->required);
    return self;
}

void
broker_destroy (broker_t **self_p)
{
    broker_t *self = *self_p;
    if (!self)
        return;
    listener_destroy (&self->listener);
    free (self);
    *self_p = NULL;
}

static int
s_follow (broker_t *self, char error[160])
{
    if (self->args.listener.topic_count == 0 || self->quiesced)
        return 0;
    if (!self->listener)
        self->listener = listener_new (&self->args.listener, error);
    if (!self->listener)
        return -1;
    bool follows = listener_follows (self->listener);
    int rc = listener_follow (
        self->listener, follows ? BROKER_WAIT_MS : FOLLOW_WAIT_MS, error);
    return follows ? 0 : rc;
}

/* A member of a group without a partition is up, and not ready. */
static void
s_probe (broker_t *self)
{
    char text[160] = "";
    bool up = producer_probe (
                  self->args.producer, self->args.wanted, BROKER_WAIT_MS, text) == 0 &&
              groups_open (self->args.groups, text) == 0 && s_follow (self, text) == 0;
    bool ok = up && groups_assigned (self->args.groups, text) == 0;
    self->misses = ok ? 0 : self->misses + 1;
    if (up || self->misses >= PROBE_MISSES)
        self->up = up;
    if (ok || self->misses >= PROBE_MISSES || !health_ok (self->health))
        health_set (self->health, ok, ok ? "" : text);
    producer_suspicious (self->args.producer);
    self->probe_ms = clock_monotonic_ms () + (ok ? PROBE_MS : PROBE_AWAY_MS);
}

void
broker_serve (broker_t *self, int64_t now_ms)
{
    if (now_ms >= self->probe_ms ||
        (self->up && producer_suspicious (self->args.producer)))
        s_probe (self);
}

bool
broker_up (const broker_t *self)
{
    return self->up;
}

listener_t *
broker_listener (const broker_t *self)
{
    return self->listener;
}

/* A broker that froze since the last look would cost the stop all of its time. */
void
broker_quiesce (broker_t *self)
{
    char text[160];
    self->quiesced = true;
    self->up = self->up && producer_probe (self->args.producer, self->args.wanted,
                               LAST_WAIT_MS, text) == 0;
    listener_destroy (&self->listener);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/backlog.h"

#include <assert.h>
#include <stdlib.h>

#include "bridge/broker.h"
#include "bridge/lag.h"

struct backlog {
    const bridge_args_t *args;       /* borrowed */
    lag_t *lags[BRIDGE_WATCH_LIMIT]; /* NULL until it could be made */
    int64_t look_ms;                 /* when to look next */
    size_t messages;
};

backlog_t *
backlog_new (const bridge_args_t *args)
{
    backlog_t *self = calloc (1, sizeof *self);
    assert (self && args->watch_count <= BRIDGE_WATCH_LIMIT);
    self->args = args;
    return self;
}

void
backlog_destroy (backlog_t **self_p)
{
    backlog_t *self = *self_p;
    if (!self)
        return;
    for (size_t i = 0; i < self->args->watch_count; i++)
        lag_destroy (&self->lags[i]);
    free (self);
    *self_p = NULL;
}

static void
s_look (backlog_t *self, size_t i, bool up)
{
    char error[160];
    const bridge_watch_t *watch = &self->args->watches[i];
    if (!self->lags[i] && up) /* its topic is there, then: see producer.c */
        self->lags[i] = lag_new (self->args->bootstrap_servers, self->args->client_id,
            watch->group, watch->topic, error);
    if (!self->lags[i])
        return;
    if (up)
        lag_look (self->lags[i], BROKER_WAIT_MS);
    else
        lag_lose (self->lags[i]);
    if (lag_lags (self->lags[i]))
        self->messages += (size_t)lag_messages (self->lags[i]);
}

void
backlog_serve (backlog_t *self, bool up, int64_t now_ms)
{
    if (now_ms < self->look_ms)
        return;
    self->look_ms = now_ms + LAG_LOOK_MS;
    self->messages = 0;
    for (size_t i = 0; i < self->args->watch_count; i++)
        s_look (self, i, up);
}

size_t
backlog_messages (const backlog_t *self)
{
    return self->messages;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "actors/key_watch.h"

#include <assert.h>
#include <stdlib.h>

#include "base/actor/control.h"
#include "base/clock.h"
#include "base/health.h"
#include "base/log.h"
#include "base/metrics.h"
#include "store/api_keys.h"

#define AWAY_MS 200 /* while the table was never read */
#define NO_KEY  "nobody is let in without a key: sasrec keys create (or --open)"

typedef struct {
    const key_watch_args_t *args; /* borrowed */
    db_t *db;                     /* muted: others say that it is away */
    health_t *health;             /* NULL: everybody is let in */
    int64_t look_ms;              /* when the next is due */
    bool failed;                  /* the last look, and that was logged */
    size_t count;                 /* as logged last */
    metric_t *keys;
} self_t;

static self_t *
key_watch_new (const key_watch_args_t *args)
{
    self_t *self = calloc (1, sizeof *self);
    assert (self);
    self->args = args;
    self->db = db_new (args->conninfo, "sasrec key_watch", args->statement_timeout_ms);
    db_mute (self->db);
    self->health = args->open ? NULL : health_check ("keys", true);
    self->keys = metrics_gauge ("sasrec_api_keys", "API keys that hold.", "");
    return self;
}

static void
key_watch_destroy (self_t **self_p)
{
    self_t *self = *self_p;
    db_destroy (&self->db);
    free (self);
    *self_p = NULL;
}

static void
key_watch_take (self_t *self, const api_key_t *keys, size_t count, bool any)
{
    keyring_replace (self->args->keyring, keys, count, any);
    metric_set (self->keys, (double)count);
    if (count != self->count)
        log_info ("key_watch.keys", log_int ("count", (int64_t)count));
    self->count = count;
    self->failed = false;
}

/* A database that is away is said by others; that it cannot be read is ours to say. */
static void
key_watch_fail (self_t *self, db_status_t status)
{
    if (status != DB_AWAY && !self->failed)
        log_warn ("key_watch.unread", log_str ("reason", db_error (self->db)));
    self->failed = true;
}

static void
key_watch_publish (self_t *self)
{
    keyring_state_t state = keyring_state (self->args->keyring);
    if (!self->health)
        return;
    if (state == KEYRING_UNKNOWN)
        health_set (self->health, false, "unknown: the table of keys was not read yet");
    else {
        bool ok = self->count > 0 || !self->args->needed;
        health_set (self->health, ok, ok ? NULL : NO_KEY);
    }
}

static void
key_watch_look (self_t *self)
{
    api_key_t *keys = NULL;
    size_t count = 0;
    bool any = false;
    db_status_t status =
        db_ensure (self->db) ? api_keys_read (self->db, &keys, &count, &any) : DB_AWAY;
    if (status == DB_OK)
        key_watch_take (self, keys, count, any);
    else
        key_watch_fail (self, status);
    free (keys);
    key_watch_publish (self);
    bool unknown = keyring_state (self->args->keyring) == KEYRING_UNKNOWN;
    self->look_ms = clock_monotonic_ms () + (unknown ? AWAY_MS : self->args->look_ms);
}

static const char *
key_watch_start (void *context)
{
    key_watch_look (context);
    return NULL;
}

static bool
key_watch_serve (void *context, zsock_t *pipe)
{
    self_t *self = context;
    zmq_pollitem_t item = {zsock_resolve (pipe), 0, ZMQ_POLLIN, 0};
    int64_t wait_ms = self->look_ms - clock_monotonic_ms ();
    zmq_poll (&item, 1, wait_ms > 0 ? (long)wait_ms : 0);
    if (!item.revents && clock_monotonic_ms () >= self->look_ms)
        key_watch_look (self);
    return item.revents != 0;
}

void
key_watch_actor (zsock_t *pipe, void *args)
{
    const control_life_t life = {key_watch_start, key_watch_serve, NULL};
    self_t *self = key_watch_new (args);
    control_run (pipe, self, &life);
    key_watch_destroy (&self);
}

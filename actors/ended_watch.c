/* SPDX-License-Identifier: Apache-2.0 */
#include "actors/ended_watch.h"

#include <assert.h>
#include <stdlib.h>

#include "actors/endpoints.h"
#include "base/actor/control.h"
#include "base/actor/wire.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/uuid.h"
#include "store/predictions.h"

#define LOOK_MS    1000
#define DB_WAIT_MS 100  /* for a free connection; else at the next look */
#define LOOK_LIMIT 1024 /* ids in one look; what waits beyond has its turn next */

typedef struct {
    const ended_watch_args_t *args; /* borrowed */
    zsock_t *endings;               /* NULL without Kafka */
    char (*ids)[PROTO_ID_SIZE];     /* of a look */
    int64_t look_ms;                /* when the next is due */
    metric_t *looks;
    metric_t *found;
} self_t;

static self_t *
ended_watch_new (const ended_watch_args_t *args)
{
    self_t *self = calloc (1, sizeof *self);
    assert (self);
    self->args = args;
    self->ids = calloc (LOOK_LIMIT, sizeof *self->ids);
    assert (self->ids);
    self->looks = metrics_counter ("sasrec_ended_looks_total",
        "Questions to the database after all requests that are waited for.", "");
    self->found = metrics_counter ("sasrec_ended_found_total",
        "Requests that had ended unheard when the database was asked.", "");
    return self;
}

static void
ended_watch_receive (self_t *self)
{
    ending_t *ending;
    while ((ending = ending_recv (self->endings))) {
        for (size_t i = 0; i < ending->count; i++) {
            log_debug ("ended_watch.heard",
                log_str ("request_id", ending->request_ids[i]),
                log_str ("status", ending->status));
            ended_hear (self->args->ended, ending->request_ids[i]);
        }
        ending_destroy (&ending);
    }
}

static void
ended_watch_destroy (self_t **self_p)
{
    self_t *self = *self_p;
    if (self->endings)
        ended_watch_receive (self);
    wire_destroy (&self->endings);
    free (self->ids);
    free (self);
    *self_p = NULL;
}

static const char *
ended_watch_start (void *context)
{
    self_t *self = context;
    if (!self->args->endings_endpoint)
        return NULL;
    self->endings =
        wire_pull_new (self->args->endings_endpoint, ENDPOINT_ENDINGS_LIMIT);
    return self->endings ? NULL : "ended_watch: an endpoint of its name is taken";
}

static void
ended_watch_found (void *context, const char *request_id)
{
    self_t *self = context;
    metric_add (self->found, 1);
    ended_hear (self->args->ended, request_id);
}

static void
ended_watch_look (self_t *self)
{
    const char *ids[LOOK_LIMIT];
    size_t count = 0,
           waiting = ended_waiting (self->args->ended, self->ids, LOOK_LIMIT);
    for (size_t i = 0; i < waiting; i++)
        if (uuid_valid (self->ids[i]))
            ids[count++] = self->ids[i];
    db_t *db = count > 0 ? pool_take (self->args->pool, DB_WAIT_MS) : NULL;
    if (db) {
        metric_add (self->looks, 1);
        predictions_find_ended (db, ids, count, ended_watch_found, self);
        pool_give (self->args->pool, &db);
    }
    self->look_ms = clock_monotonic_ms () + LOOK_MS;
}

static bool
ended_watch_serve (void *context, zsock_t *pipe)
{
    self_t *self = context;
    zmq_pollitem_t items[] = {
        {zsock_resolve (pipe), 0, ZMQ_POLLIN, 0},
        {self->endings ? zsock_resolve (self->endings) : NULL, 0, ZMQ_POLLIN, 0},
    };
    int64_t wait_ms = self->look_ms - clock_monotonic_ms ();
    zmq_poll (items, self->endings ? 2 : 1, wait_ms > 0 ? (long)wait_ms : 0);
    if (self->endings && items[1].revents)
        ended_watch_receive (self);
    if (!items[0].revents && clock_monotonic_ms () >= self->look_ms)
        ended_watch_look (self);
    return items[0].revents != 0;
}

void
ended_watch_actor (zsock_t *pipe, void *args)
{
    const control_life_t life = {ended_watch_start, ended_watch_serve, NULL};
    self_t *self = ended_watch_new (args);
    control_run (pipe, self, &life);
    ended_watch_destroy (&self);
}

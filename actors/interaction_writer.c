/* The interaction_writer actor. SPDX-License-Identifier: Apache-2.0 */
#include "actors/interaction_writer.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "actors/endpoints.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/actor/control.h"
#include "proto/interaction.h"
#include "base/actor/wire.h"
#include "store/interactions.h"
#include "store/portion.h"

#define BATCH_LIMIT 500
#define RETRY_MS    100 /* connecting has its own back-off */

typedef struct {
    const interaction_writer_args_t *args; /* borrowed */
    zsock_t *interactions;
    zsock_t *settle;
    db_t *db;
    interaction_t *batch[BATCH_LIMIT]; /* in work, kept until they are settled */
    size_t count;                      /* of batch */
    portion_t portion;                 /* how much of the batch to write at once */
    int64_t retry_ms;                  /* when to try the batch again */
    metric_t *rows;
    metric_t *duplicates;
    metric_t *refused;
} self_t;

static self_t *
s_new (const interaction_writer_args_t *args)
{
    self_t *self = calloc (1, sizeof *self);
    assert (self);
    self->args = args;
    self->portion = portion_make (BATCH_LIMIT, args->statement_timeout_ms);
    self->db = db_new (
        args->conninfo, "sasrec interaction_writer", args->statement_timeout_ms);
    self->rows = metrics_counter (
        "interaction_writer_rows_total", "Interactions that were added.", "");
    self->duplicates = metrics_counter ("interaction_writer_duplicates_total",
        "Interactions that were there before.", "");
    self->refused = metrics_counter ("interaction_writer_refused_total",
        "Interactions that PostgreSQL refused.", "");
    return self;
}

static void
s_destroy (self_t **self_p)
{
    self_t *self = *self_p;
    while (self->count > 0)
        interaction_destroy (&self->batch[--self->count]);
    while (
        self->interactions && (self->batch[0] = interaction_recv (self->interactions)))
        interaction_destroy (&self->batch[0]);
    wire_destroy (&self->interactions);
    wire_destroy (&self->settle);
    db_destroy (&self->db);
    free (self);
    *self_p = NULL;
}

/* The first so many of the batch are committed, or refused. */
static void
s_settle (self_t *self, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        settlement_send (&self->batch[i]->receipt, RECEIPT_DONE, self->settle);
        interaction_destroy (&self->batch[i]);
    }
    self->count -= count;
    memmove (self->batch, self->batch + count, self->count * sizeof *self->batch);
}

static void
s_refused (self_t *self, const interaction_t *interaction)
{
    metric_add (self->refused, 1);
    log_warn ("interaction_writer.refused", log_str ("event_id", interaction->event_id),
        log_str ("reason", db_error (self->db)));
}

/* The first so many of the batch. Bisects what PostgreSQL refuses, and settles each part
 * at once: when a later one has to be tried again, this one has been counted. */
static db_status_t
s_add (self_t *self, size_t count)
{
    size_t added = 0;
    int64_t start_ms = clock_monotonic_ms ();
    db_status_t status = interactions_add (
        self->db, (const interaction_t *const *)self->batch, count, &added);
    portion_note (
        &self->portion, count, clock_monotonic_ms () - start_ms, status == DB_OK);
    if (status == DB_DATA && count > 1) {
        status = s_add (self, count / 2);
        return status == DB_OK ? s_add (self, count - count / 2) : status;
    }
    if (status == DB_OK) {
        metric_add (self->rows, added);
        metric_add (self->duplicates, count - added);
    } else if (status == DB_DATA) {
        s_refused (self, self->batch[0]);
    } else {
        return status;
    }
    s_settle (self, count);
    return DB_OK;
}

/* What fits into the time-out, from the batch's start: an event without a time gets that
 * of its statement, and a history keeps the order in which its events came. */
static db_status_t
s_add_portion (self_t *self)
{
    size_t limit = self->portion.limit;
    return s_add (self, self->count < limit ? self->count : limit);
}

static void
s_write (self_t *self)
{
    if (!db_ensure (self->db) || s_add_portion (self) != DB_OK)
        self->retry_ms = clock_monotonic_ms () + RETRY_MS;
}

static void
s_handle_interactions (self_t *self)
{
    while (self->count < BATCH_LIMIT &&
           (self->batch[self->count] = interaction_recv (self->interactions)))
        self->count++;
}

static const char *
s_start (void *context)
{
    self_t *self = context;
    self->interactions =
        wire_pull_new (self->args->interactions_endpoint, ENDPOINT_WRITE_LIMIT);
    self->settle = wire_push_new (self->args->settle_endpoint, ENDPOINT_SETTLE_LIMIT);
    return self->interactions ? NULL
                              : "interaction_writer: an endpoint of its name is taken";
}

static bool
s_serve (void *context, zsock_t *pipe)
{
    self_t *self = context;
    zmq_pollitem_t items[] = {
        {zsock_resolve (pipe), 0, ZMQ_POLLIN, 0},
        {zsock_resolve (self->interactions), 0, ZMQ_POLLIN, 0},
    };
    int64_t wait_ms = self->retry_ms - clock_monotonic_ms ();
    zmq_poll (items, self->count > 0 ? 1 : 2,
        self->count == 0 ? -1
        : wait_ms > 0    ? (long)wait_ms
                         : 0);
    if (self->count == 0 && items[1].revents)
        s_handle_interactions (self);
    if (self->count > 0 && clock_monotonic_ms () >= self->retry_ms)
        s_write (self);
    return items[0].revents != 0;
}

void
interaction_writer_actor (zsock_t *pipe, void *args)
{
    const control_life_t life = {s_start, s_serve, NULL};
    self_t *self = s_new (args);
    control_run (pipe, self, &life);
    s_destroy (&self);
}

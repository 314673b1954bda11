/* SPDX-License-Identifier: Apache-2.0 */
#include "actors/interaction_writer.h"

#include <assert.h>
#include <stdlib.h>

#include "actors/db_watch.h"
#include "actors/endpoints.h"
#include "actors/stage.h"
#include "base/actor/control.h"
#include "base/actor/wire.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "proto/interaction.h"
#include "store/interactions.h"
#include "store/row_writer.h"

#define HOLD_LIMIT  2000 /* interactions, those that are set aside included */
#define BATCH_LIMIT 500  /* rows in one statement */
#define RETRY_MS    100  /* without a database; connecting has its own back-off */
#define LOCK_MS     100 /* it waits so long for somebody's lock, then goes on without */
#define PATIENCE_MS 600000 /* with a row that is refused, and not for its data */

typedef struct {
    const interaction_writer_args_t *args; /* borrowed */
    zsock_t *interactions;
    zsock_t *settle;
    db_t *db;
    row_writer_t *rows; /* interaction_t */
    metric_t *added;
    metric_t *duplicates;
    metric_t *refused;
    metric_t *aside;
    metric_t *depth; /* unwritten ones */
} self_t;

/* What writing is here (store/row_writer.h) */

static db_status_t
interaction_writer_write (void *context, void *const *rows, size_t count)
{
    self_t *self = context;
    size_t added = 0;
    db_status_t status =
        interactions_add (self->db, (interaction_t *const *)rows, count, &added);
    if (status != DB_OK)
        return status;
    metric_add (self->added, added);
    metric_add (self->duplicates, count - added);
    return DB_OK;
}

static db_status_t
interaction_writer_find_locked (
    void *context, void *const *rows, size_t count, bool *locked)
{
    (void)rows;
    (void)count;
    (void)locked;
    return db_probe_table (((self_t *)context)->db, "interactions");
}

static void
interaction_writer_written (void *context, void *row)
{
    self_t *self = context;
    interaction_t *interaction = row;
    settlement_send (&interaction->receipt, RECEIPT_DONE, self->settle);
    interaction_destroy (&interaction);
}

/* Nobody's data is dropped: it becomes a dead letter, with the reason. */
static row_refusal_t
interaction_writer_refused (void *context, void *row, const row_fault_t *fault)
{
    self_t *self = context;
    interaction_t *interaction = row;
    if (fault->status != DB_DATA && fault->age_ms < PATIENCE_MS)
        return ROW_ASIDE;
    metric_add (self->refused, 1);
    log_warn ("interaction_writer.refused", log_str ("event_id", interaction->event_id),
        log_str ("reason", fault->reason));
    settlement_send_dead (&interaction->receipt, fault->reason, self->settle);
    interaction_destroy (&interaction);
    return ROW_GONE;
}

static const char *
interaction_writer_id (const void *row)
{
    return ((const interaction_t *)row)->event_id;
}

static const char *
interaction_writer_reason (void *context)
{
    return db_error (((self_t *)context)->db);
}

static const row_writer_ops_t s_ops = {interaction_writer_write,
    interaction_writer_find_locked, interaction_writer_written,
    interaction_writer_refused, interaction_writer_id, interaction_writer_reason};

static self_t *
interaction_writer_new (const interaction_writer_args_t *args)
{
    self_t *self = calloc (1, sizeof *self);
    assert (self);
    self->args = args;
    const row_writer_args_t writer = {
        "interaction_writer", HOLD_LIMIT, BATCH_LIMIT, args->statement_timeout_ms};
    self->rows = row_writer_new (&writer, &s_ops, self);
    self->db = db_new (
        args->conninfo, "sasrec interaction_writer", args->statement_timeout_ms);
    db_wait_for_locks (self->db, LOCK_MS);
    db_find_by_index (self->db);
    self->added = metrics_counter (
        "sasrec_interaction_writer_rows_total", "Interactions that were added.", "");
    self->duplicates = metrics_counter ("sasrec_interaction_writer_duplicates_total",
        "Interactions that were there before.", "");
    self->refused = metrics_counter ("sasrec_interaction_writer_refused_total",
        "Interactions that PostgreSQL refused: dead letters.", "");
    self->depth = stage_queue ("interactions");
    self->aside = metrics_gauge ("sasrec_interaction_writer_set_aside",
        "Interactions that are in the way for now, tried again later.", "");
    return self;
}

static void
interaction_writer_destroy (self_t **self_p)
{
    self_t *self = *self_p;
    interaction_t *interaction;
    while ((interaction = row_writer_pop (self->rows)))
        interaction_destroy (&interaction);
    while (self->interactions && (interaction = interaction_recv (self->interactions)))
        interaction_destroy (&interaction);
    wire_destroy (&self->interactions);
    wire_destroy (&self->settle);
    db_destroy (&self->db);
    row_writer_destroy (&self->rows);
    free (self);
    *self_p = NULL;
}

static void
interaction_writer_try (self_t *self)
{
    int64_t now_ms = clock_monotonic_ms ();
    db_status_t status = DB_AWAY;
    if (db_ensure (self->db))
        status = row_writer_serve (self->rows, now_ms);
    else
        row_writer_pause (self->rows, now_ms + RETRY_MS);
    if (status == DB_UNABLE)
        db_watch_unable (db_error (self->db));
    metric_set (self->aside, (double)row_writer_aside (self->rows));
    metric_set (self->depth, (double)row_writer_count (self->rows));
}

static void
interaction_writer_receive (self_t *self)
{
    interaction_t *interaction;
    int64_t now_ms = clock_monotonic_ms ();
    while (row_writer_room (self->rows) &&
           (interaction = interaction_recv (self->interactions)))
        row_writer_push (self->rows, interaction, now_ms);
}

static const char *
interaction_writer_start (void *context)
{
    self_t *self = context;
    self->interactions =
        wire_pull_new (self->args->interactions_endpoint, ENDPOINT_WRITE_LIMIT);
    self->settle = wire_push_new (self->args->settle_endpoint, ENDPOINT_SETTLE_LIMIT);
    return self->interactions ? NULL
                              : "interaction_writer: an endpoint of its name is taken";
}

static long
interaction_writer_wait_ms (const self_t *self)
{
    int64_t due_ms = row_writer_due_ms (self->rows);
    if (due_ms == INT64_MAX)
        return -1;
    int64_t wait_ms = due_ms - clock_monotonic_ms ();
    return wait_ms > 0 ? (long)wait_ms : 0;
}

static bool
interaction_writer_serve (void *context, zsock_t *pipe)
{
    self_t *self = context;
    zmq_pollitem_t items[] = {
        {zsock_resolve (pipe), 0, ZMQ_POLLIN, 0},
        {zsock_resolve (self->interactions), 0, ZMQ_POLLIN, 0},
    };
    int count = row_writer_room (self->rows) ? 2 : 1;
    zmq_poll (items, count, interaction_writer_wait_ms (self));
    if (count == 2 && items[1].revents)
        interaction_writer_receive (self);
    if (interaction_writer_wait_ms (self) == 0)
        interaction_writer_try (self);
    return items[0].revents != 0;
}

void
interaction_writer_actor (zsock_t *pipe, void *args)
{
    const control_life_t life = {
        interaction_writer_start, interaction_writer_serve, NULL};
    self_t *self = interaction_writer_new (args);
    control_run (pipe, self, &life);
    interaction_writer_destroy (&self);
}

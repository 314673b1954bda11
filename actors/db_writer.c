/* The db_writer actor. SPDX-License-Identifier: Apache-2.0 */
#include "actors/db_writer.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "actors/db_watch.h"
#include "actors/endpoints.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/ring.h"
#include "base/actor/control.h"
#include "proto/result.h"
#include "base/actor/wire.h"
#include "store/portion.h"
#include "store/predictions.h"

#define RETRY_MS                                                                       \
    100 /* how often a write is tried again; connecting has its own back-off */
#define LOOK_MS 1000 /* how often an idle one looks after the database it shows */

typedef struct {
    const db_writer_args_t *args; /* borrowed */
    zsock_t *write;
    zsock_t *settle;   /* NULL: no message holds a receipt */
    db_watch_t *watch; /* NULL: another shows the database */
    db_t *db;
    ring_t *waiting;  /* result_t, not yet in a batch */
    result_t **batch; /* the results in work, kept until they are settled */
    size_t batch_count;
    portion_t portion; /* how much of the batch to write at once */
    int64_t retry_ms;  /* when to try the batch again; 0: at once */
    bool looked;       /* after the database, since START */
    metric_t *rows;    /* rows that ended */
    metric_t *duplicates;
    metric_t *refused; /* results that PostgreSQL refused */
    metric_t *retries;
    metric_t *lost; /* let go at the end; their requests are sent again */
    metric_t *batch_size;
    metric_t *seconds; /* per transaction */
} self_t;

static const double s_size_bounds[] = {1, 2, 5, 10, 20, 50, 100, 200, 500, 1000};

static void
s_register_metrics (self_t *self)
{
    self->rows =
        metrics_counter ("db_writer_rows_total", "Rows that got their result.", "");
    self->duplicates = metrics_counter ("db_writer_duplicates_total",
        "Results whose row had ended before, or does not exist.", "");
    self->refused = metrics_counter (
        "db_writer_refused_total", "Results that PostgreSQL refused.", "");
    self->retries = metrics_counter (
        "db_writer_retries_total", "Batches that had to be tried again.", "");
    self->lost = metrics_counter ("db_writer_dropped_total",
        "Results let go when stopping without a database.", "");
    self->batch_size =
        metrics_histogram ("db_writer_batch_size", "Results per transaction.", "",
            s_size_bounds, sizeof s_size_bounds / sizeof s_size_bounds[0]);
    self->seconds =
        metrics_histogram ("db_writer_write_seconds", "Time of one transaction.", "",
            metrics_latency_bounds, metrics_latency_bound_count);
}

static self_t *
s_new (const db_writer_args_t *args)
{
    self_t *self = calloc (1, sizeof *self);
    assert (self);
    self->args = args;
    self->waiting = ring_new (args->waiting_limit);
    self->batch = calloc (args->batch_limit, sizeof *self->batch);
    assert (self->batch);
    self->portion = portion_make (args->batch_limit, args->statement_timeout_ms);
    if (args->shows_database)
        self->watch = db_watch_new (
            args->conninfo, "sasrec db_writer", args->statement_timeout_ms);
    self->db = self->watch ? db_watch_db (self->watch)
                           : db_new (args->conninfo, "sasrec db_writer",
                                 args->statement_timeout_ms);
    s_register_metrics (self);
    return self;
}

/* The cell is an estimate that others set too: never below nothing. */
static void
s_lower_backlog (self_t *self, size_t rows)
{
    size_t now = atomic_load (self->args->backlog), next;
    do {
        next = now > rows ? now - rows : 0;
    } while (!atomic_compare_exchange_weak (self->args->backlog, &now, next));
}

static db_status_t
s_finish (self_t *self, result_t **results, size_t count)
{
    size_t hit = 0;
    int64_t start_us = clock_monotonic_us ();
    db_status_t status =
        predictions_finish (self->db, (const result_t *const *)results, count, &hit);
    if (status != DB_OK)
        return status;
    metric_observe (self->seconds, (double)(clock_monotonic_us () - start_us) * 1e-6);
    metric_observe (self->batch_size, (double)count);
    metric_add (self->rows, hit);
    metric_add (self->duplicates, count - hit);
    s_lower_backlog (self, hit);
    return DB_OK;
}

/* The refused result ends its row as FAILED, if at least that can be written. */
static db_status_t
s_fail_one (self_t *self, const result_t *refused)
{
    metric_add (self->refused, 1);
    log_warn ("db_writer.refused", log_str ("request_id", refused->request_id),
        log_str ("reason", db_error (self->db)));
    result_t *failed = result_new ();
    snprintf (failed->request_id, sizeof failed->request_id, "%s", refused->request_id);
    failed->status = RESULT_FAILED;
    snprintf (failed->error, sizeof failed->error,
        "the result could not be stored: %.120s", db_error (self->db));
    db_status_t status = s_finish (self, &failed, 1);
    result_destroy (&failed);
    return status == DB_DATA ? DB_OK : status;
}

/* Bisects what PostgreSQL refuses. Writing a part again is harmless: only PENDING rows
 * change. */
static db_status_t
s_write (self_t *self, result_t **results, size_t count)
{
    db_status_t status = s_finish (self, results, count);
    if (status != DB_DATA)
        return status;
    if (count == 1)
        return s_fail_one (self, results[0]);
    size_t half = count / 2;
    status = s_write (self, results, half);
    return status == DB_OK ? s_write (self, results + half, count - half) : status;
}

/* The last so many of the batch are committed. */
static void
s_settle (self_t *self, size_t count)
{
    size_t left = self->batch_count - count;
    for (size_t i = left; self->settle && i < self->batch_count; i++)
        settlement_send (&self->batch[i]->receipt, RECEIPT_DONE, self->settle);
    while (self->batch_count > left)
        result_destroy (&self->batch[--self->batch_count]);
}

static void
s_fill_batch (self_t *self)
{
    result_t *result;
    while (self->batch_count < self->args->batch_limit &&
           (result = ring_pop (self->waiting)))
        self->batch[self->batch_count++] = result;
}

static bool
s_has_work (const self_t *self)
{
    return self->batch_count + ring_count (self->waiting) > 0;
}

static bool
s_connected (self_t *self)
{
    return self->watch ? db_watch_check (self->watch) : db_ensure (self->db);
}

/* What fits into the time-out, from the batch's end. What failed is tried again. */
static bool
s_write_portion (self_t *self)
{
    size_t count = self->batch_count;
    if (count > self->portion.limit)
        count = self->portion.limit;
    int64_t start_ms = clock_monotonic_ms ();
    result_t **part = self->batch + self->batch_count - count;
    bool done = s_write (self, part, count) == DB_OK;
    portion_note (&self->portion, count, clock_monotonic_ms () - start_ms, done);
    if (done)
        s_settle (self, count);
    return done;
}

static void
s_try (self_t *self)
{
    if (self->batch_count == 0)
        s_fill_batch (self);
    if (s_connected (self) && s_write_portion (self)) {
        self->retry_ms = 0;
    } else {
        metric_add (self->retries, 1);
        self->retry_ms = clock_monotonic_ms () + RETRY_MS;
    }
}

static void
s_handle_write (self_t *self)
{
    result_t *result;
    while (!ring_full (self->waiting) && (result = result_recv (self->write))) {
        int rc = ring_push (self->waiting, result);
        assert (rc == 0);
    }
}

/* The senders have stopped: writes what is left, as far as the time and the connection
 * go. What is not written is sent again. */
static void
s_flush (self_t *self)
{
    int64_t deadline_ms = clock_monotonic_ms () + DB_WRITER_FLUSH_MS;
    result_t *result;
    db_end_by (self->db, deadline_ms);
    s_handle_write (self);
    self->retry_ms = 0;
    while (
        s_has_work (self) && !self->retry_ms && clock_monotonic_ms () < deadline_ms) {
        s_try (self);
        s_handle_write (self);
    }
    size_t lost = self->batch_count + ring_count (self->waiting);
    while (self->batch_count > 0)
        result_destroy (&self->batch[--self->batch_count]);
    while ((result = ring_pop (self->waiting)))
        result_destroy (&result);
    while ((result = result_recv (self->write))) {
        result_destroy (&result);
        lost++;
    }
    if (lost == 0)
        return;
    metric_add (self->lost, lost);
    log_warn ("db_writer.stopped_early", log_int ("unwritten", (int64_t)lost),
        log_str ("reason", db_error (self->db)));
}

static void
s_destroy (self_t **self_p)
{
    self_t *self = *self_p;
    if (self->write)
        s_flush (self);
    wire_destroy (&self->write);
    wire_destroy (&self->settle);
    if (self->watch)
        db_watch_destroy (&self->watch);
    else
        db_destroy (&self->db);
    ring_destroy (&self->waiting);
    free (self->batch);
    free (self);
    *self_p = NULL;
}

static const char *
s_start (void *context)
{
    self_t *self = context;
    self->write = wire_pull_new (self->args->write_endpoint, ENDPOINT_WRITE_LIMIT);
    if (self->args->settle_endpoint)
        self->settle =
            wire_push_new (self->args->settle_endpoint, ENDPOINT_SETTLE_LIMIT);
    return self->write ? NULL : "db_writer: an endpoint of its name is taken";
}

/* While idle, after the database it shows; else once, so that the first result need not
 * wait for a connection. */
static void
s_look (self_t *self)
{
    if (self->watch || !self->looked)
        s_connected (self);
    self->looked = true;
}

static long
s_wait_ms (const self_t *self)
{
    if (!s_has_work (self))
        return self->watch ? LOOK_MS : -1;
    int64_t wait_ms = self->retry_ms ? self->retry_ms - clock_monotonic_ms () : 0;
    return wait_ms > 0 ? (long)wait_ms : 0;
}

static bool
s_serve (void *context, zsock_t *pipe)
{
    self_t *self = context;
    if (!s_has_work (self))
        s_look (self);
    else if (s_wait_ms (self) == 0)
        s_try (self);
    zmq_pollitem_t items[] = {
        {zsock_resolve (pipe), 0, ZMQ_POLLIN, 0},
        {zsock_resolve (self->write), 0, ZMQ_POLLIN, 0},
    };
    int count = ring_full (self->waiting) ? 1 : 2;
    zmq_poll (items, count, s_wait_ms (self));
    if (count == 2 && items[1].revents)
        s_handle_write (self);
    return items[0].revents != 0;
}

void
db_writer_actor (zsock_t *pipe, void *args)
{
    const control_life_t life = {s_start, s_serve, NULL};
    self_t *self = s_new (args);
    control_run (pipe, self, &life);
    s_destroy (&self);
}

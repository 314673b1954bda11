/* SPDX-License-Identifier: Apache-2.0 */
#include "actors/db_writer.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "actors/db_watch.h"
#include "actors/endpoints.h"
#include "actors/stage.h"
#include "base/actor/control.h"
#include "base/actor/wire.h"
#include "base/clock.h"
#include "base/health.h"
#include "base/log.h"
#include "base/metrics.h"
#include "proto/result.h"
#include "store/predictions.h"
#include "store/row_writer.h"

#define RETRY_MS    100  /* without a database; connecting has its own back-off */
#define LOOK_MS     1000 /* how often an idle one looks after the database it shows */
#define LOCK_MS     100 /* it waits so long for somebody's lock, then goes on without */
#define LATE_MS     10000  /* a result that is unwritten for longer is told */
#define PATIENCE_MS 900000 /* with a row that takes no result: then it is sent again */
#define PACE_MS     5      /* from taking results to taking more */

typedef struct {
    const db_writer_args_t *args; /* borrowed */
    zsock_t *write;
    zsock_t *settle;   /* NULL: no message holds a receipt */
    db_watch_t *watch; /* NULL: another shows the database */
    db_t *db;
    row_writer_t *results; /* result_t */
    health_t *health;      /* "results": how old the oldest unwritten one is */
    bool looked;           /* after the database, since START */
    int64_t take_ms;       /* when to take results again */
    metric_t *stored;      /* how long that takes */
    metric_t *depth;       /* unwritten results */
    metric_t *oldest;      /* of them, its age */
    metric_t *duplicates;
    metric_t *refused; /* results that PostgreSQL refused */
    metric_t *retries;
    metric_t *aside; /* set aside now */
    metric_t *lost;  /* let go at the end; their requests are sent again */
    metric_t *batch_size;
    metric_t *seconds; /* per transaction */
} self_t;

static const double s_size_bounds[] = {1, 2, 5, 10, 20, 50, 100, 200, 500, 1000};

static void
db_writer_register_metrics (self_t *self)
{
    if (self->args->ended) {
        ended_count (self->args->ended, "COMPLETED");
        ended_count (self->args->ended, "FAILED");
    }
    self->stored = stage_seconds ("stored");
    self->depth = stage_queue ("results");
    self->oldest = metrics_gauge ("sasrec_db_writer_oldest_seconds",
        "How long the oldest unwritten result has waited; 0: there is none.", "");
    self->duplicates = metrics_counter ("sasrec_db_writer_duplicates_total",
        "Results whose row had ended before, or does not exist.", "");
    self->refused = metrics_counter (
        "sasrec_db_writer_refused_total", "Results that PostgreSQL refused.", "");
    self->retries = metrics_counter (
        "sasrec_db_writer_retries_total", "Batches that had to be tried again.", "");
    self->aside = metrics_gauge ("sasrec_db_writer_set_aside",
        "Results whose row is locked, or refuses them, tried again later.", "");
    self->lost = metrics_counter ("sasrec_db_writer_dropped_total",
        "Results let go when stopping without a database.", "");
    self->batch_size =
        metrics_histogram ("sasrec_db_writer_batch_size", "Results per transaction.",
            "", s_size_bounds, sizeof s_size_bounds / sizeof s_size_bounds[0]);
    self->seconds =
        metrics_histogram ("sasrec_db_writer_write_seconds", "Time of one transaction.",
            "", metrics_latency_bounds, metrics_latency_bound_count);
}

/* The cell is an estimate that others set too: never below nothing. */
static void
db_writer_lower_backlog (self_t *self, size_t rows)
{
    size_t now = atomic_load (self->args->backlog), next;
    do {
        next = now > rows ? now - rows : 0;
    } while (!atomic_compare_exchange_weak (self->args->backlog, &now, next));
}

static void
db_writer_tell (self_t *self, const result_t *const *results, size_t count,
    const bool *hits, result_status_t status)
{
    const char **ids = calloc (count, sizeof *ids);
    assert (ids);
    size_t told = 0;
    for (size_t i = 0; i < count; i++)
        if (hits[i] && results[i]->status == status)
            ids[told++] = results[i]->request_id;
    if (told > 0)
        ended_tell (self->args->ended, ids, told,
            status == RESULT_COMPLETED ? "COMPLETED" : "FAILED");
    free (ids);
}

static void
db_writer_tell_all (
    self_t *self, const result_t *const *results, size_t count, const bool *hits)
{
    if (!self->args->ended)
        return;
    db_writer_tell (self, results, count, hits, RESULT_COMPLETED);
    db_writer_tell (self, results, count, hits, RESULT_FAILED);
}

static void
db_writer_push_span (
    self_t *self, const result_t *result, size_t count, int64_t start_us)
{
    span_t span = span_of (&result->trace, "store", SPAN_CLIENT,
        clock_unix_us_of (start_us), clock_unix_us ());
    memcpy (span.request_id, result->request_id, sizeof span.request_id);
    span.attributes[0] = (span_attribute_t){"db.system", "postgresql", 0};
    span.attributes[1] = (span_attribute_t){"db.operation", "UPDATE", 0};
    span.attributes[2] = (span_attribute_t){"sasrec.group_size", NULL, (int64_t)count};
    spans_push (self->args->spans, &span);
}

/* Their transaction began at start_us (monotonic) and is committed. */
static void
db_writer_trace (self_t *self, const result_t *const *results, size_t count,
    const bool *hits, int64_t start_us)
{
    if (!self->args->spans && !log_enabled (LOG_LEVEL_DEBUG))
        return;
    for (size_t i = 0; i < count; i++) {
        const result_t *result = results[i];
        if (!hits[i])
            continue;
        log_debug ("db_writer.ended", log_str ("request_id", result->request_id),
            log_str (
                "status", result->status == RESULT_COMPLETED ? "COMPLETED" : "FAILED"),
            log_trace (&result->trace));
        if (spans_want (self->args->spans, &result->trace))
            db_writer_push_span (self, result, count, start_us);
    }
}

/* What writing is here (store/row_writer.h) */

static void
db_writer_committed (self_t *self, const result_t *const *results, size_t count,
    const bool *hits, int64_t start_us)
{
    int64_t end_us = clock_monotonic_us ();
    db_writer_tell_all (self, results, count, hits);
    db_writer_trace (self, results, count, hits, start_us);
    for (size_t i = 0; i < count; i++)
        if (hits[i])
            stage_observe (self->stored, results[i]->received_us, end_us);
    metric_observe (self->seconds, (double)(end_us - start_us) * 1e-6);
    metric_observe (self->batch_size, (double)count);
}

static db_status_t
db_writer_write (void *context, void *const *rows, size_t count)
{
    self_t *self = context;
    const result_t *const *results = (const result_t *const *)rows;
    size_t hit = 0;
    bool *hits = calloc (count, sizeof *hits);
    assert (hits);
    int64_t start_us = clock_monotonic_us ();
    db_status_t status = predictions_finish (self->db, results, count, hits, &hit);
    if (status == DB_OK || hit > 0) {
        db_writer_committed (self, results, count, hits, start_us);
        db_writer_lower_backlog (self, hit);
    }
    if (status == DB_OK)
        metric_add (self->duplicates, count - hit);
    free (hits);
    return status;
}

static db_status_t
db_writer_find_locked (void *context, void *const *rows, size_t count, bool *locked)
{
    self_t *self = context;
    return predictions_find_locked (
        self->db, (const result_t *const *)rows, count, locked);
}

static void
db_writer_written (void *context, void *row)
{
    self_t *self = context;
    result_t *result = row;
    if (self->settle)
        settlement_send (&result->receipt, RECEIPT_DONE, self->settle);
    result_destroy (&result);
}

/* The row ends as FAILED, with the reason, if at least that can be written. */
static bool
db_writer_fail (self_t *self, const result_t *refused, const char *reason)
{
    result_t *failed = result_new ();
    snprintf (failed->request_id, sizeof failed->request_id, "%s", refused->request_id);
    failed->status = RESULT_FAILED;
    failed->trace = refused->trace;
    snprintf (failed->error, sizeof failed->error,
        "the result could not be stored: %.120s", reason);
    void *row = failed;
    bool done = db_writer_write (self, &row, 1) == DB_OK;
    result_destroy (&failed);
    return done;
}

/* A row that takes nothing for too long is left to whoever sends it again or expires it. */
static row_refusal_t
db_writer_refused (void *context, void *row, const row_fault_t *fault)
{
    self_t *self = context;
    const result_t *result = row;
    char reason[CONTROL_ERROR_SIZE];
    bool failed = false, given_up = fault->age_ms >= PATIENCE_MS;
    snprintf (reason, sizeof reason, "%s", fault->reason); /* writing has its own */
    if (fault->status == DB_DATA)
        failed = db_writer_fail (self, result, reason);
    if (!failed && !given_up)
        return ROW_ASIDE;
    metric_add (failed ? self->refused : self->lost, 1);
    log_warn (failed ? "db_writer.refused" : "db_writer.given_up",
        log_str ("request_id", result->request_id), log_str ("reason", reason),
        log_trace (&result->trace));
    db_writer_written (self, row);
    return ROW_GONE;
}

static const char *
db_writer_id (const void *row)
{
    return ((const result_t *)row)->request_id;
}

static const char *
db_writer_reason (void *context)
{
    return db_error (((self_t *)context)->db);
}

static const row_writer_ops_t s_ops = {db_writer_write, db_writer_find_locked,
    db_writer_written, db_writer_refused, db_writer_id, db_writer_reason};

static self_t *
db_writer_new (const db_writer_args_t *args)
{
    self_t *self = calloc (1, sizeof *self);
    assert (self);
    self->args = args;
    const row_writer_args_t writer = {.name = "db_writer",
        .limit = args->waiting_limit,
        .batch_limit = args->batch_limit,
        .timeout_ms = args->statement_timeout_ms};
    self->results = row_writer_new (&writer, &s_ops, self);
    self->health = health_check ("results", args->shows_database);
    health_set (self->health, true, NULL);
    if (args->shows_database)
        self->watch = db_watch_new (
            args->conninfo, "sasrec db_writer", args->statement_timeout_ms);
    self->db = self->watch ? db_watch_db (self->watch)
                           : db_new (args->conninfo, "sasrec db_writer",
                                 args->statement_timeout_ms);
    db_wait_for_locks (self->db, LOCK_MS);
    db_find_by_index (self->db);
    db_writer_register_metrics (self);
    return self;
}

static void
db_writer_receive (self_t *self)
{
    result_t *result;
    int64_t now_ms = clock_monotonic_ms (), now_us = clock_monotonic_us ();
    self->take_ms = now_ms + PACE_MS;
    while (row_writer_room (self->results) && (result = result_recv (self->write))) {
        result->received_us = now_us;
        int rc = row_writer_push (self->results, result, now_ms);
        assert (rc == 0);
    }
}

static bool
db_writer_connected (self_t *self)
{
    return self->watch ? db_watch_check (self->watch) : db_ensure (self->db);
}

/* What the database cannot do is its own trouble, and not that of these results alone. */
static void
db_writer_note (self_t *self, db_status_t status)
{
    if (self->watch)
        db_watch_note (self->watch, status);
    else if (status == DB_UNABLE)
        db_watch_unable (db_error (self->db));
}

static db_status_t
db_writer_try (self_t *self)
{
    int64_t now_ms = clock_monotonic_ms ();
    db_status_t status = DB_AWAY;
    if (db_writer_connected (self)) {
        status = row_writer_serve (self->results, now_ms);
        db_writer_note (self, status);
    } else
        row_writer_pause (self->results, now_ms + RETRY_MS);
    if (status != DB_OK)
        metric_add (self->retries, 1);
    metric_set (self->aside, (double)row_writer_aside (self->results));
    return status;
}

/* The senders have stopped: writes what is left, as far as the time and the connection
 * go. What is not written is sent again. */
static void
db_writer_flush (self_t *self)
{
    int64_t deadline_ms = clock_monotonic_ms () + DB_WRITER_FLUSH_MS;
    result_t *result;
    size_t lost = 0;
    db_end_by (self->db, deadline_ms);
    db_writer_receive (self);
    while (row_writer_count (self->results) > row_writer_aside (self->results) &&
           clock_monotonic_ms () < deadline_ms && db_writer_try (self) == DB_OK)
        db_writer_receive (self);
    for (; (result = row_writer_pop (self->results)); lost++)
        result_destroy (&result);
    for (; (result = result_recv (self->write)); lost++)
        result_destroy (&result);
    if (lost == 0)
        return;
    metric_add (self->lost, lost);
    log_warn ("db_writer.stopped_early", log_int ("unwritten", (int64_t)lost),
        log_str ("reason", db_error (self->db)));
}

static void
db_writer_destroy (self_t **self_p)
{
    self_t *self = *self_p;
    if (self->write)
        db_writer_flush (self);
    wire_destroy (&self->write);
    wire_destroy (&self->settle);
    if (self->watch)
        db_watch_destroy (&self->watch);
    else
        db_destroy (&self->db);
    row_writer_destroy (&self->results);
    free (self);
    *self_p = NULL;
}

static const char *
db_writer_start (void *context)
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
db_writer_look (self_t *self)
{
    if (self->watch || !self->looked)
        db_writer_connected (self);
    self->looked = true;
}

/* A result that has waited too long is named in /readyz, with what is in its way. */
static void
db_writer_show (self_t *self)
{
    char reason[CONTROL_ERROR_SIZE];
    int64_t oldest_ms = row_writer_oldest_ms (self->results);
    int64_t age_ms = clock_monotonic_ms () - oldest_ms;
    metric_set (self->depth, (double)row_writer_count (self->results));
    metric_set (self->oldest, oldest_ms == INT64_MAX ? 0 : (double)age_ms / 1000);
    if (oldest_ms == INT64_MAX || age_ms < LATE_MS) {
        if (!health_ok (self->health))
            health_set (self->health, true, NULL);
        return;
    }
    const char *cause = row_writer_reason (self->results);
    snprintf (reason, sizeof reason,
        "the oldest unwritten one is %d s old (%zu): %.90s", (int)(age_ms / 1000),
        row_writer_count (self->results), *cause ? cause : db_error (self->db));
    health_set (self->health, false, reason);
}

static long
db_writer_wait_ms (const self_t *self)
{
    int64_t due_ms = row_writer_due_ms (self->results);
    if (due_ms == INT64_MAX)
        return self->watch ? LOOK_MS : -1;
    int64_t wait_ms = due_ms - clock_monotonic_ms ();
    return wait_ms < 0 ? 0 : wait_ms < LOOK_MS ? (long)wait_ms : LOOK_MS;
}

/* Until then others come that go into the same transaction; 0: take what there is. */
static long
db_writer_pace_ms (const self_t *self)
{
    int64_t pace_ms = self->take_ms - clock_monotonic_ms ();
    return pace_ms < 0 ? 0 : (long)pace_ms;
}

static bool
db_writer_serve (void *context, zsock_t *pipe)
{
    self_t *self = context;
    if (row_writer_count (self->results) == 0)
        db_writer_look (self);
    else if (db_writer_wait_ms (self) == 0)
        db_writer_try (self);
    db_writer_show (self);
    zmq_pollitem_t items[] = {
        {zsock_resolve (pipe), 0, ZMQ_POLLIN, 0},
        {zsock_resolve (self->write), 0, ZMQ_POLLIN, 0},
    };
    long wait_ms = db_writer_wait_ms (self), pace_ms = db_writer_pace_ms (self);
    bool takes = pace_ms == 0 && row_writer_room (self->results) > 0;
    if (pace_ms > 0 && (wait_ms < 0 || wait_ms > pace_ms))
        wait_ms = pace_ms;
    zmq_poll (items, takes ? 2 : 1, wait_ms);
    if (takes && items[1].revents)
        db_writer_receive (self);
    return items[0].revents != 0;
}

void
db_writer_actor (zsock_t *pipe, void *args)
{
    const control_life_t life = {db_writer_start, db_writer_serve, NULL};
    self_t *self = db_writer_new (args);
    control_run (pipe, self, &life);
    db_writer_destroy (&self);
}

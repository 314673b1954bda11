/* SPDX-License-Identifier: Apache-2.0 */
#include "actors/request_producer.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "actors/db_watch.h"
#include "actors/endpoints.h"
#include "actors/stage.h"
#include "base/actor/control.h"
#include "base/actor/wire.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "proto/request.h"
#include "store/predictions.h"
#include "store/row_writer.h"

#define GROUP_LIMIT    256  /* requests in one transaction */
#define RETURNED_LIMIT 512  /* requests marked unsent in one transaction */
#define INSERT_TRIES   3    /* the first after a lost connection costs one */
#define LOOK_MS        1000 /* notices a lost database when idle */
#define AWAY_MS        200  /* while the database is away */
#define LOCK_MS        500  /* clients wait: not for long for somebody's lock */

typedef struct {
    const request_producer_args_t *args; /* borrowed */
    zsock_t *accept;
    zsock_t *jobs;
    zsock_t *returned;               /* NULL without Kafka */
    db_watch_t *watch;               /* the database */
    db_t *db;                        /* its connection; borrowed */
    row_writer_t *inserts;           /* request_t; empty between groups */
    row_writer_t *unsent;            /* request_t; empty between groups */
    request_t *written[GROUP_LIMIT]; /* of the group, committed */
    size_t written_count;
    int64_t insert_us; /* when the last INSERT began */
    int64_t look_ms;   /* when to look after the database next */
    metric_t *accepted;
    metric_t *seconds; /* until a row was committed */
    metric_t *refused;
    metric_t *rejected; /* PostgreSQL refused the row */
    metric_t *repeated; /* came again under their Idempotency-Key */
    metric_t *abandoned;
    metric_t *held_back; /* did not fit into the pipe */
    metric_t *group_size;
} self_t;

static const double s_size_bounds[] = {1, 2, 4, 8, 16, 32, 64, 128, 256};

static void
request_producer_register_metrics (self_t *self)
{
    self->accepted = metrics_counter (
        "sasrec_producer_accepted_total", "Requests whose row is committed.", "");
    self->seconds = stage_seconds ("accepted");
    self->refused = metrics_counter ("sasrec_producer_refused_total",
        "Requests refused because the database was away.", "");
    self->rejected = metrics_counter (
        "sasrec_producer_rejected_total", "Requests whose row PostgreSQL refused.", "");
    self->repeated = metrics_counter ("sasrec_producer_repeated_total",
        "Requests that came again under their Idempotency-Key.", "");
    self->abandoned = metrics_counter ("sasrec_producer_abandoned_total",
        "Requests skipped because their client had given up.", "");
    self->held_back = metrics_counter ("sasrec_producer_held_back_total",
        "Requests that did not fit into the pool; sent later from their row.", "");
    self->group_size =
        metrics_histogram ("sasrec_producer_group_size", "Requests per transaction.",
            "", s_size_bounds, sizeof s_size_bounds / sizeof s_size_bounds[0]);
}

/* What writing is here (store/row_writer.h) */

static db_status_t
request_producer_insert (void *context, void *const *rows, size_t count)
{
    self_t *self = context;
    int64_t start_us = clock_monotonic_us ();
    db_status_t status = predictions_insert (
        self->db, (request_t *const *)rows, count, self->args->deadline_s);
    self->insert_us = start_us;
    return status;
}

static db_status_t
request_producer_find_locked (
    void *context, void *const *rows, size_t count, bool *locked)
{
    (void)rows;
    (void)count;
    (void)locked;
    return db_probe_table (((self_t *)context)->db, "predictions");
}

static void
request_producer_inserted (void *context, void *row)
{
    self_t *self = context;
    request_t *request = row;
    if (request->once == REQUEST_NEW) {
        self->written[self->written_count++] = request;
        return;
    }
    bool same = request->once == REQUEST_AGAIN;
    metric_add (self->repeated, 1);
    request_refuse (&request, same ? TICKET_DONE : TICKET_CONTRADICTED, NULL);
}

static row_refusal_t
request_producer_rejected (void *context, void *row, const row_fault_t *fault)
{
    self_t *self = context;
    request_t *request = row;
    metric_add (self->rejected, 1);
    log_warn ("request_producer.rejected", log_str ("request_id", request->request_id),
        log_str ("reason", fault->reason), log_trace (&request->trace));
    request_refuse (&request, TICKET_FAILED, fault->reason);
    return ROW_GONE;
}

static db_status_t
request_producer_undispatch (void *context, void *const *rows, size_t count)
{
    const char *ids[RETURNED_LIMIT];
    for (size_t i = 0; i < count; i++)
        ids[i] = ((const request_t *)rows[i])->request_id;
    return predictions_undispatch (((self_t *)context)->db, ids, count);
}

static void
request_producer_undispatched (void *context, void *row)
{
    (void)context;
    request_t *request = row;
    request_destroy (&request);
}

/* The row stays as it is: without an answer it is sent again later. */
static row_refusal_t
request_producer_stays (void *context, void *row, const row_fault_t *fault)
{
    (void)fault;
    request_producer_undispatched (context, row);
    return ROW_GONE;
}

static const char *
request_producer_id (const void *row)
{
    return ((const request_t *)row)->request_id;
}

static const char *
request_producer_reason (void *context)
{
    return db_error (((self_t *)context)->db);
}

static const row_writer_ops_t s_inserts = {request_producer_insert,
    request_producer_find_locked, request_producer_inserted, request_producer_rejected,
    request_producer_id, request_producer_reason};
static const row_writer_ops_t s_unsent = {request_producer_undispatch,
    request_producer_find_locked, request_producer_undispatched, request_producer_stays,
    request_producer_id, request_producer_reason};

static self_t *
request_producer_new (const request_producer_args_t *args)
{
    self_t *self = calloc (1, sizeof *self);
    assert (self);
    self->args = args;
    self->watch = db_watch_new (
        args->conninfo, "sasrec request_producer", args->statement_timeout_ms);
    self->db = db_watch_db (self->watch);
    db_wait_for_locks (self->db, LOCK_MS);
    db_find_by_index (self->db);
    const row_writer_args_t inserts = {"request_producer.insert", GROUP_LIMIT,
        GROUP_LIMIT, args->statement_timeout_ms};
    const row_writer_args_t unsent = {"request_producer.unsent", RETURNED_LIMIT,
        RETURNED_LIMIT, args->statement_timeout_ms};
    self->inserts = row_writer_new (&inserts, &s_inserts, self);
    self->unsent = row_writer_new (&unsent, &s_unsent, self);
    request_producer_register_metrics (self);
    return self;
}

static void
request_producer_destroy (self_t **self_p)
{
    self_t *self = *self_p;
    request_t *request;
    while (self->accept && (request = request_recv (self->accept)))
        request_refuse (&request, TICKET_UNAVAILABLE, "the server is stopping");
    wire_destroy (&self->accept);
    wire_destroy (&self->jobs);
    while (self->returned && (request = request_recv (self->returned)))
        request_destroy (&request);
    wire_destroy (&self->returned);
    db_watch_destroy (&self->watch);
    row_writer_destroy (&self->inserts);
    row_writer_destroy (&self->unsent);
    free (self);
    *self_p = NULL;
}

/* Sending on */

/* Their rows are to be sent again, at the speed of the pipe. Takes the requests. What
 * cannot be written is sent again all the same, only later. */
static void
request_producer_mark_unsent (self_t *self, request_t **requests, size_t count)
{
    int64_t now_ms = clock_monotonic_ms ();
    request_t *request;
    if (count == 0)
        return;
    metric_add (self->held_back, count);
    for (size_t i = 0; i < count; i++) {
        int rc = row_writer_push (self->unsent, requests[i], now_ms);
        assert (rc == 0);
    }
    db_status_t status = DB_OK;
    while (status == DB_OK &&
           row_writer_count (self->unsent) > row_writer_aside (self->unsent))
        status = row_writer_serve (self->unsent, now_ms);
    while ((request = row_writer_pop (self->unsent)))
        request_destroy (&request);
    db_watch_note (self->watch, status);
    atomic_store (self->args->unsent, true);
}

static void
request_producer_send_on (self_t *self)
{
    size_t unsent = 0;
    for (size_t i = 0; i < self->written_count; i++)
        if (request_send (&self->written[i], self->jobs))
            self->written[unsent++] = self->written[i];
    request_producer_mark_unsent (self, self->written, unsent);
    self->written_count = 0;
}

/* What Kafka did not take after all. */
static void
request_producer_handle_returned (self_t *self)
{
    request_t *requests[RETURNED_LIMIT];
    size_t count = 0;
    while (count < RETURNED_LIMIT && (requests[count] = request_recv (self->returned)))
        count++;
    request_producer_mark_unsent (self, requests, count);
}

/* Accepting */

static void
request_producer_trace (self_t *self, const request_t *request)
{
    log_debug ("request_producer.accepted", log_str ("request_id", request->request_id),
        log_trace (&request->trace));
    if (!spans_want (self->args->spans, &request->trace))
        return;
    span_t span = span_of (&request->trace, "accept", SPAN_CLIENT,
        clock_unix_us_of (self->insert_us), clock_unix_us ());
    memcpy (span.request_id, request->request_id, sizeof span.request_id);
    span.attributes[0] = (span_attribute_t){"db.system", "postgresql", 0};
    span.attributes[1] = (span_attribute_t){"db.operation", "INSERT", 0};
    span.attributes[2] =
        (span_attribute_t){"sasrec.group_size", NULL, (int64_t)self->written_count};
    spans_push (self->args->spans, &span);
}

/* The rows are committed. */
static void
request_producer_accept (self_t *self)
{
    size_t count = self->written_count;
    if (count == 0)
        return;
    metric_add (self->accepted, count);
    metric_observe (self->group_size, (double)count);
    atomic_fetch_add (self->args->backlog, count);
    int64_t now_us = clock_monotonic_us ();
    for (size_t i = 0; i < count; i++) {
        stage_observe (self->seconds, self->written[i]->accepted_us, now_us);
        request_producer_trace (self, self->written[i]);
        if (self->written[i]->ticket)
            ticket_answer (self->written[i]->ticket, TICKET_DONE, NULL);
        ticket_release (&self->written[i]->ticket);
    }
    request_producer_send_on (self);
}

/* Nobody waits for these again. */
static void
request_producer_refuse_rest (self_t *self, const char *reason)
{
    request_t *request;
    while ((request = row_writer_pop (self->inserts))) {
        metric_add (self->refused, 1);
        request_refuse (&request, TICKET_UNAVAILABLE, reason);
    }
}

/* A lost connection may have committed: the ids are ours, so asking again is harmless. A
 * silent one is worth one more try. What took the server too long is not: clients wait,
 * and the next group is smaller. */
static void
request_producer_store (self_t *self)
{
    int failures = 0;
    bool late = false;
    db_status_t status = DB_OK;
    while (row_writer_count (self->inserts) > row_writer_aside (self->inserts) &&
           failures < INSERT_TRIES && !late && db_ensure (self->db)) {
        int64_t start_ms = clock_monotonic_ms ();
        status = row_writer_serve (self->inserts, start_ms);
        int64_t took_ms = clock_monotonic_ms () - start_ms;
        failures += status != DB_OK;
        late = status == DB_RETRY && took_ms >= self->args->statement_timeout_ms;
        request_producer_accept (self);
    }
    if (!db_watch_note (self->watch, db_ensure (self->db) ? status : DB_AWAY))
        self->look_ms = 0;
    request_producer_refuse_rest (self, db_watch_ready (self->watch)
                                            ? row_writer_reason (self->inserts)
                                            : db_watch_reason (self->watch));
}

/* Claimed late, when the database is there: an unclaimed client may give up in time. */
static bool
request_producer_claim (self_t *self, request_t *request)
{
    if (!request->ticket || ticket_claim (request->ticket))
        return true;
    metric_add (self->abandoned, 1);
    request_destroy (&request);
    return false;
}

static void
request_producer_handle_accept (self_t *self)
{
    request_t *request;
    bool ready = db_watch_usable (self->watch);
    size_t limit = row_writer_portion (self->inserts);
    int64_t now_ms = clock_monotonic_ms ();
    for (size_t i = 0; i < limit && (request = request_recv (self->accept)); i++) {
        if (!ready) {
            metric_add (self->refused, 1);
            request_refuse (
                &request, TICKET_UNAVAILABLE, db_watch_reason (self->watch));
        } else if (request_producer_claim (self, request)) {
            request->job = true;
            row_writer_push (self->inserts, request, now_ms);
        }
    }
    if (row_writer_count (self->inserts) > 0)
        request_producer_store (self);
}

/* Its life */

static const char *
request_producer_start (void *context)
{
    self_t *self = context;
    self->accept = wire_pull_new (self->args->accept_endpoint, ENDPOINT_ACCEPT_LIMIT);
    self->jobs = wire_push_new (self->args->jobs_endpoint, ENDPOINT_JOBS_LIMIT);
    if (self->args->returned_endpoint)
        self->returned =
            wire_pull_new (self->args->returned_endpoint, ENDPOINT_JOBS_LIMIT);
    return self->accept && (self->returned || !self->args->returned_endpoint)
               ? NULL
               : "request_producer: an endpoint of its name is taken";
}

static void
request_producer_look (self_t *self)
{
    bool ready = db_watch_check (self->watch);
    self->look_ms = clock_monotonic_ms () + (ready ? LOOK_MS : AWAY_MS);
}

static bool
request_producer_serve (void *context, zsock_t *pipe)
{
    self_t *self = context;
    zmq_pollitem_t items[] = {
        {zsock_resolve (pipe), 0, ZMQ_POLLIN, 0},
        {zsock_resolve (self->accept), 0, ZMQ_POLLIN, 0},
        {self->returned ? zsock_resolve (self->returned) : NULL, -1, ZMQ_POLLIN, 0},
    };
    int64_t wait_ms = self->look_ms - clock_monotonic_ms ();
    zmq_poll (items, self->returned ? 3 : 2, wait_ms > 0 ? (long)wait_ms : 0);
    if (items[1].revents)
        request_producer_handle_accept (self);
    if (items[2].revents)
        request_producer_handle_returned (self);
    if (clock_monotonic_ms () >= self->look_ms)
        request_producer_look (self);
    return items[0].revents != 0;
}

void
request_producer_actor (zsock_t *pipe, void *args)
{
    const control_life_t life = {request_producer_start, request_producer_serve, NULL};
    self_t *self = request_producer_new (args);
    control_run (pipe, self, &life);
    request_producer_destroy (&self);
}

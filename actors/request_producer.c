/* The request_producer actor. SPDX-License-Identifier: Apache-2.0 */
#include "actors/request_producer.h"

#include <assert.h>
#include <stdlib.h>

#include "actors/db_watch.h"
#include "actors/endpoints.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/actor/control.h"
#include "proto/request.h"
#include "base/actor/wire.h"
#include "store/portion.h"
#include "store/predictions.h"

#define GROUP_LIMIT   256 /* requests in one transaction */
#define UNSENT_LIMIT  512 /* rows taken at a time */
#define KAFKA_LIMIT   512 /* the same with Kafka, whose loss of data takes many at once */
#define REPEAT_LIMIT  64   /* repeats in one upkeep */
#define IDLE_WAITING  64   /* jobs waiting in a pool that counts as keeping up */
#define INSERT_TRIES  3    /* the first after a lost connection costs one */
#define UPKEEP_MS     1000 /* expiry, count, repeats; notices a lost database when idle */
#define AWAY_MS       200 /* while the database is away */
#define ROOM_MS       20  /* until a full pool is looked at again */
#define ROOM_LIMIT_MS 500 /* when rows did not fit, it doubles up to this */

typedef struct {
    const request_producer_args_t *args; /* borrowed */
    zsock_t *accept;
    zsock_t *jobs;
    zsock_t *returned; /* NULL without Kafka */
    db_watch_t *watch; /* the database */
    db_t *db;          /* its connection; borrowed */
    portion_t portion; /* requests in one transaction */
    bool was_reset;    /* PENDING rows of earlier processes are marked unsent */
    bool unsent;       /* there may be rows that were never sent */
    int64_t upkeep_ms; /* when the next is due */
    int64_t sweep_ms;  /* when to take unsent rows next */
    int room_ms;       /* the last pause because rows did not fit; 0: they did */
    metric_t *accepted;
    metric_t *refused;
    metric_t *rejected; /* PostgreSQL refused the row */
    metric_t *abandoned;
    metric_t *held_back; /* did not fit into the pipe */
    metric_t *unsent_sent;
    metric_t *repeats_sent;
    metric_t *expired;
    metric_t *pending;
    metric_t *group_size;
} self_t;

static const double s_size_bounds[] = {1, 2, 4, 8, 16, 32, 64, 128, 256};

static void
s_register_metrics (self_t *self)
{
    const char *resent = "producer_resent_total", *help = "Rows sent again.";
    self->accepted = metrics_counter (
        "producer_accepted_total", "Requests whose row is committed.", "");
    self->refused = metrics_counter ("producer_refused_total",
        "Requests refused because the database was away.", "");
    self->rejected = metrics_counter (
        "producer_rejected_total", "Requests whose row PostgreSQL refused.", "");
    self->abandoned = metrics_counter ("producer_abandoned_total",
        "Requests skipped because their client had given up.", "");
    self->held_back = metrics_counter ("producer_held_back_total",
        "Requests that did not fit into the pool; sent later from their row.", "");
    self->unsent_sent = metrics_counter (resent, help, "kind=\"unsent\"");
    self->repeats_sent = metrics_counter (resent, help, "kind=\"repeat\"");
    self->expired =
        metrics_counter ("producer_expired_total", "Rows that became EXPIRED.", "");
    self->pending = metrics_gauge (
        "predictions_pending", "Rows accepted and unfinished, as last counted.", "");
    self->group_size =
        metrics_histogram ("producer_group_size", "Requests per transaction.", "",
            s_size_bounds, sizeof s_size_bounds / sizeof s_size_bounds[0]);
}

static self_t *
s_new (const request_producer_args_t *args)
{
    self_t *self = calloc (1, sizeof *self);
    assert (self);
    self->args = args;
    self->portion = portion_make (GROUP_LIMIT, args->statement_timeout_ms);
    self->was_reset = !args->reset_at_start;
    self->unsent = true;
    self->watch = db_watch_new (
        args->conninfo, "sasrec request_producer", args->statement_timeout_ms);
    self->db = db_watch_db (self->watch);
    s_register_metrics (self);
    return self;
}

static void
s_destroy (self_t **self_p)
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
    free (self);
    *self_p = NULL;
}

/* A loss is also looked into soon. */
static bool
s_ok (self_t *self, db_status_t status)
{
    if (status == DB_AWAY)
        self->upkeep_ms = 0;
    return db_watch_note (self->watch, status);
}

/* Accepting */

/* Their rows are to be sent again, at the speed of the pipe. Takes the requests. */
static void
s_mark_unsent (self_t *self, request_t **requests, size_t count)
{
    const char *ids[UNSENT_LIMIT];
    assert (count <= UNSENT_LIMIT);
    for (size_t i = 0; i < count; i++)
        ids[i] = requests[i]->request_id;
    if (count > 0) {
        metric_add (self->held_back, count);
        self->unsent = true;
        s_ok (self, predictions_undispatch (self->db, ids, count));
    }
    for (size_t i = 0; i < count; i++)
        request_destroy (&requests[i]);
}

/* Returns how many did not fit. */
static size_t
s_send_on (self_t *self, request_t **requests, size_t count)
{
    request_t *unsent[UNSENT_LIMIT];
    size_t unsent_count = 0;
    assert (count <= UNSENT_LIMIT);
    for (size_t i = 0; i < count; i++)
        if (request_send (&requests[i], self->jobs))
            unsent[unsent_count++] = requests[i];
    s_mark_unsent (self, unsent, unsent_count);
    return unsent_count;
}

/* What Kafka did not take after all. */
static void
s_handle_returned (self_t *self)
{
    request_t *requests[UNSENT_LIMIT];
    size_t count = 0;
    while (count < UNSENT_LIMIT && (requests[count] = request_recv (self->returned)))
        count++;
    s_mark_unsent (self, requests, count);
}

/* The rows are committed. */
static void
s_accept (self_t *self, request_t **requests, size_t count)
{
    metric_add (self->accepted, count);
    metric_observe (self->group_size, (double)count);
    atomic_fetch_add (self->args->backlog, count);
    for (size_t i = 0; i < count; i++) {
        if (requests[i]->ticket)
            ticket_answer (requests[i]->ticket, TICKET_DONE, NULL);
        ticket_release (&requests[i]->ticket);
    }
    s_send_on (self, requests, count);
}

/* A lost connection may have committed: the ids are ours, so asking again is harmless. A
 * silent one is worth one more try. What took the server too long is not: clients wait,
 * and the next group is smaller. */
static db_status_t
s_insert (self_t *self, request_t **requests, size_t count)
{
    db_status_t status = DB_AWAY;
    bool late = false;
    for (int tries = 0; tries < INSERT_TRIES; tries++) {
        if (!db_ensure (self->db))
            return DB_AWAY;
        int64_t start_ms = clock_monotonic_ms ();
        status = predictions_insert (self->db, requests, count, self->args->deadline_s);
        int64_t took_ms = clock_monotonic_ms () - start_ms;
        bool late_before = late || status == DB_RETRY;
        late = portion_too_long (&self->portion, took_ms);
        portion_note (&self->portion, count, took_ms, status == DB_OK);
        if (status == DB_OK || status == DB_DATA || (late && late_before))
            break;
    }
    return status;
}

static void
s_store (self_t *self, request_t **requests, size_t count)
{
    db_status_t status = s_insert (self, requests, count);
    if (s_ok (self, status)) {
        s_accept (self, requests, count);
    } else if (status == DB_DATA && count > 1) {
        s_store (self, requests, count / 2);
        s_store (self, requests + count / 2, count - count / 2);
    } else if (status == DB_DATA) {
        metric_add (self->rejected, 1);
        log_warn ("request_producer.rejected",
            log_str ("request_id", requests[0]->request_id),
            log_str ("reason", db_error (self->db)));
        request_refuse (&requests[0], TICKET_FAILED, db_error (self->db));
    } else {
        metric_add (self->refused, count);
        for (size_t i = 0; i < count; i++)
            request_refuse (&requests[i], TICKET_UNAVAILABLE, "the database is away");
    }
}

/* Claimed late, when the database is there: an unclaimed client may give up in time. */
static bool
s_claim (self_t *self, request_t *request)
{
    if (!request->ticket || ticket_claim (request->ticket))
        return true;
    metric_add (self->abandoned, 1);
    request_destroy (&request);
    return false;
}

static void
s_handle_accept (self_t *self)
{
    request_t *group[GROUP_LIMIT], *request;
    size_t count = 0;
    bool ready = db_watch_usable (self->watch);
    size_t limit = self->portion.limit;
    for (size_t i = 0; i < limit && (request = request_recv (self->accept)); i++) {
        if (!ready) {
            metric_add (self->refused, 1);
            request_refuse (
                &request, TICKET_UNAVAILABLE, db_watch_reason (self->watch));
        } else if (s_claim (self, request)) {
            request->job = true;
            group[count++] = request;
        }
    }
    if (count > 0)
        s_store (self, group, count);
}

/* Upkeep: what was accepted must end. */

/* Takes and sends up to limit rows. *held: those that did not fit after all. */
static bool
s_take (self_t *self, bool repeats, size_t limit, size_t *count, size_t *held)
{
    request_t *requests[UNSENT_LIMIT];
    assert (limit <= UNSENT_LIMIT);
    *count = *held = 0;
    if (!s_ok (self, predictions_take_unsent (self->db, repeats,
                         self->args->max_attempts, limit, requests, count)))
        return false;
    metric_add (repeats ? self->repeats_sent : self->unsent_sent, *count);
    *held = s_send_on (self, requests, *count);
    return true;
}

/* When to sweep again. Looking at the queue costs nothing, but rows that were taken and
 * did not fit were written twice for nothing. */
static int
s_sweep_pause_ms (self_t *self, bool room, size_t held)
{
    if (!room)
        return ROOM_MS;
    if (held == 0)
        self->room_ms = 0;
    else if (self->room_ms == 0)
        self->room_ms = ROOM_MS;
    else if (self->room_ms < ROOM_LIMIT_MS)
        self->room_ms *= 2;
    return self->room_ms;
}

/* Rows never sent, while the pool's queue is less than half full. */
static void
s_sweep (self_t *self)
{
    size_t waiting = atomic_load (self->args->waiting), count = 0, held = 0;
    size_t half = self->args->job_limit / 2 + 1;
    size_t room = half > waiting ? half - waiting : 0;
    size_t limit = room < UNSENT_LIMIT ? room : UNSENT_LIMIT;
    if (limit > 0 && s_take (self, false, limit, &count, &held))
        self->unsent = held > 0 || count == limit;
    self->sweep_ms = clock_monotonic_ms () + s_sweep_pause_ms (self, limit > 0, held);
}

static void
s_repeat (self_t *self)
{
    size_t count, held;
    if (atomic_load (self->args->waiting) < IDLE_WAITING &&
        model_slot_has (self->args->slot))
        s_take (self, true, self->returned ? KAFKA_LIMIT : REPEAT_LIMIT, &count, &held);
}

static void
s_reset (self_t *self)
{
    size_t count = 0;
    if (!s_ok (self, predictions_reset_dispatch (self->db, &count)))
        return;
    self->was_reset = true;
    self->unsent = true;
    if (count > 0)
        log_info ("request_producer.resending", log_int ("rows", (int64_t)count));
}

static void
s_count (self_t *self)
{
    size_t count = 0;
    if (!s_ok (self,
            predictions_pending_count (self->db, self->args->backlog_limit, &count)))
        return;
    atomic_store (self->args->backlog, count);
    metric_set (self->pending, (double)count);
}

static void
s_expire (self_t *self)
{
    size_t count = 0;
    if (!s_ok (self, predictions_expire (self->db, &count)) || count == 0)
        return;
    metric_add (self->expired, count);
    log_warn ("request_producer.expired", log_int ("rows", (int64_t)count));
}

static void
s_upkeep (self_t *self)
{
    self->upkeep_ms = clock_monotonic_ms () + UPKEEP_MS;
    if (!db_watch_check (self->watch)) {
        self->upkeep_ms = clock_monotonic_ms () + AWAY_MS;
        return;
    }
    if (!self->was_reset)
        s_reset (self);
    s_expire (self);
    s_count (self);
    if (!db_watch_ready (self->watch) || atomic_load (self->args->backlog) == 0)
        return;
    if (!self->unsent)
        s_repeat (self);
    self->unsent = true; /* another process may have left some */
}

/* Its life */

static const char *
s_start (void *context)
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

static bool
s_sweep_wanted (const self_t *self)
{
    return db_watch_ready (self->watch) && self->was_reset && self->unsent;
}

static long
s_wait_ms (const self_t *self)
{
    int64_t due_ms = self->upkeep_ms;
    if (s_sweep_wanted (self) && self->sweep_ms < due_ms)
        due_ms = self->sweep_ms;
    int64_t wait_ms = due_ms - clock_monotonic_ms ();
    return wait_ms > 0 ? (long)wait_ms : 0;
}

static bool
s_serve (void *context, zsock_t *pipe)
{
    self_t *self = context;
    zmq_pollitem_t items[] = {
        {zsock_resolve (pipe), 0, ZMQ_POLLIN, 0},
        {zsock_resolve (self->accept), 0, ZMQ_POLLIN, 0},
        {self->returned ? zsock_resolve (self->returned) : NULL, -1, ZMQ_POLLIN, 0},
    };
    zmq_poll (items, self->returned ? 3 : 2, s_wait_ms (self));
    if (items[1].revents)
        s_handle_accept (self);
    if (items[2].revents)
        s_handle_returned (self);
    if (clock_monotonic_ms () >= self->upkeep_ms)
        s_upkeep (self);
    if (s_sweep_wanted (self) && clock_monotonic_ms () >= self->sweep_ms)
        s_sweep (self);
    return items[0].revents != 0;
}

void
request_producer_actor (zsock_t *pipe, void *args)
{
    const control_life_t life = {s_start, s_serve, NULL};
    self_t *self = s_new (args);
    control_run (pipe, self, &life);
    s_destroy (&self);
}

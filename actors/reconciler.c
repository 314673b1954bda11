/* SPDX-License-Identifier: Apache-2.0 */
#include "actors/reconciler.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "actors/db_watch.h"
#include "actors/endpoints.h"
#include "base/actor/control.h"
#include "base/actor/wire.h"
#include "base/clock.h"
#include "base/health.h"
#include "base/log.h"
#include "base/metrics.h"
#include "proto/request.h"
#include "store/predictions.h"
#include "store/row_writer.h"

#define LOOK_MS   1000
#define AWAY_MS   200 /* while the database is away */
#define UNSENT_MS 50  /* how soon it hears that there are unsent rows */
#define WHOLE_LOOK_MS                                                                  \
    60000 /* now and then from the first row on, not from the last look */
#define COUNT_SHARE   50  /* counting may take one part in so many of the time */
#define TAKE_LIMIT    512 /* rows taken at a time */
#define REQUEST_ROOM  (4 * TAKE_LIMIT) /* with those that were set aside */
#define LOCK_MS       500   /* it waits so long for somebody's lock on the table */
#define CHANGE_LIMIT  10000 /* rows expired or reset at a time */
#define ASIDE_LIMIT   10000 /* rows that are in the way, of each kind */
#define IDLE_WAITING  64    /* jobs waiting in a pool that counts as keeping up */
#define SUSPECT_FROM  2     /* deaths that make a row a suspect */
#define SUSPECT_MS    5    /* how soon the next suspect may follow one that has ended */
#define CALM_MS       1000 /* from the start until the first suspect: the others first */
#define ROOM_MS       20   /* until a full pool is looked at again */
#define ROOM_LIMIT_MS 500  /* when rows did not fit, it doubles up to this */

struct self;

/* One kind of change. All that are due are changed by one statement; when that fails
 * because of a row, they are chosen and written one by one until it is found. */
typedef struct {
    struct self *actor;
    choose_t which;
    size_t limit;        /* rows in one statement */
    row_writer_t *aside; /* ids: what is in the way */
    char looked
        [PREDICTIONS_TIME_SIZE]; /* the server's time of the last look; "": none */
    int64_t whole_ms;            /* when to look from the first row on again */
} change_t;

typedef struct self {
    const reconciler_args_t *args; /* borrowed */
    zsock_t *jobs;
    db_t *db;
    change_t changes[CHOOSE_EXPIRED + 1]; /* by choose_t */
    bool was_reset; /* PENDING rows of earlier processes are unsent */
    char start[PREDICTIONS_TIME_SIZE]; /* of the reset */
    int64_t look_ms;                   /* when the next is due */
    int64_t sweep_ms;                  /* when to take unsent rows next */
    int64_t count_ms;                  /* when to count next */
    bool suspects;                     /* there may be some */
    char suspect[PROTO_ID_SIZE];       /* sent alone; "": none */
    int64_t suspect_ms;                /* when to look after it, or send the next */
    int room_ms;          /* the last pause because rows did not fit; 0: they did */
    request_t **requests; /* taken in this statement */
    size_t request_count;
    metric_t *held_back; /* did not fit into the pipe */
    metric_t *unsent_sent;
    metric_t *repeats_sent;
    metric_t *pending;
    metric_t *oldest; /* of them, its age */
} self_t;

static db_status_t reconciler_write (void *context, void *const *rows, size_t count);
static void reconciler_free_id (void *context, void *row);
static row_refusal_t reconciler_refused (
    void *context, void *row, const row_fault_t *fault);
static const char *reconciler_id (const void *row);
static const char *reconciler_reason (void *context);

static const row_writer_ops_t s_ops = {reconciler_write, NULL, reconciler_free_id,
    reconciler_refused, reconciler_id, reconciler_reason};

static void
reconciler_register_metrics (self_t *self)
{
    const char *resent = "sasrec_producer_resent_total", *help = "Rows sent again.";
    self->held_back = metrics_counter ("sasrec_producer_held_back_total",
        "Requests that did not fit into the pool; sent later from their row.", "");
    self->unsent_sent = metrics_counter (resent, help, "kind=\"unsent\"");
    self->repeats_sent = metrics_counter (resent, help, "kind=\"repeat\"");
    self->pending = metrics_gauge ("sasrec_predictions_pending",
        "Rows accepted and unfinished, as last counted.", "");
    self->oldest = metrics_gauge ("sasrec_predictions_oldest_seconds",
        "Age of the oldest unfinished row; 0: there is none.", "");
    if (self->args->ended) {
        ended_count (self->args->ended, "FAILED");
        ended_count (self->args->ended, "EXPIRED");
    }
}

static void
change_init (change_t *self, struct self *actor, choose_t which)
{
    static const char *const names[] = {[CHOOSE_UNSENT] = "reconciler.unsent",
        [CHOOSE_REPEATS] = "reconciler.repeats",
        [CHOOSE_RESET] = "reconciler.reset",
        [CHOOSE_EXPIRED] = "reconciler.expired"};
    bool takes = which == CHOOSE_UNSENT || which == CHOOSE_REPEATS;
    self->actor = actor;
    self->which = which;
    self->limit = takes ? TAKE_LIMIT : CHANGE_LIMIT;
    const row_writer_args_t args = {.name = names[which],
        .limit = ASIDE_LIMIT,
        .batch_limit = self->limit,
        .timeout_ms = actor->args->statement_timeout_ms};
    self->aside = row_writer_new (&args, &s_ops, self);
}

static self_t *
reconciler_new (const reconciler_args_t *args)
{
    self_t *self = calloc (1, sizeof *self);
    assert (self);
    self->args = args;
    self->was_reset = !args->reset_at_start;
    self->requests = calloc (REQUEST_ROOM, sizeof *self->requests);
    assert (self->requests);
    self->db = db_new (args->conninfo, "sasrec reconciler", args->statement_timeout_ms);
    db_wait_for_locks (self->db, LOCK_MS);
    db_find_by_index (self->db);
    for (int i = 0; i <= CHOOSE_EXPIRED; i++)
        change_init (&self->changes[i], self, (choose_t)i);
    reconciler_register_metrics (self);
    return self;
}

static void
reconciler_destroy (self_t **self_p)
{
    self_t *self = *self_p;
    for (int i = 0; i <= CHOOSE_EXPIRED; i++) {
        void *id;
        while ((id = row_writer_pop (self->changes[i].aside)))
            free (id);
        row_writer_destroy (&self->changes[i].aside);
    }
    wire_destroy (&self->jobs);
    db_destroy (&self->db);
    free (self->requests);
    free (self);
    *self_p = NULL;
}

/* Changing rows */

static void
reconciler_ended (void *context, const char *request_id, const char *status)
{
    self_t *self = context;
    if (self->args->ended)
        ended_tell (self->args->ended, &request_id, 1, status);
}

/* With Kafka the bridge counts deliveries. */
static take_t
reconciler_take (self_t *self, bool repeats)
{
    int last = self->args->max_attempts > 1 ? self->args->max_attempts - 1 : 1;
    int suspect_from = last < SUSPECT_FROM ? last : SUSPECT_FROM;
    return (take_t){.ended = reconciler_ended,
        .context = self,
        .repeats = repeats,
        .suspect_from = self->args->reset_at_start ? suspect_from : 0,
        .max_attempts = self->args->max_attempts};
}

static db_status_t
change_apply (change_t *self, const due_t *due, size_t *count, char *looked)
{
    self_t *actor = self->actor;
    take_t take = reconciler_take (actor, self->which == CHOOSE_REPEATS);
    db_status_t status;
    switch (self->which) {
    case CHOOSE_RESET:
        return predictions_reset (actor->db, due, actor->start, count);
    case CHOOSE_EXPIRED:
        return predictions_expire (
            actor->db, due, reconciler_ended, actor, count, looked);
    default:
        status = predictions_take (actor->db, due, &take,
            actor->requests + actor->request_count, count, looked);
        assert (actor->request_count + *count <= REQUEST_ROOM);
        actor->request_count += *count;
        return status;
    }
}

/* Those that are named, whenever they are due: as row_writer.h wants it. */
static db_status_t
reconciler_write (void *context, void *const *rows, size_t count)
{
    change_t *self = context;
    char looked[PREDICTIONS_TIME_SIZE];
    size_t changed;
    due_t due = {
        .only = (const char *const *)rows, .only_count = count, .limit = count};
    return change_apply (self, &due, &changed, looked);
}

static void
reconciler_free_id (void *context, void *row)
{
    (void)context;
    free (row);
}

static row_refusal_t
reconciler_refused (void *context, void *row, const row_fault_t *fault)
{
    (void)context;
    (void)row;
    (void)fault;
    return ROW_ASIDE; /* it is PENDING, and will be for as long as that lasts */
}

static const char *
reconciler_id (const void *row)
{
    return row;
}

static const char *
reconciler_reason (void *context)
{
    return db_error (((change_t *)context)->actor->db);
}

/* Something is wrong with a row of those that are due: which one is the row writer's to
 * find. */
static db_status_t
change_find_fault (change_t *self, const due_t *due)
{
    char (*ids)[UUID_TEXT_SIZE] = calloc (due->limit, sizeof *ids);
    assert (ids);
    size_t count = 0;
    int64_t now_ms = clock_monotonic_ms ();
    db_status_t status = predictions_choose (
        self->actor->db, self->which, due, self->actor->start, ids, &count);
    for (size_t i = 0; i < count && row_writer_room (self->aside) > 0; i++) {
        char *id = strdup (ids[i]);
        assert (id);
        row_writer_push (self->aside, id, now_ms);
    }
    free (ids);
    return status == DB_OK ? row_writer_serve (self->aside, now_ms) : status;
}

/* Without waking who has nothing to say: what was set aside and is due again. */
static void
change_serve_aside (change_t *self)
{
    int64_t now_ms = clock_monotonic_ms ();
    if (row_writer_due_ms (self->aside) <= now_ms)
        row_writer_serve (self->aside, now_ms);
}

/* Up to limit rows. *count: those that changed; UNSENT and REPEATS are in requests. */
static db_status_t
change_run (change_t *self, size_t limit, size_t *count)
{
    int64_t now_ms = clock_monotonic_ms ();
    bool whole = now_ms >= self->whole_ms;
    size_t aside_count = row_writer_aside (self->aside);
    const char **aside = calloc (aside_count + 1, sizeof *aside);
    assert (aside);
    for (size_t i = 0; i < aside_count; i++)
        aside[i] = row_writer_aside_row (self->aside, i);
    due_t due = {.since = whole || !self->looked[0] ? NULL : self->looked,
        .aside = aside,
        .aside_count = aside_count,
        .limit = limit < self->limit ? limit : self->limit};
    char looked[PREDICTIONS_TIME_SIZE] = "";
    db_status_t status = change_apply (self, &due, count, looked);
    if (status == DB_DATA || status == DB_REFUSED || status == DB_LOCKED)
        status = change_find_fault (self, &due);
    else if (whole && status != DB_AWAY)
        self->whole_ms = now_ms + WHOLE_LOOK_MS;
    if (status == DB_OK && *count < due.limit && looked[0])
        memcpy (self->looked, looked, sizeof looked);
    if (status == DB_UNABLE)
        db_watch_unable (db_error (self->actor->db));
    free (aside);
    return status;
}

/* Sending */

/* Their rows are to be sent again, at the speed of the pipe. Takes the requests. */
static void
reconciler_mark_unsent (self_t *self, request_t **requests, size_t count)
{
    const char *ids[REQUEST_ROOM];
    for (size_t i = 0; i < count; i++)
        ids[i] = requests[i]->request_id;
    if (count > 0) {
        metric_add (self->held_back, count);
        predictions_undispatch (self->db, ids, count);
    }
    for (size_t i = 0; i < count; i++)
        request_destroy (&requests[i]);
}

/* What was taken. Returns how many did not fit. */
static size_t
reconciler_send (self_t *self, metric_t *sent)
{
    size_t unsent = 0;
    metric_add (sent, self->request_count);
    for (size_t i = 0; i < self->request_count; i++)
        if (request_send (&self->requests[i], self->jobs))
            self->requests[unsent++] = self->requests[i];
    self->request_count = 0;
    reconciler_mark_unsent (self, self->requests, unsent);
    return unsent;
}

/* When to sweep again. Looking at the queue costs nothing, but rows that were taken and
 * did not fit were written twice for nothing. */
static int
reconciler_sweep_pause_ms (self_t *self, bool room, size_t held)
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
reconciler_sweep (self_t *self)
{
    size_t waiting = atomic_load (self->args->waiting), count = 0, held = 0;
    size_t half = self->args->job_limit / 2 + 1;
    size_t room = half > waiting ? half - waiting : 0;
    size_t limit = room < TAKE_LIMIT ? room : TAKE_LIMIT;
    if (limit > 0) {
        atomic_store (self->args->unsent, false); /* before the look, not after it */
        db_status_t status = change_run (&self->changes[CHOOSE_UNSENT], limit, &count);
        held = reconciler_send (self, self->unsent_sent);
        if (status != DB_OK || held > 0 || count == limit)
            atomic_store (self->args->unsent, true);
        if (status != DB_OK)
            held = limit;
    }
    self->sweep_ms =
        clock_monotonic_ms () + reconciler_sweep_pause_ms (self, limit > 0, held);
}

/* The request_producer shows the database and its schema. */
static bool
reconciler_ready (self_t *self)
{
    return health_ok (health_check ("schema", true)) && db_ensure (self->db);
}

/* True: there is none that could bring us down. */
static bool
reconciler_suspect_ended (self_t *self)
{
    prediction_t row;
    bool found = false;
    if (!self->suspect[0])
        return true;
    if (predictions_find (self->db, self->suspect, &row, &found) != DB_OK)
        return false;
    bool ended = !found || strcmp (row.status, "PENDING") != 0;
    prediction_clear (&row);
    return ended;
}

/* The next suspect, once the one before has ended. */
static void
reconciler_try_suspect (self_t *self)
{
    char looked[PREDICTIONS_TIME_SIZE];
    take_t take = reconciler_take (self, false);
    const due_t due = {.limit = 1};
    size_t count = 0;
    self->suspect_ms = clock_monotonic_ms () + SUSPECT_MS;
    if (!reconciler_ready (self) || !model_slot_has (self->args->slot) ||
        !reconciler_suspect_ended (self))
        return;
    self->suspect[0] = 0;
    take.suspects = true;
    db_status_t status =
        predictions_take (self->db, &due, &take, self->requests, &count, looked);
    self->suspects = status == DB_OK && count > 0; /* else the next look asks again */
    if (!self->suspects)
        return;
    snprintf (self->suspect, sizeof self->suspect, "%s", self->requests[0]->request_id);
    self->request_count = count;
    reconciler_send (self, self->unsent_sent);
}

static void
reconciler_repeat (self_t *self)
{
    size_t count;
    if (atomic_load (self->args->waiting) >= IDLE_WAITING ||
        !model_slot_has (self->args->slot))
        return;
    change_run (&self->changes[CHOOSE_REPEATS], self->args->repeat_limit, &count);
    reconciler_send (self, self->repeats_sent);
}

/* The looks of a second */

/* In portions, so that each statement ends well inside its time-out. */
static db_status_t
reconciler_reset_all (self_t *self, size_t *total)
{
    size_t count;
    db_status_t status;
    do {
        status = change_run (&self->changes[CHOOSE_RESET], CHANGE_LIMIT, &count);
        *total += count;
    } while (status == DB_OK && count > 0);
    return status;
}

static void
reconciler_reset (self_t *self)
{
    size_t total = 0;
    if (predictions_reset_start (self->db, self->start) != DB_OK ||
        reconciler_reset_all (self, &total) != DB_OK)
        return;
    self->was_reset = true;
    self->suspect_ms = clock_monotonic_ms () + CALM_MS;
    atomic_store (self->args->unsent, true);
    if (total > 0)
        log_info ("reconciler.resending", log_int ("rows", (int64_t)total));
}

static void
reconciler_expire (self_t *self)
{
    size_t count = 0;
    if (change_run (&self->changes[CHOOSE_EXPIRED], CHANGE_LIMIT, &count) == DB_OK &&
        count > 0)
        log_warn ("reconciler.expired", log_int ("rows", (int64_t)count));
}

/* Beside a transaction that is open for long it takes long (store/predictions_resend.c):
 * then it is done less often. */
static void
reconciler_count (self_t *self)
{
    size_t count = 0;
    double oldest_s = 0;
    int64_t start_ms = clock_monotonic_ms ();
    if (start_ms < self->count_ms)
        return;
    db_status_t status = predictions_pending_count (
        self->db, self->args->backlog_limit, &count, &oldest_s);
    int64_t end_ms = clock_monotonic_ms ();
    self->count_ms = end_ms + COUNT_SHARE * (end_ms - start_ms);
    if (status != DB_OK)
        return;
    atomic_store (self->args->backlog, count);
    metric_set (self->pending, (double)count);
    metric_set (self->oldest, oldest_s);
}

static void
reconciler_look (self_t *self)
{
    if (!reconciler_ready (self)) {
        self->look_ms = clock_monotonic_ms () + AWAY_MS;
        return;
    }
    self->look_ms = clock_monotonic_ms () + LOOK_MS;
    if (!self->was_reset)
        reconciler_reset (self);
    for (int i = 0; i <= CHOOSE_EXPIRED; i++)
        change_serve_aside (&self->changes[i]);
    reconciler_send (self, self->unsent_sent);
    reconciler_expire (self);
    reconciler_count (self);
    if (atomic_load (self->args->backlog) == 0)
        return;
    if (!atomic_load (self->args->unsent))
        reconciler_repeat (self);
    atomic_store (self->args->unsent, true); /* another process may have left some */
    self->suspects = self->was_reset && self->args->reset_at_start;
}

/* Its life */

static const char *
reconciler_start (void *context)
{
    self_t *self = context;
    self->jobs = wire_push_new (self->args->jobs_endpoint, ENDPOINT_JOBS_LIMIT);
    return NULL;
}

static bool
reconciler_sweep_wanted (const self_t *self)
{
    return self->was_reset && atomic_load (self->args->unsent);
}

static long
reconciler_wait_ms (const self_t *self)
{
    int64_t now_ms = clock_monotonic_ms ();
    int64_t due_ms = self->look_ms;
    int64_t sweep_ms =
        reconciler_sweep_wanted (self) ? self->sweep_ms : now_ms + UNSENT_MS;
    if (sweep_ms < due_ms)
        due_ms = sweep_ms;
    if (self->suspects && self->suspect_ms < due_ms)
        due_ms = self->suspect_ms;
    return due_ms > now_ms ? (long)(due_ms - now_ms) : 0;
}

static bool
reconciler_serve (void *context, zsock_t *pipe)
{
    self_t *self = context;
    zmq_pollitem_t items[] = {{zsock_resolve (pipe), 0, ZMQ_POLLIN, 0}};
    zmq_poll (items, 1, reconciler_wait_ms (self));
    if (items[0].revents)
        return true;
    if (clock_monotonic_ms () >= self->look_ms)
        reconciler_look (self);
    if (reconciler_sweep_wanted (self) && clock_monotonic_ms () >= self->sweep_ms) {
        if (reconciler_ready (self))
            reconciler_sweep (self);
        else
            self->sweep_ms = clock_monotonic_ms () + AWAY_MS;
    }
    if (self->suspects && clock_monotonic_ms () >= self->suspect_ms)
        reconciler_try_suspect (self);
    return false;
}

void
reconciler_actor (zsock_t *pipe, void *args)
{
    const control_life_t life = {reconciler_start, reconciler_serve, NULL};
    self_t *self = reconciler_new (args);
    control_run (pipe, self, &life);
    reconciler_destroy (&self);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "actors/pruner.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>

#include "base/actor/control.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "store/once.h"
#include "store/retention.h"

#define PAUSE_MS     50 /* at least, between two portions */
#define FORGET_LIMIT 1000
#define PAUSE_TIMES  9 /* as long as a portion took: a tenth of the time is ours */

typedef struct {
    const pruner_args_t *args; /* borrowed */
    db_t *db;                  /* muted: others say that it is away */
    retention_t *sweep;        /* NULL: none runs */
    bool forgot;               /* in this round, what Idempotency-Keys are kept for */
    size_t total;              /* rows of this sweep */
    int64_t due_ms;            /* when to go on */
    metric_t *deleted;
    metric_t *left;
} self_t;

/* Not connected yet. */
static db_t *
pruner_db (const pruner_args_t *args)
{
    db_t *db = db_new (args->conninfo, "sasrec pruner", args->statement_timeout_ms);
    db_mute (db);
    return db;
}

static self_t *
pruner_new (const pruner_args_t *args)
{
    self_t *self = calloc (1, sizeof *self);
    assert (self);
    self->args = args;
    self->db = pruner_db (args);
    self->deleted = metrics_counter ("sasrec_retention_deleted_total",
        "Finished requests deleted because they were older than SASREC_RETENTION.", "");
    self->left = metrics_gauge ("sasrec_retention_left",
        "Old requests that the last sweep could not delete.", "");
    return self;
}

static void
pruner_destroy (self_t **self_p)
{
    self_t *self = *self_p;
    retention_destroy (&self->sweep);
    db_destroy (&self->db);
    free (self);
    *self_p = NULL;
}

/* Until the next round; it holds no connection so long. */
static void
pruner_rest (self_t *self)
{
    db_destroy (&self->db);
    self->db = pruner_db (self->args);
    self->forgot = false;
    self->due_ms = clock_monotonic_ms () + self->args->sweep_ms;
}

static void
pruner_end_sweep (self_t *self)
{
    metric_set (self->left, (double)retention_left (self->sweep));
    if (self->total > 0)
        log_info ("pruner.deleted", log_int ("rows", (int64_t)self->total),
            log_int ("left", (int64_t)retention_left (self->sweep)));
    retention_destroy (&self->sweep);
    self->total = 0;
    pruner_rest (self);
}

/* A portion of what is older than a day. A database that is away is asked again in the next
 * round. */
static void
pruner_forget (self_t *self)
{
    size_t forgotten = 0;
    int64_t start_ms = clock_monotonic_ms ();
    if (db_ensure (self->db))
        once_forget (self->db, FORGET_LIMIT, &forgotten);
    int64_t now_ms = clock_monotonic_ms ();
    self->forgot = forgotten < FORGET_LIMIT;
    self->due_ms = now_ms + PAUSE_TIMES * (now_ms - start_ms);
}

/* All clocks are PostgreSQL's. */
static void
pruner_begin_sweep (self_t *self)
{
    char seconds[24];
    const char *values[] = {seconds};
    PGresult *result = NULL;
    snprintf (seconds, sizeof seconds, "%" PRId64, self->args->retention_s);
    if (self->args->retention_s == 0 || !db_ensure (self->db) ||
        db_exec (self->db, "SELECT (now () - interval '1 s' * $1::bigint)::text", 1,
            values, &result) != DB_OK) {
        pruner_rest (self);
        return;
    }
    self->sweep = retention_new (
        self->db, PQgetvalue (result, 0, 0), self->args->statement_timeout_ms, true);
    self->due_ms = 0;
    PQclear (result);
}

static void
pruner_go_on (self_t *self)
{
    size_t deleted;
    int64_t start_ms = clock_monotonic_ms ();
    db_status_t status = retention_step (self->sweep, &deleted);
    int64_t now_ms = clock_monotonic_ms ();
    int64_t pause_ms = PAUSE_TIMES * (now_ms - start_ms);
    metric_add (self->deleted, deleted);
    self->total += deleted;
    self->due_ms = now_ms + (pause_ms > PAUSE_MS ? pause_ms : PAUSE_MS);
    if (status != DB_OK || retention_done (self->sweep))
        pruner_end_sweep (self);
}

static bool
pruner_serve (void *context, zsock_t *pipe)
{
    self_t *self = context;
    int64_t wait_ms = self->due_ms - clock_monotonic_ms ();
    zmq_pollitem_t item = {zsock_resolve (pipe), 0, ZMQ_POLLIN, 0};
    zmq_poll (&item, 1, wait_ms > 0 ? (long)wait_ms : 0);
    if (item.revents)
        return true;
    if (clock_monotonic_ms () < self->due_ms)
        return false;
    if (self->sweep)
        pruner_go_on (self);
    else if (!self->forgot)
        pruner_forget (self);
    else
        pruner_begin_sweep (self);
    return false;
}

static const char *
pruner_start (void *context)
{
    (void)context;
    return NULL;
}

void
pruner_actor (zsock_t *pipe, void *args)
{
    const control_life_t life = {pruner_start, pruner_serve, NULL};
    self_t *self = pruner_new (args);
    control_run (pipe, self, &life);
    pruner_destroy (&self);
}

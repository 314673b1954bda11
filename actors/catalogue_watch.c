/* SPDX-License-Identifier: Apache-2.0 */
#include "actors/catalogue_watch.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/actor/control.h"
#include "base/clock.h"
#include "base/grow.h"
#include "base/health.h"
#include "base/log.h"
#include "base/metrics.h"
#include "store/facts.h"

#define LOOK_MS 500 /* what is new counts within a second, however long a look takes */

typedef struct {
    const catalogue_watch_args_t *args; /* borrowed */
    db_t *db;                           /* muted: others say that it is away */
    facts_t *facts;
    bool known;      /* all has been read since the database was away last */
    bool failed;     /* the last look; said once */
    int64_t look_ms; /* when the next is due */
    health_t *health;
    catalogue_t *reading; /* all of it, not yet in the slot; else NULL */
    model_slot_change_t *changes;
    size_t change_count, change_room;
    metric_t *items;
    metric_t *changed;
    metric_t *reads;
} self_t;

static self_t *
catalogue_watch_new (const catalogue_watch_args_t *args)
{
    self_t *self = calloc (1, sizeof *self);
    assert (self);
    self->args = args;
    self->db =
        db_new (args->conninfo, "sasrec catalogue_watch", args->statement_timeout_ms);
    db_mute (self->db);
    self->facts = facts_new ();
    self->health = health_check ("catalogue", true);
    self->items = metrics_gauge ("sasrec_catalogue_items",
        "Items with a row in the catalogue, or deleted from it.", "");
    self->changed = metrics_counter ("sasrec_catalogue_changes_total",
        "Changes of items that were taken up as they came.", "");
    self->reads = metrics_counter ("sasrec_catalogue_reads_total",
        "How often all items were read: at the start, after the database was away.", "");
    return self;
}

static void
catalogue_watch_forget_changes (self_t *self)
{
    for (size_t i = 0; i < self->change_count; i++)
        free ((char *)(uintptr_t)self->changes[i].categories);
    self->change_count = 0;
}

static void
catalogue_watch_destroy (self_t **self_p)
{
    self_t *self = *self_p;
    catalogue_watch_forget_changes (self);
    free (self->changes);
    facts_destroy (&self->facts);
    db_destroy (&self->db);
    free (self);
    *self_p = NULL;
}

static const char *
catalogue_watch_start (void *context)
{
    (void)context;
    return NULL;
}

static catalogue_row_t
catalogue_watch_row (const fact_t *fact)
{
    return (catalogue_row_t){.item_id = fact->item_id,
        .hidden = fact->hidden,
        .from_ms = fact->from_ms,
        .until_ms = fact->until_ms};
}

static void
catalogue_watch_take (void *context, const fact_t *fact)
{
    self_t *self = context;
    catalogue_row_t row = catalogue_watch_row (fact);
    catalogue_put (self->reading, &row, fact->categories);
}

static db_status_t
catalogue_watch_read_all (self_t *self)
{
    int64_t start_ms = clock_monotonic_ms ();
    self->reading = catalogue_new ();
    db_status_t status =
        facts_read_all (self->facts, self->db, catalogue_watch_take, self);
    self->known = status == DB_OK;
    if (self->known) {
        size_t count = catalogue_count (self->reading);
        log_info ("catalogue_watch.read", log_int ("items", (int64_t)count),
            log_int ("bytes", (int64_t)catalogue_size (self->reading)),
            log_int ("ms", clock_monotonic_ms () - start_ms));
        metric_set (self->items, (double)count);
        metric_add (self->reads, 1);
        model_slot_put_catalogue (self->args->slot, &self->reading);
        health_set (self->health, true, "");
    }
    catalogue_destroy (&self->reading);
    return status;
}

static void
catalogue_watch_note (void *context, const fact_t *fact)
{
    self_t *self = context;
    char *categories = strdup (fact->categories);
    assert (categories);
    self->changes = grow (self->changes, &self->change_room, self->change_count + 1,
        sizeof *self->changes);
    self->changes[self->change_count++] =
        (model_slot_change_t){catalogue_watch_row (fact), categories};
}

static db_status_t
catalogue_watch_read_new (self_t *self)
{
    bool overflow;
    db_status_t status = facts_read_new (
        self->facts, self->db, catalogue_watch_note, self, &overflow);
    if (status == DB_OK && overflow)
        return catalogue_watch_read_all (self);
    if (self->change_count > 0) {
        model_slot_change_catalogue (
            self->args->slot, self->changes, self->change_count);
        log_debug ("catalogue_watch.changed",
            log_int ("items", (int64_t)self->change_count));
        metric_add (self->changed, self->change_count);
        catalogue_watch_forget_changes (self);
    }
    return status;
}

/* Said once: a table that is not there yet, a right that is missing. */
static void
catalogue_watch_tell (self_t *self, db_status_t status)
{
    bool failed = status != DB_OK && status != DB_AWAY;
    if (failed && !self->failed)
        log_warn ("catalogue_watch.failing", log_str ("reason", db_error (self->db)));
    self->failed = failed;
    if (!self->known && !health_ok (self->health))
        health_set (self->health, false,
            failed ? db_error (self->db) : "the items are not known: no database");
}

static void
catalogue_watch_look (self_t *self)
{
    db_status_t status = db_ensure (self->db) ? DB_OK : DB_AWAY;
    if (status == DB_OK)
        status = self->known ? catalogue_watch_read_new (self)
                             : catalogue_watch_read_all (self);
    self->known = self->known && status != DB_AWAY;
    catalogue_watch_tell (self, status);
    self->look_ms = clock_monotonic_ms () + LOOK_MS;
}

static bool
catalogue_watch_serve (void *context, zsock_t *pipe)
{
    self_t *self = context;
    zmq_pollitem_t item = {zsock_resolve (pipe), 0, ZMQ_POLLIN, 0};
    int64_t wait_ms = self->look_ms - clock_monotonic_ms ();
    zmq_poll (&item, 1, wait_ms > 0 ? (long)wait_ms : 0);
    if (!item.revents && clock_monotonic_ms () >= self->look_ms)
        catalogue_watch_look (self);
    return item.revents != 0;
}

void
catalogue_watch_actor (zsock_t *pipe, void *args)
{
    const control_life_t life = {catalogue_watch_start, catalogue_watch_serve, NULL};
    self_t *self = catalogue_watch_new (args);
    control_run (pipe, self, &life);
    catalogue_watch_destroy (&self);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "actors/catalogue_source.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/grow.h"
#include "base/log.h"
#include "base/metrics.h"
#include "store/facts.h"

struct catalogue_source {
    db_t *db; /* muted: others say that it is away */
    facts_t *facts;
    bool known; /* all has been read since the database was away last */
    const char *reason;
    bool failed;      /* the last look, for a reason that was said */
    catalogue_t *all; /* read, and not taken; else NULL */
    model_slot_change_t *changes;
    size_t change_count, change_room;
    metric_t *items;
    metric_t *changed;
    metric_t *reads;
};

catalogue_source_t *
catalogue_source_new (
    const char *conninfo, const char *application, int statement_timeout_ms)
{
    catalogue_source_t *self = calloc (1, sizeof *self);
    assert (self);
    self->db = db_new (conninfo, application, statement_timeout_ms);
    db_mute (self->db);
    db_find_by_index (self->db);
    self->facts = facts_new ();
    self->reason = "no database was asked yet";
    self->items = metrics_gauge ("sasrec_catalogue_items",
        "Items with a row in the catalogue, or deleted from it.", "");
    self->changed = metrics_counter ("sasrec_catalogue_changes_total",
        "Changes of items that were taken up as they came.", "");
    self->reads = metrics_counter ("sasrec_catalogue_reads_total",
        "How often all items were read: at the start, after the database was away.",
        "");
    return self;
}

static void
s_forget_changes (catalogue_source_t *self)
{
    for (size_t i = 0; i < self->change_count; i++)
        free ((char *)(uintptr_t)self->changes[i].categories);
    self->change_count = 0;
}

void
catalogue_source_destroy (catalogue_source_t **self_p)
{
    catalogue_source_t *self = *self_p;
    if (!self)
        return;
    s_forget_changes (self);
    free (self->changes);
    catalogue_destroy (&self->all);
    facts_destroy (&self->facts);
    db_destroy (&self->db);
    free (self);
    *self_p = NULL;
}

static catalogue_row_t
s_row (const fact_t *fact)
{
    return (catalogue_row_t){.item_id = fact->item_id,
        .hidden = fact->hidden,
        .from_ms = fact->from_ms,
        .until_ms = fact->until_ms};
}

static void
s_take (void *context, const fact_t *fact)
{
    catalogue_source_t *self = context;
    catalogue_row_t row = s_row (fact);
    catalogue_put (self->all, &row, fact->categories);
}

static db_status_t
s_read_all (catalogue_source_t *self)
{
    int64_t start_ms = clock_monotonic_ms ();
    catalogue_destroy (&self->all);
    self->all = catalogue_new ();
    db_status_t status = facts_read_all (self->facts, self->db, s_take, self);
    self->known = status == DB_OK;
    if (!self->known) {
        catalogue_destroy (&self->all);
        return status;
    }
    size_t count = catalogue_count (self->all);
    log_info ("catalogue.read", log_int ("items", (int64_t)count),
        log_int ("bytes", (int64_t)catalogue_size (self->all)),
        log_int ("ms", clock_monotonic_ms () - start_ms));
    metric_set (self->items, (double)count);
    metric_add (self->reads, 1);
    return status;
}

static void
s_note (void *context, const fact_t *fact)
{
    catalogue_source_t *self = context;
    char *categories = strdup (fact->categories);
    assert (categories);
    self->changes = grow (self->changes, &self->change_room, self->change_count + 1,
        sizeof *self->changes);
    self->changes[self->change_count++] =
        (model_slot_change_t){s_row (fact), categories};
}

static db_status_t
s_read_new (catalogue_source_t *self)
{
    bool overflow;
    db_status_t status =
        facts_read_new (self->facts, self->db, s_note, self, &overflow);
    if (status == DB_OK && overflow)
        return s_read_all (self);
    if (self->change_count > 0)
        log_debug ("catalogue.changed", log_int ("items", (int64_t)self->change_count));
    metric_add (self->changed, self->change_count);
    return status;
}

/* Said once: a table that is not there yet, a right that is missing. */
static void
s_tell (catalogue_source_t *self, db_status_t status)
{
    bool failed = status != DB_OK && status != DB_AWAY;
    self->reason = status == DB_OK     ? ""
                   : status == DB_AWAY ? "the items are not known: no database"
                                       : db_error (self->db);
    if (failed && !self->failed)
        log_warn ("catalogue.failing", log_str ("reason", self->reason));
    self->failed = failed;
}

catalogue_news_t
catalogue_source_look (catalogue_source_t *self)
{
    s_forget_changes (self);
    db_status_t status = db_ensure (self->db) ? DB_OK : DB_AWAY;
    if (status == DB_OK)
        status = self->known ? s_read_new (self) : s_read_all (self);
    self->known = self->known && status != DB_AWAY;
    s_tell (self, status);
    return self->all                ? CATALOGUE_ALL
           : self->change_count > 0 ? CATALOGUE_CHANGES
                                    : CATALOGUE_NO_NEWS;
}

catalogue_t *
catalogue_source_take (catalogue_source_t *self)
{
    catalogue_t *all = self->all;
    self->all = NULL;
    return all;
}

const model_slot_change_t *
catalogue_source_changes (const catalogue_source_t *self, size_t *count)
{
    *count = self->change_count;
    return self->changes;
}

const char *
catalogue_source_reason (const catalogue_source_t *self)
{
    return self->reason;
}

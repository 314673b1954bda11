/* SPDX-License-Identifier: Apache-2.0 */
#include "store/row_writer.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "store/portion.h"

#define RETRY_MS         100 /* what concerns all rows is tried again so often */
#define ASIDE_FIRST_MS   250 /* the first pause of a row that is set aside, doubled ... */
#define ASIDE_LONGEST_MS 30000 /* ... up to this */
#define REASON_SIZE      160
#define SUSPECT_ROUNDS   3 /* what fails so often in a row is a row's fault, after all */
#define SUSPECT_LIMIT    2 /* rows set aside in a round because of that */

typedef struct {
    void *row;
    int64_t since_ms; /* it came */
    int64_t due_ms;   /* of one set aside: when to try it again */
    int pause_ms;     /* of one set aside: the last pause; 0: not yet */
    bool locked;      /* set aside because of a lock */
} entry_t;

struct row_writer {
    row_writer_args_t args;
    const row_writer_ops_t *ops;
    void *context;
    portion_t portion;
    entry_t *queue; /* ring of those not tried yet, oldest first */
    size_t queue_first;
    size_t queue_count;
    entry_t *batch; /* in work, in order; row NULL: dealt with */
    size_t batch_count;
    entry_t *aside; /* in no order */
    size_t aside_count;
    void **rows;       /* scratch of a statement */
    bool *locked;      /* scratch of find_locked */
    int64_t retry_ms;  /* no round before */
    int failed_rounds; /* in a row, for what concerns all rows */
    int suspects;      /* set aside in this round because of that */
    bool healed;       /* a row that was set aside could be written */
    bool waiting;      /* told: all rows wait */
    bool told_aside;   /* told: some rows are set aside */
    bool wrote;        /* one at least, in this round */
    char reason[REASON_SIZE];
};

row_writer_t *
row_writer_new (
    const row_writer_args_t *args, const row_writer_ops_t *ops, void *context)
{
    row_writer_t *self = calloc (1, sizeof *self);
    assert (self && args->limit > 0 && args->batch_limit > 0);
    self->args = *args;
    self->ops = ops;
    self->context = context;
    self->portion = portion_make (args->batch_limit, args->timeout_ms);
    self->queue = calloc (args->limit, sizeof *self->queue);
    self->aside = calloc (args->limit, sizeof *self->aside);
    self->batch = calloc (args->batch_limit, sizeof *self->batch);
    self->rows = calloc (args->batch_limit, sizeof *self->rows);
    self->locked = calloc (args->batch_limit, sizeof *self->locked);
    assert (self->queue && self->aside && self->batch && self->rows && self->locked);
    return self;
}

void
row_writer_destroy (row_writer_t **self_p)
{
    row_writer_t *self = *self_p;
    if (!self)
        return;
    assert (row_writer_count (self) == 0);
    free (self->queue);
    free (self->aside);
    free (self->batch);
    free (self->rows);
    free (self->locked);
    free (self);
    *self_p = NULL;
}

/* What waits */

size_t
row_writer_count (const row_writer_t *self)
{
    return self->queue_count + self->batch_count + self->aside_count;
}

size_t
row_writer_aside (const row_writer_t *self)
{
    return self->aside_count;
}

size_t
row_writer_room (const row_writer_t *self)
{
    return self->args.limit - row_writer_count (self);
}

const void *
row_writer_aside_row (const row_writer_t *self, size_t index)
{
    assert (index < self->aside_count);
    return self->aside[index].row;
}

size_t
row_writer_portion (const row_writer_t *self)
{
    return self->portion.limit;
}

int64_t
row_writer_oldest_ms (const row_writer_t *self)
{
    int64_t oldest_ms = INT64_MAX;
    if (self->batch_count > 0)
        oldest_ms = self->batch[0].since_ms;
    else if (self->queue_count > 0)
        oldest_ms = self->queue[self->queue_first].since_ms;
    for (size_t i = 0; i < self->aside_count; i++)
        if (self->aside[i].since_ms < oldest_ms)
            oldest_ms = self->aside[i].since_ms;
    return oldest_ms;
}

const char *
row_writer_reason (const row_writer_t *self)
{
    return self->reason;
}

int
row_writer_push (row_writer_t *self, void *row, int64_t now_ms)
{
    if (row_writer_room (self) == 0)
        return -1;
    size_t last = (self->queue_first + self->queue_count++) % self->args.limit;
    self->queue[last] = (entry_t){.row = row, .since_ms = now_ms};
    return 0;
}

static entry_t
row_writer_take_first (row_writer_t *self)
{
    entry_t entry = self->queue[self->queue_first];
    self->queue_first = (self->queue_first + 1) % self->args.limit;
    self->queue_count--;
    return entry;
}

void *
row_writer_pop (row_writer_t *self)
{
    if (self->batch_count > 0)
        return self->batch[--self->batch_count].row;
    if (self->queue_count > 0)
        return row_writer_take_first (self).row;
    return self->aside_count > 0 ? self->aside[--self->aside_count].row : NULL;
}

/* What becomes of a row */

static void
row_writer_note_reason (row_writer_t *self)
{
    snprintf (
        self->reason, sizeof self->reason, "%s", self->ops->reason (self->context));
}

static void
row_writer_set_aside (row_writer_t *self, entry_t *entry, bool locked, int64_t now_ms)
{
    int pause_ms = entry->pause_ms ? 2 * entry->pause_ms : ASIDE_FIRST_MS;
    entry->pause_ms = pause_ms < ASIDE_LONGEST_MS ? pause_ms : ASIDE_LONGEST_MS;
    entry->due_ms = now_ms + entry->pause_ms;
    entry->locked = locked;
    assert (self->aside_count < self->args.limit);
    self->aside[self->aside_count++] = *entry;
    row_writer_note_reason (self);
    entry->row = NULL;
}

static void
row_writer_end (row_writer_t *self, entry_t *entry)
{
    self->healed |= entry->pause_ms > 0;
    self->wrote = true;
    self->ops->written (self->context, entry->row);
    entry->row = NULL;
}

/* Says the SQLSTATE; but a trigger may say it of its row. */
static bool
row_writer_concerns_all (db_status_t status)
{
    return status == DB_RETRY || status == DB_UNABLE;
}

static db_status_t row_writer_write (
    row_writer_t *self, entry_t *entries, size_t count, int64_t now_ms);

/* The only row of a statement that failed because of it. */
static db_status_t
row_writer_refuse (
    row_writer_t *self, entry_t *entry, db_status_t status, int64_t now_ms)
{
    row_fault_t fault = {
        status, self->ops->reason (self->context), now_ms - entry->since_ms};
    row_refusal_t refusal = ROW_ASIDE;
    if (status == DB_DATA || status == DB_REFUSED)
        refusal = self->ops->refused (self->context, entry->row, &fault);
    if (refusal == ROW_ASIDE)
        row_writer_set_aside (self, entry, status == DB_LOCKED, now_ms);
    self->suspects += row_writer_concerns_all (status);
    entry->row = NULL;
    return DB_OK;
}

/* Writing */

/* Those still to be written, in scratch; returns how many. */
static size_t
row_writer_gather (row_writer_t *self, const entry_t *entries, size_t count)
{
    size_t gathered = 0;
    for (size_t i = 0; i < count; i++)
        if (entries[i].row)
            self->rows[gathered++] = entries[i].row;
    return gathered;
}

/* One statement. What took the server too long makes the next smaller. */
static db_status_t
row_writer_try (row_writer_t *self, entry_t *entries, size_t count)
{
    size_t gathered = row_writer_gather (self, entries, count);
    if (gathered == 0)
        return DB_OK;
    int64_t start_ms = clock_monotonic_ms ();
    db_status_t status = self->ops->write (self->context, self->rows, gathered);
    portion_note (
        &self->portion, gathered, clock_monotonic_ms () - start_ms, status == DB_OK);
    for (size_t i = 0; status == DB_OK && i < count; i++)
        if (entries[i].row)
            row_writer_end (self, &entries[i]);
    return status;
}

/* Sets the locked ones aside. True: there were some, the others are worth a try. */
static bool
row_writer_part_locked (row_writer_t *self, entry_t *entries, size_t count,
    int64_t now_ms, db_status_t *status)
{
    size_t gathered = row_writer_gather (self, entries, count), row = 0;
    bool found = false;
    if (!self->ops->find_locked)
        return false;
    row_writer_note_reason (self);
    memset (self->locked, 0, gathered * sizeof *self->locked);
    *status =
        self->ops->find_locked (self->context, self->rows, gathered, self->locked);
    for (size_t i = 0; *status == DB_OK && i < count; i++)
        if (entries[i].row && self->locked[row++]) {
            row_writer_refuse (self, &entries[i], DB_LOCKED, now_ms);
            found = true;
        }
    return found;
}

/* What is said to concern all rows may be a row's fault: of an owner's trigger that says
 * "no room", say. */
static bool
row_writer_of_a_row (const row_writer_t *self, db_status_t status)
{
    return status == DB_DATA || status == DB_REFUSED || status == DB_LOCKED ||
           (row_writer_concerns_all (status) && self->failed_rounds >= SUSPECT_ROUNDS &&
               self->suspects < SUSPECT_LIMIT);
}

/* The cause is somewhere in these: each half for itself, down to the row. */
static db_status_t
row_writer_bisect (row_writer_t *self, entry_t *entries, size_t count,
    db_status_t status, int64_t now_ms)
{
    if (count == 1)
        return entries[0].row ? row_writer_refuse (self, entries, status, now_ms)
                              : DB_OK;
    status = row_writer_write (self, entries, count / 2, now_ms);
    return status == DB_OK
               ? row_writer_write (self, entries + count / 2, count - count / 2, now_ms)
               : status;
}

static db_status_t
row_writer_write (row_writer_t *self, entry_t *entries, size_t count, int64_t now_ms)
{
    db_status_t status = row_writer_try (self, entries, count);
    if (status == DB_LOCKED) {
        db_status_t found = DB_OK;
        if (row_writer_part_locked (self, entries, count, now_ms, &found))
            status = row_writer_try (self, entries, count);
        else if (found != DB_OK)
            return found == DB_LOCKED ? DB_RETRY : found; /* the whole table */
    }
    if (!row_writer_of_a_row (self, status))
        return status;
    return row_writer_bisect (self, entries, count, status, now_ms);
}

/* A row is in the way, too, that cannot be written within the time-out even alone, or
 * that the connection is lost with again and again. */
static bool
row_writer_breaks (
    const row_writer_t *self, size_t count, db_status_t status, int64_t start_ms)
{
    if (count > 1)
        return false;
    if (status == DB_AWAY)
        return self->failed_rounds >= SUSPECT_ROUNDS;
    return status == DB_RETRY &&
           portion_too_long (&self->portion, clock_monotonic_ms () - start_ms);
}

/* Rounds */

static void
row_writer_fill_batch (row_writer_t *self)
{
    while (self->batch_count < self->args.batch_limit && self->queue_count > 0)
        self->batch[self->batch_count++] = row_writer_take_first (self);
}

/* What is dealt with leaves; the others keep their order. */
static void
row_writer_compact (row_writer_t *self)
{
    size_t kept = 0;
    for (size_t i = 0; i < self->batch_count; i++)
        if (self->batch[i].row)
            self->batch[kept++] = self->batch[i];
    self->batch_count = kept;
}

static db_status_t
row_writer_serve_fresh (row_writer_t *self, int64_t now_ms)
{
    if (self->batch_count == 0)
        row_writer_fill_batch (self);
    size_t count = self->batch_count < self->portion.limit ? self->batch_count
                                                           : self->portion.limit;
    if (count == 0)
        return DB_OK;
    int64_t start_ms = clock_monotonic_ms ();
    db_status_t status = row_writer_write (self, self->batch, count, now_ms);
    if (row_writer_breaks (self, count, status, start_ms)) {
        row_writer_set_aside (self, &self->batch[0], false, now_ms);
        status = status == DB_AWAY ? DB_AWAY : DB_OK;
    } else if (status == DB_AWAY && self->failed_rounds >= SUSPECT_ROUNDS) {
        portion_halve (&self->portion, count);
    }
    row_writer_compact (self);
    return status;
}

/* Moves those that are due into *due: at most a portion, and alone those that were not
 * locked, since they have failed before. Returns how many. */
static size_t
row_writer_take_due (row_writer_t *self, entry_t *due, int64_t now_ms)
{
    size_t count = 0, kept = 0;
    for (size_t i = 0; i < self->aside_count; i++) {
        entry_t *entry = &self->aside[i];
        if (entry->due_ms <= now_ms && count < self->portion.limit)
            due[count++] = *entry;
        else
            self->aside[kept++] = *entry;
    }
    self->aside_count = kept;
    return count;
}

/* Looks for the locked ones first: who waits for them again costs the others time. */
static db_status_t
row_writer_serve_due (row_writer_t *self, entry_t *due, size_t count, int64_t now_ms)
{
    db_status_t status = DB_OK;
    row_writer_part_locked (self, due, count, now_ms, &status);
    if (status != DB_OK)
        return status == DB_LOCKED ? DB_RETRY : status;
    return row_writer_write (self, due, count, now_ms);
}

/* What could not be tried comes back with its next pause. */
static db_status_t
row_writer_serve_aside (row_writer_t *self, int64_t now_ms)
{
    entry_t *due = calloc (self->portion.limit, sizeof *due);
    assert (due);
    size_t count = row_writer_take_due (self, due, now_ms);
    self->healed = false;
    db_status_t status =
        count > 0 ? row_writer_serve_due (self, due, count, now_ms) : DB_OK;
    for (size_t i = 0; i < count; i++)
        if (due[i].row)
            row_writer_set_aside (self, &due[i], due[i].locked, now_ms);
    for (size_t i = 0; self->healed && i < self->aside_count; i++)
        self->aside[i].due_ms = now_ms; /* the cause may have gone for all of them */
    free (due);
    return row_writer_concerns_all (status)
               ? DB_OK
               : status; /* the others need not wait for these */
}

/* One line when all rows have to wait, one when that is over; a lost connection has its
 * own, and so has a database that cannot (db_watch). The same for rows that are set aside;
 * that none is left is only said when one was written: the owner may have taken them. */
static void
row_writer_log_changes (row_writer_t *self, db_status_t status)
{
    bool waiting = status == DB_RETRY ||
                   ((status == DB_AWAY || status == DB_UNABLE) && self->waiting);
    bool aside = self->aside_count > 0;
    if (waiting && !self->waiting)
        log_warn ("rows.waiting", log_str ("by", self->args.name),
            log_str ("reason", self->reason));
    else if (!waiting && self->waiting)
        log_info ("rows.going_on", log_str ("by", self->args.name));
    if (aside && !self->told_aside)
        log_warn ("rows.set_aside", log_str ("by", self->args.name),
            log_str ("id", self->ops->id (self->aside[0].row)),
            log_str ("reason", self->reason));
    else if (!aside && self->told_aside && self->wrote)
        log_info ("rows.none_aside", log_str ("by", self->args.name));
    self->waiting = waiting;
    self->told_aside = aside || (self->told_aside && !self->wrote);
}

db_status_t
row_writer_serve (row_writer_t *self, int64_t now_ms)
{
    self->suspects = 0;
    self->wrote = false;
    db_status_t status = row_writer_serve_fresh (self, now_ms);
    if (status == DB_OK)
        status = row_writer_serve_aside (self, now_ms);
    self->failed_rounds = status == DB_OK ? 0 : self->failed_rounds + 1;
    self->retry_ms = status == DB_OK ? 0 : now_ms + RETRY_MS;
    if (status != DB_OK)
        row_writer_note_reason (self);
    row_writer_log_changes (self, status);
    if (status == DB_OK && !self->told_aside)
        self->reason[0] = 0;
    return status;
}

void
row_writer_pause (row_writer_t *self, int64_t until_ms)
{
    self->retry_ms = until_ms;
}

int64_t
row_writer_due_ms (const row_writer_t *self)
{
    int64_t due_ms = self->batch_count + self->queue_count > 0 ? 0 : INT64_MAX;
    for (size_t i = 0; i < self->aside_count; i++)
        if (self->aside[i].due_ms < due_ms)
            due_ms = self->aside[i].due_ms;
    if (due_ms == INT64_MAX)
        return due_ms;
    return due_ms > self->retry_ms ? due_ms : self->retry_ms;
}

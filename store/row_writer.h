/* Rows on their way into a table, in groups, so that one row costs one row. What waits is
 * written in portions that fit into the statement's time-out. A row that PostgreSQL will
 * never take is found by bisection and given back; one that is in the way for now (locked
 * by somebody, refused by an owner's trigger, on a damaged page) is set aside and tried
 * again after growing pauses, while the others go on. What concerns all rows (a table
 * lock, no room, no connection) makes all of them wait.
 *
 * Knows no table and no connection: the owner writes. One thread uses it.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_STORE_ROW_WRITER_H
#define SASREC_STORE_ROW_WRITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store/db.h"

typedef struct row_writer row_writer_t;

typedef struct {
    db_status_t status; /* DB_DATA, or DB_REFUSED: it may be taken another time */
    const char *reason;
    int64_t age_ms; /* since the row came */
} row_fault_t;

/* What becomes of a row that PostgreSQL refuses. */
typedef enum {
    ROW_GONE, /* the owner has dealt with it */
    ROW_ASIDE /* try it again later */
} row_refusal_t;

typedef struct {
    /* Writes them in one transaction; repeating it must be harmless. */
    db_status_t (*write) (void *context, void *const *rows, size_t count);
    /* After DB_LOCKED: marks the rows that are locked now, without waiting for them. Not
     * DB_OK: the lock is on the whole table. May leave all unmarked when it cannot tell
     * (they are bisected then). NULL: it never can. */
    db_status_t (*find_locked) (
        void *context, void *const *rows, size_t count, bool *locked);
    /* The row is committed: it is the owner's again. */
    void (*written) (void *context, void *row);
    /* The row was refused: the owner takes it, or lets it wait. */
    row_refusal_t (*refused) (void *context, void *row, const row_fault_t *fault);
    /* For the log. */
    const char *(*id) (const void *row);
    const char *(*reason) (void *context); /* of the last failed write */
} row_writer_ops_t;

typedef struct {
    const char *name;   /* of the owner, for the log */
    size_t limit;       /* rows it holds, those set aside included */
    size_t batch_limit; /* rows in one statement */
    int timeout_ms;     /* of a statement */
} row_writer_args_t;

/* ops, args.name and context are borrowed for its life. */
row_writer_t *row_writer_new (
    const row_writer_args_t *args, const row_writer_ops_t *ops, void *context);

/* Empty it first (row_writer_pop): rows have owners. */
void row_writer_destroy (row_writer_t **self_p);

/* Takes the row: 0, or -1 when it is full. now_ms: clock_monotonic_ms, here and below. */
int row_writer_push (row_writer_t *self, void *row, int64_t now_ms);
void *row_writer_pop (row_writer_t *self); /* unwritten, in any order; NULL: empty */

/* One round: a portion of what waits, and what is set aside and due. DB_OK, or why the
 * rest must wait (db.h); then it is due again only after a pause. */
db_status_t row_writer_serve (row_writer_t *self, int64_t now_ms);

/* When to call serve next; INT64_MAX: nothing waits. Without a connection nothing can be
 * written: row_writer_pause moves it into the future. */
int64_t row_writer_due_ms (const row_writer_t *self);
void row_writer_pause (row_writer_t *self, int64_t until_ms);

size_t row_writer_count (const row_writer_t *self);   /* all that it holds */
size_t row_writer_aside (const row_writer_t *self);   /* of them set aside */
size_t row_writer_room (const row_writer_t *self);    /* it takes so many more */
size_t row_writer_portion (const row_writer_t *self); /* rows in the next statement */
const void *row_writer_aside_row (const row_writer_t *self, size_t index);

/* When the oldest came, and why the last that was set aside was; INT64_MAX, "": none. */
int64_t row_writer_oldest_ms (const row_writer_t *self);
const char *row_writer_reason (const row_writer_t *self);

#endif

/* The table predictions: one row per accepted request, PENDING and then exactly one of
 * COMPLETED, FAILED, EXPIRED. All clocks are PostgreSQL's. Every function: DB_OK or why
 * not (store/db.h), with nothing half done. SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_STORE_PREDICTIONS_H
#define SASREC_STORE_PREDICTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/request.h"
#include "proto/result.h"
#include "store/db.h"

/* Inserts the rows as PENDING, dispatched now, in one transaction; an id that exists is
 * left alone. default_deadline_s for requests without deadline_s. Fills deadline_ms of
 * each. DB_DATA: PostgreSQL refused one of them (bisect by calling with fewer). */
db_status_t predictions_insert (
    db_t *db, request_t *const *requests, size_t count, int default_deadline_s);

/* Sending failed: these ids are to be sent again at the speed of the pipe, and that
 * attempt does not count. */
db_status_t predictions_undispatch (db_t *db, const char *const *ids, size_t count);

/* Takes up to limit rows that need sending (never dispatched; or, when repeats is true,
 * dispatched but not answered and past next_attempt_at), oldest first, FOR UPDATE SKIP
 * LOCKED: marks them dispatched, counts the attempt, sets the next one (15, 30, 60 s ...
 * with jitter) and returns them as fresh requests, oldest first. Rows sent max_attempts
 * times and still not answered become FAILED instead. *count of at most limit. */
db_status_t predictions_take_unsent (db_t *db, bool repeats, int max_attempts,
    size_t limit, request_t **requests, size_t *count);

/* At a start without Kafka: every PENDING row counts as never dispatched (its attempts
 * stay). Two processes that start together: one does it. */
db_status_t predictions_reset_dispatch (db_t *db, size_t *count);

/* PENDING rows past their deadline become EXPIRED, at most 10,000 at a time. */
db_status_t predictions_expire (db_t *db, size_t *count);

/* PENDING rows there are now (an index-only count, capped at limit + 1). */
db_status_t predictions_pending_count (db_t *db, size_t limit, size_t *count);

/* Writes the results into PENDING rows in one transaction; others are left alone.
 * *hit: rows that changed (count - hit were duplicates, late, or never existed).
 * request ids that are no UUIDs are skipped. */
db_status_t predictions_finish (
    db_t *db, const result_t *const *results, size_t count, size_t *hit);

/* Marks those whose row is PENDING and locked by somebody, without waiting for them. Not
 * DB_OK: the table itself is locked. */
db_status_t predictions_find_locked (
    db_t *db, const result_t *const *results, size_t count, bool *locked);

typedef struct {
    char status[16];   /* "PENDING", "COMPLETED", "FAILED", "EXPIRED" */
    char *result_json; /* as stored, or NULL; owned */
    char *error;       /* or NULL; owned */
    char *user_id;     /* owned */
    char model_version[PROTO_VERSION_SIZE];
    char created_at[40]; /* RFC 3339, UTC */
    char updated_at[40];
} prediction_t;

/* *found false: no such row. prediction_clear frees what is owned. */
db_status_t predictions_find (
    db_t *db, const char *request_id, prediction_t *row, bool *found);
void prediction_clear (prediction_t *row);

/* Deletes terminal rows created before date (ISO 8601). */
db_status_t predictions_prune (db_t *db, const char *date, size_t *count);

#endif

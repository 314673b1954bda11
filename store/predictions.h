/* The table predictions: one row per accepted request, PENDING and then exactly one of
 * COMPLETED, FAILED, EXPIRED. All clocks are PostgreSQL's. Every function: DB_OK or why
 * not (store/db.h), with nothing half done. SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_STORE_PREDICTIONS_H
#define SASREC_STORE_PREDICTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/uuid.h"
#include "proto/request.h"
#include "proto/result.h"
#include "store/db.h"

/* Inserts the rows as PENDING, dispatched now, in one transaction; an id that exists is
 * left alone. default_deadline_s for requests without deadline_s. Fills deadline_ms of
 * each, and once of those with a fingerprint. */
db_status_t predictions_insert (
    db_t *db, request_t *const *requests, size_t count, int default_deadline_s);

/* Sending failed: these ids are to be sent again at the speed of the pipe, and that
 * attempt does not count. */
db_status_t predictions_undispatch (db_t *db, const char *const *ids, size_t count);

/* Rows whose time has come; which and how many. */
typedef struct {
    const char *since; /* not those due before (less a margin): an earlier look has seen
                          them; NULL: all. A time as looks give it */
    const char *const *aside; /* ids to leave out */
    size_t aside_count;
    const char *const *only; /* no other ids; NULL: any */
    size_t only_count;
    size_t limit;
} due_t;

#define PREDICTIONS_TIME_SIZE 40

/* Told of each row that a function has ended, after COMMIT. status: "FAILED" ... */
typedef void (predictions_ended_fn) (
    void *context, const char *request_id, const char *status);

typedef struct {
    bool repeats;     /* those sent and not answered in time; else those never sent */
    bool suspects;    /* of those never sent: the suspects, else the others */
    int suspect_from; /* attempts from which on a row that is unsent is a suspect: it was
                         with a process that died; 0: none is */
    int max_attempts; /* rows sent so often and still not answered become FAILED */
    predictions_ended_fn *ended;
    void *context;
} take_t;

/* Takes rows that need sending, oldest first, leaving locked ones: marks them dispatched,
 * counts the attempt, sets the next one (15, 30, 60 s ... with jitter) and returns them as
 * fresh requests. looked gets the server's time. *count of at most due->limit. DB_REFUSED,
 * here and below, whatever *count is: a trigger keeps others as they are. */
db_status_t predictions_take (db_t *db, const due_t *due, const take_t *take,
    request_t **requests, size_t *count, char looked[PREDICTIONS_TIME_SIZE]);

/* At a start without Kafka: PENDING rows that were not touched since `start` (a time of
 * the server) count as never dispatched; their attempts stay. *count of at most
 * due->limit; call until it is 0. */
db_status_t predictions_reset (
    db_t *db, const due_t *due, const char *start, size_t *count);

/* The server's time, for the above. Two processes that start together need no lock: what
 * one has reset was touched after the other's start. */
db_status_t predictions_reset_start (db_t *db, char start[PREDICTIONS_TIME_SIZE]);

/* PENDING rows past their deadline become EXPIRED. *count of at most due->limit. */
db_status_t predictions_expire (db_t *db, const due_t *due, predictions_ended_fn *ended,
    void *context, size_t *count, char looked[PREDICTIONS_TIME_SIZE]);

/* The ids that these functions would change now, without changing them: to find the row
 * that makes one fail. start: of a reset. */
typedef enum { CHOOSE_UNSENT, CHOOSE_REPEATS, CHOOSE_RESET, CHOOSE_EXPIRED } choose_t;
db_status_t predictions_choose (db_t *db, choose_t which, const due_t *due,
    const char *start, char (*ids)[UUID_TEXT_SIZE], size_t *count);

/* PENDING rows there are now (an index-only count, capped at limit + 1), and the age in
 * seconds of the oldest of the hundred that would expire first; 0: there is none. */
db_status_t predictions_pending_count (
    db_t *db, size_t limit, size_t *count, double *oldest_s);

/* Writes the results into PENDING rows in one transaction; others are left alone.
 * hits (count of them, or NULL) says which rows changed, *hit how many (the others were
 * duplicates, late, or never existed). request ids that are no UUIDs are skipped. Not DB_OK
 * although some changed: a row is PENDING all the same, or it is not known whether one is. */
db_status_t predictions_finish (
    db_t *db, const result_t *const *results, size_t count, bool *hits, size_t *hit);

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

/* Of these ids (UUIDs), found is told each whose row is not PENDING, or is not there. */
typedef void (predictions_found_fn) (void *context, const char *request_id);
db_status_t predictions_find_ended (db_t *db, const char *const *ids, size_t count,
    predictions_found_fn *found, void *context);

#endif

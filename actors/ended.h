/* Who waits hears when it ends. A result may be shown the moment it is heard, as a result;
 * that its request has ended is known when the row is committed, and told here by whoever
 * ended it: the db_writer (COMPLETED, FAILED) and the reconciler (EXPIRED, FAILED). With
 * Kafka it is also published to inference.ended, for who waits in other processes. What
 * others write into the table is noticed by the ended_watch, which asks for all that wait
 * at once. Streams and "Prefer: wait" wait here; the status itself is only ever read from
 * the row. Safe from any thread; UUIDs match in either case.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_ACTORS_ENDED_H
#define SASREC_ACTORS_ENDED_H

#include <stddef.h>

#include "proto/ending.h"
#include "proto/result.h"

typedef struct ended ended_t;
typedef struct ended_waiter ended_waiter_t;

/* recent_limit: results kept for who asks later. endpoint: of a pipe for ending_t, where
 * what is told is published; NULL: nowhere. */
ended_t *ended_new (size_t recent_limit, const char *endpoint);
void ended_destroy (ended_t **self_p); /* all waiters must have left */

/* After COMMIT, by who ended the rows. */
void ended_tell (
    ended_t *self, const char *const *request_ids, size_t count, const char *status);

/* Ends with that status are counted (sasrec_results_total) from now on, from 0. For those
 * who tell, before they do. */
void ended_count (ended_t *self, const char *status);

/* Somebody else has ended it, or there is no such row: wakes who waits. */
void ended_hear (ended_t *self, const char *request_id);

/* A result that was heard; its row may not be written yet. Borrowed. */
void ended_show (ended_t *self, const result_t *result);

typedef enum {
    ENDED_NOTHING, /* in this time */
    ENDED_RESULT,  /* its result was heard */
    ENDED_ROW,     /* it is over: look at the row. Comes again while one waits on */
    ENDED_STOPPING /* the process is: wait no more */
} ended_news_t;

/* To miss nothing, wait first and look at the row then. NULL: the process is stopping. */
ended_waiter_t *ended_wait (ended_t *self, const char *request_id);
void ended_leave (ended_waiter_t **waiter_p);

/* What is new, after at most timeout_ms. ENDED_RESULT: *result is fresh; once, and before
 * ENDED_ROW when both are. */
ended_news_t ended_next (ended_waiter_t *waiter, int64_t timeout_ms, result_t **result);

/* The ids of those that wait, for who looks after their rows: at most limit, and others
 * the next time when there are more. */
size_t ended_waiting (ended_t *self, char (*ids)[PROTO_ID_SIZE], size_t limit);

/* Wakes all: the process is stopping. Telling goes on. */
void ended_shutdown (ended_t *self);

#endif

/* The histories of all users, one after the other: what a batch over everybody reads. The
 * server puts each together, from the index that is in their order, so that neither side
 * holds more than one. Reads the columns that store/interactions.h does.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_STORE_HISTORIES_H
#define SASREC_STORE_HISTORIES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store/db.h"

#define HISTORIES_LIMIT 10000 /* items: of a longer history the newest */

typedef struct {
    const char *user_id;
    const int64_t *items; /* count of them, oldest first, without what was dropped */
    size_t count;
    const int64_t
        *dropped; /* dropped_count, newest first: what the user had with events
                               that do not count */
    size_t dropped_count;
} history_t;

/* Lives for the call. False: no more of them. */
typedef bool (histories_fn) (void *context, const history_t *history);

/* Users in the order of their ids, those after `after` ("": all), in one transaction that
 * only reads. dropped: events that do not count, like "dislike,return"; "": all count, and
 * only the index is read. -1 with error. Who wants no more, and after an error: destroy the
 * connection. */
int histories_each (db_t *db, const char *after, const char *dropped,
    histories_fn *each, void *context, char error[160]);

/* About how many interactions there are, as PostgreSQL's statistics have it; 0: unknown
 * (a view, or a table that was never analyzed). */
uint64_t histories_estimate (db_t *db);

#endif

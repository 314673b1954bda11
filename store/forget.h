/* Forgetting a person: all rows that carry a user id, of interactions and of predictions.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_STORE_FORGET_H
#define SASREC_STORE_FORGET_H

#include <stddef.h>
#include <stdint.h>

#include "store/db.h"

typedef struct {
    size_t interactions; /* rows that are gone */
    size_t predictions;
} forgotten_t;

/* In portions, each a transaction of its own that keeps within the statement's time-out;
 * not DB_OK: what *forgotten says is gone, and asking again takes up the rest. Interactions
 * are found by their index; predictions have none by user (it would make each of them dearer
 * for the sake of a rare question), so that all of them are looked at, in the order of
 * their keys: some 0.5 s for a million. DB_RETRY: not done by deadline_ms (of
 * clock_monotonic_ms). */
db_status_t forget_user (
    db_t *db, const char *user_id, int64_t deadline_ms, forgotten_t *forgotten);

#endif

/* What is done once, however often it is sent: the table idempotency, for what has no row of
 * its own to tell by. All in one transaction with what is done:
 *
 *   once_begin  -> ONCE_NEW, and a transaction is open: do it, then once_end
 *               -> another: it was done before, no transaction is open
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_STORE_ONCE_H
#define SASREC_STORE_ONCE_H

#include "store/db.h"

#define ONCE_KEPT_S 86400 /* a day, at least */

typedef enum {
    ONCE_NEW,
    ONCE_AGAIN,  /* with the same body */
    ONCE_ANOTHER /* with another one: refuse it */
} once_outcome_t;

/* id: a UUID; fingerprint: as base/fingerprint.h prints it. *answer: ONCE_AGAIN, what was
 * answered; fresh. Waits for another transaction that is about to do the same. Not DB_OK: no
 * transaction is open. */
db_status_t once_begin (db_t *db, const char *id, const char *fingerprint,
    once_outcome_t *outcome, char **answer);

/* Keeps the answer and commits; not DB_OK: nothing was done, or (DB_AWAY) nobody knows. */
db_status_t once_end (db_t *db, const char *id, const char *answer);
void once_cancel (db_t *db); /* rolls back what is open */

/* Forgets what is older than ONCE_KEPT_S, a portion of at most limit. */
db_status_t once_forget (db_t *db, size_t limit, size_t *forgotten);

#endif

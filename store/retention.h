/* Deleting finished requests that are old. Partitions would be dropped in no time, but
 * they need a key with the partition's time in it, a table of our own making (one that was
 * taken over is not), and a role that may create tables while serving. So rows go in
 * portions, in the order of an index that leads to nothing else: the primary key, since our
 * ids begin with the time, and predictions_untimed for strangers' ids. A sweep costs what
 * it deletes, however large the table is; autovacuum gives the space to new rows. PENDING
 * rows stay, locked ones are passed over, and one that cannot be deleted is left.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_STORE_RETENTION_H
#define SASREC_STORE_RETENTION_H

#include "store/db.h"

typedef struct retention retention_t;

/* A sweep over what was made before `before` (ISO 8601). timeout_ms: of a statement of db,
 * which is borrowed; 0: none. alone: only while no other process sweeps. */
retention_t *retention_new (db_t *db, const char *before, int timeout_ms, bool alone);
void retention_destroy (retention_t **self_p);

/* One portion, some 10 ms of work. DB_OK also when a row was refused and left. */
db_status_t retention_step (retention_t *self, size_t *deleted);

bool retention_done (
    const retention_t *self); /* nothing old is left, or others sweep */
size_t retention_left (const retention_t *self); /* rows that could not be deleted */

#endif

/* How statements say that a row is PENDING. Each small index (store/schema) is for
 * statements that say it in its words, so the planner has no choice that turns out badly
 * when a transaction in the database stays open for long: the entries of rows that have
 * ended then stay, too, and a scan of a whole index meets all of them. Private to store/.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_STORE_PENDING_H
#define SASREC_STORE_PENDING_H

#define PENDING_DUE      "status = 'PENDING'"              /* predictions_due */
#define PENDING_DEADLINE "starts_with (status, 'PENDING')" /* predictions_deadline */
/* Of neither: rows that are found by the primary key. */
#define PENDING_BY_ID "status = ANY (ARRAY['PENDING', '-'])"

/* Why one stays PENDING that was to be changed. */
#define PENDING_KEPT                                                                   \
    "something in the database (a trigger?) keeps its row of predictions as it is"

#endif

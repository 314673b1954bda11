/* The receipt tracker: which messages of each assigned partition are out for work, and up
 * to where everything is done. A message is taken when it arrives and settled exactly once;
 * messages finish in any order, the offset to store is the end of the contiguous done run.
 * Revoking a partition makes its receipts stale: settling them then does nothing, so a late
 * answer can never move an offset that belongs to another member by now. Knows no socket,
 * no clock and no librdkafka. SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_BRIDGE_TRACKER_H
#define SASREC_BRIDGE_TRACKER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/receipt.h"

typedef struct tracker tracker_t;

/* limit: messages outstanding at a time over all partitions. */
tracker_t *tracker_new (size_t limit);

/* What a message that is out keeps alive. The tracker owns it from tracker_keep on, until
 * its receipt is settled, rewound or revoked. */
typedef void (tracker_release_f) (void *item);
void tracker_destroy (tracker_t **self_p);

/* The partition is ours from now on, under a new epoch. Assigning an assigned one is a
 * revoke and an assign. */
void tracker_assign (tracker_t *self, uint16_t topic, int32_t partition);

/* Forgets the partition; its receipts are stale. */
void tracker_revoke (tracker_t *self, uint16_t topic, int32_t partition);

/* A message arrived: 0 and its receipt, or -1 when the partition is not ours, the limit is
 * reached, or the offset is not beyond the last one taken (a redelivery of something still
 * out). */
int tracker_take (tracker_t *self, uint16_t topic, int32_t partition, int64_t offset,
    receipt_t *receipt);

/* Settles: RECEIPT_DONE and RECEIPT_DEAD (its dead letter is safe) let the offset advance.
 * True when the receipt was current and open; false (counted by the caller) when it is
 * stale, settled before, or not held. RECEIPT_RETRY does not settle: asserts. */
bool tracker_settle (
    tracker_t *self, const receipt_t *receipt, receipt_outcome_t outcome);

/* The next partition whose storable offset moved since it was last asked: 0 with *next =
 * last contiguous done offset + 1, or -1 when there is none. */
int tracker_storable (
    tracker_t *self, uint16_t *topic, int32_t *partition, int64_t *next);

/* Nothing comes any more before end but what was taken: what else lies there is done, too
 * (an aborted transaction, a mark of one, what retention removed). True: the storable
 * offset moved by it. */
bool tracker_end (tracker_t *self, uint16_t topic, int32_t partition, int64_t end);

/* A receipt that must be worked on again: its partition starts afresh under a new epoch
 * (what is still out becomes stale) at *offset, its oldest message that is not settled.
 * -1 when the receipt is stale or settled: nothing is to be done. */
int tracker_rewind (tracker_t *self, const receipt_t *receipt, int64_t *offset);

/* The storable offset could not be stored: tracker_storable tells it once more. */
void tracker_unstored (tracker_t *self, uint16_t topic, int32_t partition);

/* item: of this receipt, which is open; size: what it costs in memory. */
void tracker_keep (tracker_t *self, const receipt_t *receipt, void *item, size_t size,
    tracker_release_f *release);

/* Its item, borrowed; NULL: the receipt is stale, settled, or keeps nothing. */
void *tracker_item (const tracker_t *self, const receipt_t *receipt);
size_t tracker_bytes (const tracker_t *self); /* of all items */

size_t tracker_outstanding (const tracker_t *self); /* taken, not settled, not stale */
bool tracker_full (const tracker_t *self);

#endif

/* Poison: messages of a group that can never be worked on. Each becomes a dead letter as
 * it came, with the reason; a request ends with that reason, too. The message is done
 * with when its dead letter is safe; while the producer has no room it is read again
 * later. SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_BRIDGE_POISON_H
#define SASREC_BRIDGE_POISON_H

#include "bridge/codec.h"
#include "bridge/dead_letter.h"
#include "bridge/groups.h"

typedef struct poison poison_t;

/* groups and producer: borrowed. */
poison_t *poison_new (groups_t *groups, producer_t *producer);
void poison_destroy (poison_t **self_p);

/* Takes over the duty to settle the record's receipt. */
void poison_bury (poison_t *self, const record_t *record, dead_letter_class_t class,
    const codec_fault_t *fault);

/* The same for a message that is out, by its receipt; nothing when that is stale. */
void poison_bury_receipt (poison_t *self, const receipt_t *receipt,
    dead_letter_class_t class, const char *reason);

/* The same for one that ended each process that worked on it: record->deliveries. */
void poison_bury_deadly (poison_t *self, const record_t *record);

#endif

/* When a member of a group that has no partition of a topic should join anew. Mostly it is
 * one too many, and rightly has none. But when Kafka lost its data, the group's leader may
 * have shared out what there was before the topics were created again; librdkafka's own
 * refreshes compare with what was before the loss, find no news, and the topic would never
 * be read again. So joining is tried, ever more rarely. Knows no clock and no Kafka.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_BRIDGE_REJOIN_H
#define SASREC_BRIDGE_REJOIN_H

#include <stdbool.h>
#include <stdint.h>

#define REJOIN_FIRST_MS 5000
#define REJOIN_LAST_MS  600000

typedef struct {
    int64_t due_ms;   /* 0: nothing is to be tried */
    int64_t delay_ms; /* before the next try; 0: REJOIN_FIRST_MS */
} rejoin_t;

/* After each assignment; lacks: a topic without a partition. Having all is a fresh start. */
void rejoin_note (rejoin_t *self, bool lacks, int64_t now_ms);

/* What was assigned is taken back: another assignment will come. */
void rejoin_cancel (rejoin_t *self);

bool rejoin_due (const rejoin_t *self, int64_t now_ms);

/* It was due and was tried (the next delay is twice as long), or is put off until it can
 * be tried. */
void rejoin_tried (rejoin_t *self);
void rejoin_put_off (rejoin_t *self, int64_t now_ms);

#endif

/* The broker: is it there, has it our topics, do our groups have partitions? Asked every
 * few seconds, and at once when librdkafka lost its last connection; the check "kafka"
 * shows the answer. What needs a broker before it can begin (groups, the listener) is
 * begun here. SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_BRIDGE_BROKER_H
#define SASREC_BRIDGE_BROKER_H

#include "bridge/groups.h"
#include "bridge/listener.h"
#include "bridge/producer.h"

#define BROKER_WAIT_MS 100 /* how long an answer may take: the loop stands still */

typedef struct broker broker_t;

typedef struct {
    producer_t *producer; /* borrowed, also the next */
    groups_t *groups;
    listener_args_t listener; /* topic_count 0: there is none */
    bool wanted[TOPIC_COUNT]; /* topics that must exist */
    bool required;            /* of the check: its failing makes us unready */
} broker_args_t;

broker_t *broker_new (const broker_args_t *args);
void broker_destroy (broker_t **self_p);

/* Asks when it is time to. */
void broker_serve (broker_t *self, int64_t now_ms);

bool broker_up (const broker_t *self);              /* it answered lately */
listener_t *broker_listener (const broker_t *self); /* NULL: not yet, or no more */
void broker_quiesce (
    broker_t *self); /* listens no more; asks once more whether it is up */

#endif

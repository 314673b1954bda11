/* The producer: messages to Kafka, safe when the delivery report says so. Idempotent, all
 * replicas must have it, bounded queues, and no time-out: while the broker is away
 * messages stay in order in the bounded queue, then sending says "later". When
 * librdkafka declares the producer dead, every message in it is reported lost and a fresh
 * one takes its place. One thread uses it. SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_BRIDGE_PRODUCER_H
#define SASREC_BRIDGE_PRODUCER_H

#include <stdbool.h>
#include <stddef.h>

#include "bridge/bridge.h"
#include "bridge/record.h"

#define PRODUCER_QUEUE_LIMIT BRIDGE_QUEUE_LIMIT /* messages taken and not reported */

typedef struct producer producer_t;

typedef enum {
    PRODUCER_SAFE, /* the broker has it */
    PRODUCER_LOST, /* it may or may not: send it again */
    PRODUCER_UNFIT /* the broker will never take it: too large */
} producer_outcome_t;

/* Called once per message taken, from producer_serve, flush and destroy; from
 * producer_send for what is unfit at once. */
typedef void (producer_delivered_f) (
    void *context, topic_t topic, void *parcel, producer_outcome_t outcome);

typedef struct {
    const char *bootstrap_servers;
    const char *client_id;
    producer_delivered_f *delivered;
    void *context;
} producer_args_t;

/* args: borrowed while it lives. NULL with error: the list of servers is none. */
producer_t *producer_new (const producer_args_t *args, char error[160]);

/* What is not delivered is reported lost. Takes at most a second. */
void producer_destroy (producer_t **self_p);

/* True: taken, its delivery is reported once, with the parcel. False: not now (the queue
 * is full, or the topic is not there); nothing is reported. Copies the record. */
bool producer_send (producer_t *self, const record_t *record, void *parcel);

/* Readable when there are reports to serve. */
int producer_fd (const producer_t *self);
void producer_serve (producer_t *self);

/* Waits until all is reported, at most timeout_ms. True: all is. */
bool producer_flush (producer_t *self, int timeout_ms);

size_t producer_queued (const producer_t *self); /* taken, not reported */

/* Asks the broker, waiting at most timeout_ms: 0 when it answers and has the wanted
 * topics, else -1 with error. */
int producer_probe (
    producer_t *self, const bool wanted[TOPIC_COUNT], int timeout_ms, char error[160]);

/* For who sends once: waits until a broker has the topic, at most timeout_ms. Nothing can
 * be sent to a topic that was not seen before, by this or by producer_probe. */
int producer_meet (producer_t *self, topic_t topic, int timeout_ms, char error[160]);

/* True once after librdkafka lost its last broker. */
bool producer_suspicious (producer_t *self);

/* For tests: the producer dies as after an error that librdkafka calls fatal. */
void producer_die (producer_t *self);

#endif

/* The consumer: a member of a Kafka group, whose messages come with receipts. It never
 * acknowledges first: the offset committed is the end of the contiguous settled run. It
 * stops reading when too much is out or its reader has no room (pausing its partitions
 * when that lasts), and waits for nothing in a rebalance: what is out becomes stale, its
 * next owner gets it again. One thread uses it. SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_BRIDGE_CONSUMER_H
#define SASREC_BRIDGE_CONSUMER_H

#include <stdbool.h>
#include <stddef.h>

#include "bridge/record.h"

#define CONSUMER_SERVE_MS 100  /* how often consumer_serve wants to be called */
#define CONSUMER_CLOSE_MS 1500 /* at most, until it has left its group */

typedef struct consumer consumer_t;

typedef struct {
    const char *bootstrap_servers;
    const char *client_id;
    const char *group;
    const char *instance; /* static membership, or NULL */
    topic_t topics[TOPIC_COUNT];
    size_t topic_count;
    size_t outstanding_limit; /* receipts out at a time; it may be passed by a few */
    int delivery_limit; /* of a message that ends its process each time; 0 = none */
} consumer_args_t;

/* args: copied but for the strings. Joins in the background, also when no broker is
 * there yet. NULL with error. */
consumer_t *consumer_new (const consumer_args_t *args, char error[160]);

/* Commits and leaves the group; without leave it just goes (the broker is away). */
void consumer_destroy (consumer_t **self_p, bool leave);

/* Readable when consumer_next may have something: call consumer_wake, then read while
 * consumer_ready. */
int consumer_fd (const consumer_t *self);
void consumer_wake (consumer_t *self);
bool consumer_ready (const consumer_t *self);

/* The next message, with its receipt: true. With record->deliveries it has ended that
 * many processes: it is not to be worked on. The record is borrowed until the receipt is
 * settled or stale. */
bool consumer_next (consumer_t *self, record_t *record);

/* The message of a receipt, as it came: true; false: the receipt is stale or settled. */
bool consumer_record (
    const consumer_t *self, const receipt_t *receipt, record_t *record);

/* RECEIPT_RETRY: the partition is read again from its oldest message that is not
 * settled. A stale receipt does nothing and is counted. */
void consumer_settle (
    consumer_t *self, const receipt_t *receipt, receipt_outcome_t outcome);

/* The reader has no room (any more). */
void consumer_block (consumer_t *self, bool blocked);

/* Reads nothing any more; stays a member, so that what is out can be settled. */
void consumer_quiesce (consumer_t *self);

/* Commits, pauses, resumes, reads again. */
void consumer_serve (consumer_t *self, int64_t now_ms);

size_t consumer_outstanding (const consumer_t *self);
size_t consumer_partitions (const consumer_t *self); /* assigned */

/* Messages behind the end, as last heard from the broker. */
int64_t consumer_lag (const consumer_t *self, topic_t topic);

/* librdkafka gave up on it: destroy and make another. */
bool consumer_dead (const consumer_t *self);

#endif

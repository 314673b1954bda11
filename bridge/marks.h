/* The marks of a consumer's partitions: bridge/deliveries.h, kept in Kafka. Before the
 * first message of a partition is given out, and before each one that goes alone, the
 * mark is committed and its acknowledgement awaited; nothing here blocks but the question
 * for the old marks, once per assignment. Private to bridge/.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_BRIDGE_MARKS_H
#define SASREC_BRIDGE_MARKS_H

#include <librdkafka/rdkafka.h>

#include "bridge/record.h"

typedef struct marks marks_t;

typedef enum {
    MARKS_GIVE, /* the message may be given out */
    MARKS_WAIT, /* not yet: ask again when fd is readable or something was settled */
    MARKS_BURY  /* not any more: record->deliveries says how often it was */
} marks_verdict_t;

/* rk: borrowed. fd becomes readable when an acknowledgement came. limit: deliveries of a
 * message, 0 = no limit. out_limit: messages that may be out at a time. */
marks_t *marks_new (rd_kafka_t *rk, int fd, int limit, size_t out_limit);
void marks_destroy (marks_t **self_p); /* before rk */

/* These partitions are ours from now on; NULL: none is. */
void marks_assign (marks_t *self, const rd_kafka_topic_partition_list_t *parts);

/* outstanding: messages out now. */
marks_verdict_t marks_ask (marks_t *self, record_t *record, size_t outstanding);

/* Adds offset and mark of a partition to what is to be committed. */
void marks_add (marks_t *self, rd_kafka_topic_partition_list_t *offsets, topic_t topic,
    int32_t partition, int64_t next);

/* We leave in order: of all partitions in work, the mark is to be taken away. */
void marks_add_last (marks_t *self, rd_kafka_topic_partition_list_t *offsets);

#endif

/* The partitions that a group has given to this process: paused and resumed together,
 * read again from where work failed, and how far behind. Never waits but for librdkafka's
 * own threads. Private to bridge/. SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_BRIDGE_ASSIGNMENT_H
#define SASREC_BRIDGE_ASSIGNMENT_H

#include <librdkafka/rdkafka.h>

#include "bridge/record.h"

typedef struct assignment assignment_t;

assignment_t *assignment_new (rd_kafka_t *rk); /* borrowed */
void assignment_destroy (assignment_t **self_p);

/* These are ours from now on, paused when the others were; NULL: none is. */
void assignment_set (assignment_t *self, const rd_kafka_topic_partition_list_t *parts);

/* Borrowed until assignment_set; NULL: none was ever given, or all were taken back. */
const rd_kafka_topic_partition_list_t *assignment_parts (const assignment_t *self);
size_t assignment_count (const assignment_t *self);
bool assignment_has (const assignment_t *self, topic_t topic, int32_t partition);
size_t assignment_count_of (const assignment_t *self, topic_t topic);

void assignment_pause (assignment_t *self, bool paused);
bool assignment_paused (const assignment_t *self);

/* The partition is to be read again from there, at the next assignment_read_again; until
 * then what comes of it from there on is to be thrown away. */
void assignment_rewind (
    assignment_t *self, const char *topic, int32_t partition, int64_t offset);
bool assignment_rewinds (const assignment_t *self, const record_t *record);
void assignment_read_again (assignment_t *self);

/* Messages behind the end, as last heard from the broker. */
int64_t assignment_lag (const assignment_t *self, topic_t topic);

#endif

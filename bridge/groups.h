/* The groups that a process is a member of: one consumer each, shared by the topics that
 * are consumed in it. SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_BRIDGE_GROUPS_H
#define SASREC_BRIDGE_GROUPS_H

#include "bridge/consumer.h"

#define GROUPS_LIMIT 4

typedef struct groups groups_t;

/* like: of each group's consumer, but for its name and topics; the strings are borrowed. */
groups_t *groups_new (const consumer_args_t *like);

/* leave: as consumer_destroy. */
void groups_destroy (groups_t **self_p, bool leave);

/* The topic will be consumed in that group; before groups_open. */
void groups_add (groups_t *self, const char *group, topic_t topic);

/* Joins those that were not joined yet, or whose consumer is dead. -1 with error. */
int groups_open (groups_t *self, char error[160]);

/* 0 when each has a partition, else -1 with error. */
int groups_assigned (const groups_t *self, char error[160]);

size_t groups_count (const groups_t *self);
consumer_t *groups_consumer (const groups_t *self, size_t index); /* NULL: not open */
const topic_t *groups_topics (const groups_t *self, size_t index, size_t *count);

/* True: a consumer may have something now. */
bool groups_ready (const groups_t *self);

void groups_settle (
    groups_t *self, const receipt_t *receipt, receipt_outcome_t outcome);

/* The message of a receipt, as consumer_record. */
bool groups_record (const groups_t *self, const receipt_t *receipt, record_t *record);
void groups_serve (groups_t *self, int64_t now_ms); /* consumer_serve for each */
void groups_quiesce (groups_t *self);               /* for good */
void groups_set_gauges (const groups_t *self);

#endif

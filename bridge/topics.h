/* The topic table: every Kafka topic, what it holds and how it is kept, as one table.
 * Knows no librdkafka. SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_BRIDGE_TOPICS_H
#define SASREC_BRIDGE_TOPICS_H

#include <stdbool.h>
#include <stdint.h>

/* Rows of the table; receipt_t.topic is one of them. */
typedef enum {
    TOPIC_REQUESTS,     /* request_t: jobs for the workers */
    TOPIC_RESULTS,      /* result_t: for the db-writer and whoever waits */
    TOPIC_CONTROL,      /* reload_t: "look at current", to every process */
    TOPIC_ENDED,        /* ending_t: rows that have ended, for whoever waits */
    TOPIC_INTERACTIONS, /* interactions from outside, for the db-writer */
    TOPIC_CATALOGUE,    /* fact_message_t: what is on offer, to who has no database */
    TOPIC_DEAD_LETTERS, /* what could not be read, untouched, with its reason */
    TOPIC_COUNT
} topic_t;

typedef struct {
    const char *name;
    int partitions;          /* when created by us */
    int64_t retention_ms;    /* age at which a message may go */
    int64_t retention_bytes; /* of one partition */
    int64_t segment_bytes;   /* granularity of both */
    int message_bytes;       /* the largest message; the dead letters' exceeds all */
    bool sticky;    /* our producers choose partitions by bridge/sticky.h, not by key */
    bool compacted; /* the last message of each key stays; who listens hears it from its
                       beginning, and misses nothing */
} topic_row_t;

const topic_row_t *topic_row (topic_t topic);
const char *topic_name (topic_t topic);

/* 0 and *topic, or -1: not one of ours. */
int topic_find (const char *name, topic_t *topic);

#endif

/* Administration of our topics: makes those that are missing, leaves the others alone.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_BRIDGE_ADMIN_H
#define SASREC_BRIDGE_ADMIN_H

#include <stdbool.h>

#include "bridge/topics.h"

typedef struct {
    const char *bootstrap_servers;
    int partitions;  /* of topics that have more than one; 0 = as in the table */
    int replication; /* copies; 0 = the broker's default */
    int timeout_ms;  /* how long to wait for a broker that is starting */
} topics_options_t;

typedef struct {
    bool created;   /* by this call */
    int partitions; /* there are now */
    int wanted;     /* there should be: what was asked for, or the table's figure */
} topics_report_t;

/* Creates all topics of the table that do not exist, with partitions, retention and
 * message sizes. Calling it again changes nothing: an existing topic keeps what its
 * owner gave it, and the report tells where its partitions differ from what is wanted. -1 with error: no broker in time, or it refused one. */
int topics_create (const topics_options_t *options,
    topics_report_t reports[TOPIC_COUNT], char error[160]);

#endif

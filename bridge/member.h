/* The client of a member of a group: how it is set up, joins, and leaves.
 * Private to bridge/. SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_BRIDGE_MEMBER_H
#define SASREC_BRIDGE_MEMBER_H

#include <librdkafka/rdkafka.h>

#include "bridge/consumer.h"

typedef void (member_rebalance_f) (rd_kafka_t *rk, rd_kafka_resp_err_t event,
    rd_kafka_topic_partition_list_t *parts, void *context);
typedef void (member_committed_f) (rd_kafka_t *rk, rd_kafka_resp_err_t error,
    rd_kafka_topic_partition_list_t *offsets, void *context);
typedef void (member_error_f) (
    rd_kafka_t *rk, int error, const char *reason, void *context);

/* Called from the thread that polls. */
typedef struct {
    member_rebalance_f *rebalance;
    member_committed_f *committed;
    member_error_f *error;
    void *context;
} member_calls_t;

/* Not joined yet; its queue's news make fd readable. NULL with error. */
rd_kafka_t *member_new (
    const consumer_args_t *args, const member_calls_t *calls, int fd, char error[160]);

/* Joins, also anew. */
rd_kafka_resp_err_t member_join (rd_kafka_t *rk, const consumer_args_t *args);

/* All of its topics are there, as the broker says now. */
bool member_topics_exist (rd_kafka_t *rk, const consumer_args_t *args);

/* rd_kafka_consumer_close without its unbounded wait: at most CONSUMER_CLOSE_MS. False: not
 * in time. Calls rebalance. */
bool member_leave (rd_kafka_t *rk, const member_calls_t *calls);

#endif

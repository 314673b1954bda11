/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/member.h"

#include "base/clock.h"
#include "bridge/client.h"

#define LOOK_MS 200 /* which topics there are; rarely asked */

static rd_kafka_conf_t *
s_conf (const consumer_args_t *args, const member_calls_t *calls, char error[160])
{
    client_args_t client = {args->bootstrap_servers, args->client_id};
    rd_kafka_conf_t *conf = client_conf (&client, error);
    if (!conf)
        return NULL;
    client_set (conf, "group.id", args->group);
    if (args->instance)
        client_set (conf, "group.instance.id", args->instance);
    client_set (conf, "enable.auto.commit", "false");
    client_set (conf, "enable.auto.offset.store", "false");
    client_set (conf, "auto.offset.reset", "earliest");
    client_set (conf, "partition.assignment.strategy", "range");
    client_set (conf, "session.timeout.ms", "6000");
    client_set (conf, "heartbeat.interval.ms", "2000");
    client_set (conf, "max.poll.interval.ms", "60000");
    client_set (conf, "fetch.wait.max.ms", "50");
    client_set (conf, "fetch.error.backoff.ms", "100");
    client_set (conf, "queued.min.messages", "2000");
    client_set (conf, "queued.max.messages.kbytes", "8192");
    client_set (conf, "check.crcs", "true");
    client_set (conf, "enable.partition.eof", "true");
    rd_kafka_conf_set_opaque (conf, calls->context);
    rd_kafka_conf_set_rebalance_cb (conf, calls->rebalance);
    rd_kafka_conf_set_offset_commit_cb (conf, calls->committed);
    rd_kafka_conf_set_error_cb (conf, calls->error);
    return conf;
}

rd_kafka_t *
member_new (
    const consumer_args_t *args, const member_calls_t *calls, int fd, char error[160])
{
    rd_kafka_conf_t *conf = s_conf (args, calls, error);
    rd_kafka_t *rk = conf ? client_new (RD_KAFKA_CONSUMER, &conf, error) : NULL;
    if (!rk)
        return NULL;
    rd_kafka_poll_set_consumer (rk);
    rd_kafka_queue_t *queue = rd_kafka_queue_get_consumer (rk);
    client_watch (queue, fd);
    rd_kafka_queue_destroy (queue);
    return rk;
}

rd_kafka_resp_err_t
member_join (rd_kafka_t *rk, const consumer_args_t *args)
{
    rd_kafka_topic_partition_list_t *topics =
        rd_kafka_topic_partition_list_new ((int)args->topic_count);
    for (size_t i = 0; i < args->topic_count; i++)
        rd_kafka_topic_partition_list_add (
            topics, topic_name (args->topics[i]), RD_KAFKA_PARTITION_UA);
    rd_kafka_resp_err_t rc = rd_kafka_subscribe (rk, topics);
    rd_kafka_topic_partition_list_destroy (topics);
    return rc;
}

bool
member_topics_exist (rd_kafka_t *rk, const consumer_args_t *args)
{
    const struct rd_kafka_metadata *metadata;
    int counts[TOPIC_COUNT];
    if (rd_kafka_metadata (rk, 1, NULL, &metadata, LOOK_MS))
        return false;
    client_partitions (metadata, counts);
    rd_kafka_metadata_destroy (metadata);
    for (size_t i = 0; i < args->topic_count; i++)
        if (counts[args->topics[i]] == 0)
            return false;
    return true;
}

/* By events: serving the queue by callbacks aborts on prefetched messages. */
static void
s_serve_leaving (rd_kafka_t *rk, rd_kafka_queue_t *queue, const member_calls_t *calls)
{
    rd_kafka_event_t *event = rd_kafka_queue_poll (queue, 20);
    if (event && rd_kafka_event_type (event) == RD_KAFKA_EVENT_REBALANCE)
        calls->rebalance (rk, rd_kafka_event_error (event),
            rd_kafka_event_topic_partition_list (event), calls->context);
    if (event)
        rd_kafka_event_destroy (event);
}

bool
member_leave (rd_kafka_t *rk, const member_calls_t *calls)
{
    int64_t deadline_ms = clock_monotonic_ms () + CONSUMER_CLOSE_MS;
    rd_kafka_queue_t *queue = rd_kafka_queue_new (rk);
    rd_kafka_error_t *error = rd_kafka_consumer_close_queue (rk, queue);
    while (
        !error && !rd_kafka_consumer_closed (rk) && clock_monotonic_ms () < deadline_ms)
        s_serve_leaving (rk, queue, calls);
    bool left = !error && rd_kafka_consumer_closed (rk);
    if (error)
        rd_kafka_error_destroy (error);
    rd_kafka_queue_destroy (queue);
    return left;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/admin.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "bridge/client.h"

#define ASK_MS 2000 /* one question to the broker */

static void
s_config (rd_kafka_NewTopic_t *topic, const char *name, int64_t value)
{
    char text[32];
    snprintf (text, sizeof text, "%" PRId64, value);
    rd_kafka_resp_err_t rc = rd_kafka_NewTopic_set_config (topic, name, text);
    assert (rc == RD_KAFKA_RESP_ERR_NO_ERROR);
}

static int
s_wanted (const topics_options_t *options, topic_t index)
{
    const topic_row_t *row = topic_row (index);
    return options->partitions > 0 && row->partitions > 1 ? options->partitions
                                                          : row->partitions;
}

static rd_kafka_NewTopic_t *
s_new_topic (const topics_options_t *options, topic_t index)
{
    const topic_row_t *row = topic_row (index);
    char reason[160];
    int replication = options->replication > 0 ? options->replication : -1;
    rd_kafka_NewTopic_t *topic = rd_kafka_NewTopic_new (
        row->name, s_wanted (options, index), replication, reason, sizeof reason);
    assert (topic);
    s_config (topic, "retention.ms", row->retention_ms);
    s_config (topic, "retention.bytes", row->retention_bytes);
    s_config (topic, "segment.bytes", row->segment_bytes);
    s_config (topic, "max.message.bytes", row->message_bytes);
    rd_kafka_NewTopic_set_config (
        topic, "cleanup.policy", row->compacted ? "compact" : "delete");
    return topic;
}

/* Who was asked and does not answer: the server that we were given, or the one that it
 * sends its clients to. */
static void
s_explain_silence (rd_kafka_t *rk, const topics_options_t *options, char error[160])
{
    const struct rd_kafka_metadata *metadata;
    rd_kafka_poll (rk, 0); /* error events */
    client_no_answer (options->bootstrap_servers, error);
    if (rd_kafka_metadata (rk, 0, NULL, &metadata, ASK_MS))
        return;
    client_unreachable (metadata, NULL, error);
    rd_kafka_metadata_destroy (metadata);
}

/* The answer to one question, or NULL with error. */
static rd_kafka_event_t *
s_ask (rd_kafka_t *rk, const topics_options_t *options, char error[160])
{
    char reason[160];
    rd_kafka_NewTopic_t *topics[TOPIC_COUNT];
    rd_kafka_queue_t *queue = rd_kafka_queue_new (rk);
    rd_kafka_AdminOptions_t *admin =
        rd_kafka_AdminOptions_new (rk, RD_KAFKA_ADMIN_OP_CREATETOPICS);
    rd_kafka_AdminOptions_set_request_timeout (
        admin, options->timeout_ms, reason, sizeof reason);
    rd_kafka_AdminOptions_set_operation_timeout (
        admin, options->timeout_ms, reason, sizeof reason);
    for (int i = 0; i < TOPIC_COUNT; i++)
        topics[i] = s_new_topic (options, (topic_t)i);
    rd_kafka_CreateTopics (rk, topics, TOPIC_COUNT, admin, queue);
    rd_kafka_event_t *event = rd_kafka_queue_poll (queue, options->timeout_ms + ASK_MS);
    rd_kafka_resp_err_t rc =
        event ? rd_kafka_event_error (event) : RD_KAFKA_RESP_ERR__TIMED_OUT;
    if (rc == RD_KAFKA_RESP_ERR__TIMED_OUT)
        s_explain_silence (rk, options, error);
    else if (rc)
        snprintf (error, 160, "no topics: %.120s", rd_kafka_event_error_string (event));
    if (rc && event) {
        rd_kafka_event_destroy (event);
        event = NULL;
    }
    rd_kafka_NewTopic_destroy_array (topics, TOPIC_COUNT);
    rd_kafka_AdminOptions_destroy (admin);
    rd_kafka_queue_destroy (queue);
    return event;
}

static int
s_read_answer (const rd_kafka_event_t *event, topics_report_t reports[TOPIC_COUNT],
    char error[160])
{
    size_t count = 0;
    const rd_kafka_topic_result_t **results = rd_kafka_CreateTopics_result_topics (
        rd_kafka_event_CreateTopics_result ((rd_kafka_event_t *)(uintptr_t)event),
        &count);
    for (size_t i = 0; i < count; i++) {
        topic_t topic;
        rd_kafka_resp_err_t rc = rd_kafka_topic_result_error (results[i]);
        if (topic_find (rd_kafka_topic_result_name (results[i]), &topic))
            continue;
        reports[topic].created = rc == RD_KAFKA_RESP_ERR_NO_ERROR;
        if (reports[topic].created || rc == RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS)
            continue;
        const char *text = rd_kafka_topic_result_error_string (results[i]);
        snprintf (error, 160, "topic %s refused: %.100s", topic_name (topic),
            text ? text : rd_kafka_err2str (rc));
        return -1;
    }
    return 0;
}

/* How many partitions each has now; false while one is not visible yet. */
static bool
s_count (rd_kafka_t *rk, topics_report_t reports[TOPIC_COUNT])
{
    const struct rd_kafka_metadata *metadata;
    int counts[TOPIC_COUNT];
    bool all = true;
    if (rd_kafka_metadata (rk, 1, NULL, &metadata, ASK_MS))
        return false;
    client_partitions (metadata, counts);
    rd_kafka_metadata_destroy (metadata);
    for (int i = 0; i < TOPIC_COUNT; i++) {
        reports[i].partitions = counts[i];
        all = all && counts[i] > 0;
    }
    return all;
}

static int
s_create (rd_kafka_t *rk, const topics_options_t *options,
    topics_report_t reports[TOPIC_COUNT], char error[160])
{
    int64_t deadline_ms = clock_monotonic_ms () + options->timeout_ms + ASK_MS;
    rd_kafka_event_t *event = s_ask (rk, options, error);
    int rc = event ? s_read_answer (event, reports, error) : -1;
    if (event)
        rd_kafka_event_destroy (event);
    while (rc == 0 && !s_count (rk, reports)) {
        if (clock_monotonic_ms () < deadline_ms)
            continue; /* each round asks the broker, which takes its time */
        snprintf (error, 160, "the topics were created, but are not visible yet");
        rc = -1;
    }
    return rc;
}

int
topics_create (const topics_options_t *options, topics_report_t reports[TOPIC_COUNT],
    char error[160])
{
    client_args_t args = {options->bootstrap_servers, "sasrec-topics"};
    memset (reports, 0, TOPIC_COUNT * sizeof *reports);
    rd_kafka_conf_t *conf = client_conf (&args, error);
    rd_kafka_t *rk = conf ? client_new (RD_KAFKA_PRODUCER, &conf, error) : NULL;
    if (!rk)
        return -1;
    int rc = s_create (rk, options, reports, error);
    for (int i = 0; i < TOPIC_COUNT; i++)
        reports[i].wanted = s_wanted (options, (topic_t)i);
    rd_kafka_destroy (rk);
    return rc;
}

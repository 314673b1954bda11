/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/producer.h"

#include <assert.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "bridge/client.h"
#include "bridge/sticky.h"

#define MEET_MS  100  /* between two looks for a topic */
#define PURGE_MS 1000 /* until what a dying producer holds is reported */

struct producer {
    const producer_args_t *args; /* borrowed */
    rd_kafka_t *rk;
    bool seen[TOPIC_COUNT];                /* in the broker's metadata */
    bool all_seen;                         /* ... that is all of the wanted are */
    rd_kafka_topic_t *topics[TOPIC_COUNT]; /* of those; else NULL */
    sticky_t sticky[TOPIC_COUNT];
    int fd;          /* readable when there is something to serve */
    bool dead;       /* librdkafka said "fatal" */
    bool abandoned;  /* one may still write to fd */
    bool suspicious; /* the last broker was lost */
    metric_t *sent[TOPIC_COUNT];
    metric_t *failed[TOPIC_COUNT];
    metric_t *deaths;
};

static void
s_register_metrics (producer_t *self)
{
    const char *help = "Messages reported by Kafka's delivery.";
    for (int i = 0; i < TOPIC_COUNT; i++) {
        char labels[96];
        snprintf (labels, sizeof labels, "topic=\"%s\",outcome=\"safe\"",
            topic_name ((topic_t)i));
        self->sent[i] = metrics_counter ("sasrec_kafka_produced_total", help, labels);
        snprintf (labels, sizeof labels, "topic=\"%s\",outcome=\"failed\"",
            topic_name ((topic_t)i));
        self->failed[i] = metrics_counter ("sasrec_kafka_produced_total", help, labels);
    }
    self->deaths = metrics_counter ("sasrec_kafka_producer_restarts_total",
        "Producers replaced after an error that librdkafka calls fatal.", "");
}

static producer_outcome_t
s_outcome (rd_kafka_resp_err_t error)
{
    switch (error) {
    case RD_KAFKA_RESP_ERR_NO_ERROR:
        return PRODUCER_SAFE;
    case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
    case RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE:
    case RD_KAFKA_RESP_ERR_INVALID_MSG_SIZE:
    case RD_KAFKA_RESP_ERR_INVALID_RECORD:
        return PRODUCER_UNFIT;
    default:
        return PRODUCER_LOST;
    }
}

static void
s_report (producer_t *self, topic_t topic, void *parcel, rd_kafka_resp_err_t error)
{
    producer_outcome_t outcome = s_outcome (error);
    metric_add (outcome == PRODUCER_SAFE ? self->sent[topic] : self->failed[topic], 1);
    self->args->delivered (self->args->context, topic, parcel, outcome);
}

/* In the thread that polls. */
static void
s_delivered (rd_kafka_t *rk, const rd_kafka_message_t *message, void *context)
{
    (void)rk;
    topic_t topic;
    int rc = topic_find (rd_kafka_topic_name (message->rkt), &topic);
    assert (rc == 0);
    s_report (context, topic, message->_private, message->err);
}

static void
s_error (rd_kafka_t *rk, int error, const char *reason, void *context)
{
    producer_t *self = context;
    char text[256];
    client_note_error (error, reason);
    if (error == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN)
        self->suspicious = true;
    if (error != RD_KAFKA_RESP_ERR__FATAL || self->dead)
        return;
    self->dead = true;
    rd_kafka_fatal_error (rk, text, sizeof text);
    log_error ("bridge.producer_died", log_str ("reason", text));
}

static rd_kafka_conf_t *
s_conf (producer_t *self, char error[160])
{
    client_args_t args = {self->args->bootstrap_servers, self->args->client_id};
    char limit[16];
    rd_kafka_conf_t *conf = client_conf (&args, error);
    if (!conf)
        return NULL;
    snprintf (limit, sizeof limit, "%d", PRODUCER_QUEUE_LIMIT);
    client_set (conf, "enable.idempotence", "true");
    client_set (conf, "acks", "all");
    /* What comes while a request is on its way goes with the next: batches grow with the
     * load by themselves, and nothing waits without one. */
    client_set (conf, "linger.ms", "0");
    client_set (conf, "max.in.flight.requests.per.connection", "1");
    client_set (conf, "partitioner", "murmur2_random");
    client_set (conf, "message.timeout.ms", "0");
    client_set (conf, "retry.backoff.ms", "250");
    client_set (conf, "queue.buffering.max.messages", limit);
    client_set (conf, "queue.buffering.max.kbytes", "32768");
    snprintf (limit, sizeof limit, "%d", topic_row (TOPIC_DEAD_LETTERS)->message_bytes);
    client_set (conf, "message.max.bytes", limit);
    rd_kafka_conf_set_opaque (conf, self);
    rd_kafka_conf_set_dr_msg_cb (conf, s_delivered);
    rd_kafka_conf_set_error_cb (conf, s_error);
    return conf;
}

/* A topic object asks the broker for its topic, and a broker as Kafka ships it makes one
 * that is asked for, with one partition for good. So there is none before its topic. */
static void
s_open_topics (producer_t *self)
{
    for (int i = 0; i < TOPIC_COUNT; i++)
        if (self->seen[i] && !self->topics[i])
            self->topics[i] =
                rd_kafka_topic_new (self->rk, topic_name ((topic_t)i), NULL);
}

static int
s_open (producer_t *self, char error[160])
{
    rd_kafka_conf_t *conf = s_conf (self, error);
    self->rk = conf ? client_new (RD_KAFKA_PRODUCER, &conf, error) : NULL;
    if (!self->rk)
        return -1;
    rd_kafka_queue_t *queue = rd_kafka_queue_get_main (self->rk);
    client_watch (queue, self->fd);
    rd_kafka_queue_destroy (queue);
    s_open_topics (self);
    self->dead = false;
    return 0;
}

static void
s_close (producer_t *self)
{
    if (!self->rk)
        return;
    int64_t deadline_ms = clock_monotonic_ms () + PURGE_MS;
    rd_kafka_purge (self->rk, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
    while (rd_kafka_outq_len (self->rk) > 0 && clock_monotonic_ms () < deadline_ms)
        rd_kafka_poll (self->rk, 50);
    for (int i = 0; i < TOPIC_COUNT; i++) {
        if (self->topics[i])
            rd_kafka_topic_destroy (self->topics[i]);
        self->topics[i] = NULL;
    }
    self->abandoned |= !client_destroy (&self->rk);
}

producer_t *
producer_new (const producer_args_t *args, char error[160])
{
    producer_t *self = calloc (1, sizeof *self);
    assert (self && args->delivered);
    self->args = args;
    self->fd = client_fd_new ();
    for (int i = 0; i < TOPIC_COUNT; i++)
        sticky_init (&self->sticky[i], (uint64_t)clock_unix_ms () + (uint64_t)i);
    s_register_metrics (self);
    if (s_open (self, error))
        producer_destroy (&self);
    return self;
}

void
producer_destroy (producer_t **self_p)
{
    producer_t *self = *self_p;
    if (!self)
        return;
    s_close (self);
    if (!self->abandoned)
        close (self->fd);
    free (self);
    *self_p = NULL;
}

static rd_kafka_headers_t *
s_headers (const record_t *record)
{
    char trace[TRACE_TEXT_SIZE];
    trace_print (&record->trace, trace);
    if (record->header_count == 0 && !*trace)
        return NULL;
    rd_kafka_headers_t *headers = rd_kafka_headers_new (record->header_count + 1);
    if (*trace)
        rd_kafka_header_add (headers, RECORD_TRACE_HEADER, -1, trace, -1);
    for (size_t i = 0; i < record->header_count; i++)
        rd_kafka_header_add (
            headers, record->headers[i].name, -1, record->headers[i].value, -1);
    return headers;
}

static int32_t
s_partition (producer_t *self, const record_t *record)
{
    if (!topic_row (record->topic)->sticky)
        return RD_KAFKA_PARTITION_UA; /* by key */
    return sticky_partition (&self->sticky[record->topic], clock_monotonic_ms ());
}

static rd_kafka_resp_err_t
s_produce (producer_t *self, const record_t *record, void *parcel)
{
    void *value = (void *)(uintptr_t)record->value; /* copied, not written to */
    const void *key = record->key;
    rd_kafka_headers_t *headers = s_headers (record);
    rd_kafka_resp_err_t error =
        rd_kafka_producev (self->rk, RD_KAFKA_V_RKT (self->topics[record->topic]),
            RD_KAFKA_V_PARTITION (s_partition (self, record)),
            RD_KAFKA_V_MSGFLAGS (RD_KAFKA_MSG_F_COPY),
            RD_KAFKA_V_VALUE (value, record->value_size),
            RD_KAFKA_V_KEY (key, record->key_size), RD_KAFKA_V_HEADERS (headers),
            RD_KAFKA_V_OPAQUE (parcel), RD_KAFKA_V_END);
    if (error && headers)
        rd_kafka_headers_destroy (headers);
    return error;
}

bool
producer_send (producer_t *self, const record_t *record, void *parcel)
{
    if (!self->rk || self->dead || !self->topics[record->topic])
        return false;
    rd_kafka_resp_err_t error = s_produce (self, record, parcel);
    if (!error)
        return true;
    if (s_outcome (error) == PRODUCER_LOST)
        return false;
    log_warn ("bridge.unfit", log_str ("topic", topic_name (record->topic)),
        log_int ("bytes", (int64_t)record->value_size),
        log_str ("reason", rd_kafka_err2str (error)));
    s_report (self, record->topic, parcel, error);
    return true;
}

int
producer_fd (const producer_t *self)
{
    return self->fd;
}

/* Everything in the dead one is reported lost before the new one takes anything. */
static void
s_replace (producer_t *self)
{
    char error[160];
    metric_add (self->deaths, 1);
    s_close (self);
    if (s_open (self, error))
        log_error ("bridge.no_producer", log_str ("reason", error));
    else
        log_info ("bridge.producer_replaced",
            log_str ("servers", self->args->bootstrap_servers));
}

void
producer_serve (producer_t *self)
{
    client_clear (self->fd);
    if (self->rk)
        rd_kafka_poll (self->rk, 0);
    if (!self->rk || self->dead)
        s_replace (self);
}

bool
producer_flush (producer_t *self, int timeout_ms)
{
    return !self->rk || rd_kafka_flush (self->rk, timeout_ms) == 0;
}

size_t
producer_queued (const producer_t *self)
{
    return self->rk ? (size_t)rd_kafka_outq_len (self->rk) : 0;
}

static int
s_find_wanted (
    const int counts[TOPIC_COUNT], const bool wanted[TOPIC_COUNT], char error[160])
{
    for (int i = 0; i < TOPIC_COUNT; i++) {
        if (!wanted[i] || counts[i] > 0)
            continue;
        snprintf (error, 160, "no topic %s: run 'sasrec topics create'",
            topic_name ((topic_t)i));
        return -1;
    }
    return 0;
}

/* Whether the leader of the first wanted topic answers, at the address that Kafka gives
 * to its clients: the one that it was asked at may be another. */
static int
s_reach (producer_t *self, const struct rd_kafka_metadata *metadata,
    const bool wanted[TOPIC_COUNT], int timeout_ms, char error[160])
{
    int64_t low, high;
    int first = 0;
    while (first < TOPIC_COUNT && !(wanted[first] && self->seen[first]))
        first++;
    if (first == TOPIC_COUNT ||
        !rd_kafka_query_watermark_offsets (
            self->rk, topic_name ((topic_t)first), 0, &low, &high, timeout_ms))
        return 0;
    client_unreachable (metadata, topic_name ((topic_t)first), error);
    return -1;
}

int
producer_probe (
    producer_t *self, const bool wanted[TOPIC_COUNT], int timeout_ms, char error[160])
{
    const struct rd_kafka_metadata *metadata;
    /* All of the cluster's topics, until ours are among them: asking by name makes them. */
    if (!self->rk ||
        rd_kafka_metadata (self->rk, !self->all_seen, NULL, &metadata, timeout_ms)) {
        client_no_answer (self->args->bootstrap_servers, error);
        return -1;
    }
    int counts[TOPIC_COUNT];
    client_partitions (metadata, counts);
    for (int i = 0; i < TOPIC_COUNT; i++) {
        self->seen[i] = counts[i] > 0;
        sticky_set_count (&self->sticky[i], counts[i]);
    }
    s_open_topics (self);
    int rc = s_find_wanted (counts, wanted, error);
    self->all_seen = rc == 0;
    if (rc == 0)
        rc = s_reach (self, metadata, wanted, timeout_ms, error);
    rd_kafka_metadata_destroy (metadata);
    return rc;
}

int
producer_meet (producer_t *self, topic_t topic, int timeout_ms, char error[160])
{
    bool wanted[TOPIC_COUNT] = {false};
    int64_t deadline_ms = clock_monotonic_ms () + timeout_ms;
    wanted[topic] = true;
    while (producer_probe (self, wanted, MEET_MS, error)) {
        if (clock_monotonic_ms () >= deadline_ms)
            return -1;
        poll (NULL, 0, MEET_MS);
    }
    return 0;
}

bool
producer_suspicious (producer_t *self)
{
    bool suspicious = self->suspicious;
    self->suspicious = false;
    return suspicious;
}

void
producer_die (producer_t *self)
{
    rd_kafka_test_fatal_error (
        self->rk, RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER, "made up by a test");
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/listener.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "base/metrics.h"
#include "bridge/client.h"
#include "bridge/record_native.h"

struct listener {
    listener_args_t args;
    rd_kafka_t *rk;
    rd_kafka_topic_t *topics[TOPIC_COUNT]; /* of args.topics: librdkafka knows them */
    rd_kafka_topic_partition_list_t *followed; /* offset: where it began */
    int fd;       /* readable when the queue is no longer empty */
    bool more;    /* the queue may hold something */
    int64_t last; /* offset of what was heard of a compacted topic; -1: nothing */
    metric_t *heard[TOPIC_COUNT];
};

static int
s_open (listener_t *self, char error[160])
{
    client_args_t args = {self->args.bootstrap_servers, self->args.client_id};
    rd_kafka_conf_t *conf = client_conf (&args, error);
    if (!conf)
        return -1;
    client_set (conf, "group.id", "sasrec_listener"); /* asked for, never joined */
    client_set (conf, "enable.auto.commit", "false");
    client_set (conf, "enable.auto.offset.store", "false");
    client_set (conf, "auto.offset.reset", "earliest"); /* a log that began afresh */
    client_set (conf, "enable.partition.eof", "true");
    client_set (conf, "fetch.wait.max.ms", "100");
    client_set (conf, "fetch.error.backoff.ms", "100");
    client_set (conf, "queued.min.messages", "2000");
    client_set (conf, "queued.max.messages.kbytes", "8192");
    self->rk = client_new (RD_KAFKA_CONSUMER, &conf, error);
    if (!self->rk)
        return -1;
    rd_kafka_poll_set_consumer (self->rk);
    rd_kafka_queue_t *queue = rd_kafka_queue_get_consumer (self->rk);
    client_watch (queue, self->fd);
    rd_kafka_queue_destroy (queue);
    for (size_t i = 0; i < self->args.topic_count; i++)
        self->topics[i] =
            rd_kafka_topic_new (self->rk, topic_name (self->args.topics[i]), NULL);
    return 0;
}

listener_t *
listener_new (const listener_args_t *args, char error[160])
{
    listener_t *self = calloc (1, sizeof *self);
    assert (self && args->topic_count > 0);
    self->args = *args;
    self->fd = client_fd_new ();
    self->last = -1;
    self->followed = rd_kafka_topic_partition_list_new (16);
    for (size_t i = 0; i < args->topic_count; i++) {
        char labels[64];
        snprintf (labels, sizeof labels, "topic=\"%s\"", topic_name (args->topics[i]));
        self->heard[args->topics[i]] = metrics_counter (
            "sasrec_kafka_heard_total", "Messages heard without a group.", labels);
    }
    if (s_open (self, error))
        listener_destroy (&self);
    return self;
}

void
listener_destroy (listener_t **self_p)
{
    listener_t *self = *self_p;
    if (!self)
        return;
    for (size_t i = 0; i < self->args.topic_count; i++)
        if (self->topics[i])
            rd_kafka_topic_destroy (self->topics[i]);
    bool ended = !self->rk || client_destroy (&self->rk);
    rd_kafka_topic_partition_list_destroy (self->followed);
    if (ended)
        close (self->fd);
    free (self);
    *self_p = NULL;
}

/* Adds a topic's partitions that are not followed yet. Returns how many, -1: the topic
 * is not there. */
static int
s_add_new (const listener_t *self, const rd_kafka_metadata_topic_t *row,
    rd_kafka_topic_partition_list_t *fresh)
{
    int added = 0;
    if (row->err || row->partition_cnt == 0)
        return -1;
    for (int i = 0; i < row->partition_cnt; i++) {
        int32_t partition = row->partitions[i].id;
        if (rd_kafka_topic_partition_list_find (self->followed, row->topic, partition))
            continue;
        rd_kafka_topic_partition_list_add (fresh, row->topic, partition)->offset =
            RD_KAFKA_OFFSET_END;
        added++;
    }
    return added;
}

static int
s_find_new (const listener_t *self, rd_kafka_topic_partition_list_t *fresh,
    int timeout_ms, char error[160])
{
    const struct rd_kafka_metadata *metadata;
    rd_kafka_resp_err_t rc =
        rd_kafka_metadata (self->rk, 0, NULL, &metadata, timeout_ms);
    if (rc) {
        snprintf (error, 160, "no list of partitions: %.100s", rd_kafka_err2str (rc));
        return -1;
    }
    size_t found = 0;
    for (int i = 0; i < metadata->topic_cnt; i++)
        found += s_add_new (self, &metadata->topics[i], fresh) >= 0;
    rd_kafka_metadata_destroy (metadata);
    if (found >= self->args.topic_count)
        return 0;
    snprintf (error, 160, "a topic is missing: run 'sasrec topics create'");
    return -1;
}

static int
s_find_ends (const listener_t *self, rd_kafka_topic_partition_list_t *fresh,
    int timeout_ms, char error[160])
{
    rd_kafka_resp_err_t rc = rd_kafka_offsets_for_times (self->rk, fresh, timeout_ms);
    for (int i = 0; !rc && i < fresh->cnt; i++)
        rc = fresh->elems[i].err          ? fresh->elems[i].err
             : fresh->elems[i].offset < 0 ? RD_KAFKA_RESP_ERR__TIMED_OUT
                                          : RD_KAFKA_RESP_ERR_NO_ERROR;
    if (rc)
        snprintf (error, 160, "no end of a partition: %.100s", rd_kafka_err2str (rc));
    return rc ? -1 : 0;
}

/* Of compacted topics. */
static int
s_go_to_beginnings (const listener_t *self, rd_kafka_topic_partition_list_t *fresh,
    int timeout_ms, char error[160])
{
    for (int i = 0; i < fresh->cnt; i++) {
        topic_t topic;
        int64_t low, high;
        rd_kafka_topic_partition_t *at = &fresh->elems[i];
        if (topic_find (at->topic, &topic) || !topic_row (topic)->compacted)
            continue;
        rd_kafka_resp_err_t rc = rd_kafka_query_watermark_offsets (
            self->rk, at->topic, at->partition, &low, &high, timeout_ms);
        if (rc) {
            snprintf (error, 160, "no beginning of a partition: %.100s",
                rd_kafka_err2str (rc));
            return -1;
        }
        at->offset = low;
        if (self->args.until)
            atomic_store (self->args.until, high > low ? high : 0);
    }
    return 0;
}

/* What is followed goes on where it is. */
static int
s_assign (
    listener_t *self, const rd_kafka_topic_partition_list_t *fresh, char error[160])
{
    rd_kafka_topic_partition_list_t *all =
        rd_kafka_topic_partition_list_copy (self->followed);
    rd_kafka_position (self->rk, all);
    for (int i = 0; i < all->cnt; i++)
        if (all->elems[i].offset < 0)
            all->elems[i].offset = self->followed->elems[i].offset;
    for (int i = 0; i < fresh->cnt; i++)
        rd_kafka_topic_partition_list_add (
            all, fresh->elems[i].topic, fresh->elems[i].partition)
            ->offset = fresh->elems[i].offset;
    rd_kafka_resp_err_t rc = rd_kafka_assign (self->rk, all);
    if (rc) {
        snprintf (error, 160, "cannot listen: %.120s", rd_kafka_err2str (rc));
        rd_kafka_topic_partition_list_destroy (all);
        return -1;
    }
    rd_kafka_topic_partition_list_destroy (self->followed);
    self->followed = all;
    log_info ("bridge.listening", log_int ("partitions", all->cnt));
    return 0;
}

int
listener_follow (listener_t *self, int timeout_ms, char error[160])
{
    rd_kafka_topic_partition_list_t *fresh = rd_kafka_topic_partition_list_new (16);
    int rc = s_find_new (self, fresh, timeout_ms, error);
    if (rc == 0 && fresh->cnt > 0 && self->followed->cnt > 0)
        for (int i = 0; i < fresh->cnt; i++)
            fresh->elems[i].offset = 0;
    else if (rc == 0 && fresh->cnt > 0)
        rc = s_find_ends (self, fresh, timeout_ms, error) ||
                     s_go_to_beginnings (self, fresh, timeout_ms, error)
                 ? -1
                 : 0;
    if (rc == 0 && fresh->cnt > 0)
        rc = s_assign (self, fresh, error);
    rd_kafka_topic_partition_list_destroy (fresh);
    return rc;
}

bool
listener_follows (const listener_t *self)
{
    return self->followed->cnt > 0;
}

int
listener_fd (const listener_t *self)
{
    return self->fd;
}

void
listener_wake (listener_t *self)
{
    client_clear (self->fd);
    self->more = true;
}

bool
listener_ready (const listener_t *self)
{
    return self->more;
}

static bool
s_is_compacted (const rd_kafka_message_t *message)
{
    topic_t topic;
    return message->rkt &&
           topic_find (rd_kafka_topic_name (message->rkt), &topic) == 0 &&
           topic_row (topic)->compacted;
}

/* All that was there is heard, though its last offset may belong to nothing that can be:
 * the mark of a transaction, what one that was aborted wrote, what compaction removed. */
static void
s_reach_end (listener_t *self)
{
    if (self->args.until && atomic_load (self->args.until) > self->last + 1)
        atomic_store (self->args.until, self->last + 1);
}

bool
listener_next (listener_t *self, record_t *record)
{
    while (self->more) {
        rd_kafka_message_t *message = rd_kafka_consumer_poll (self->rk, 0);
        self->more = message != NULL;
        if (message && s_is_compacted (message)) {
            if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF)
                s_reach_end (self);
            else if (!message->err)
                self->last = message->offset;
        }
        if (message && !message->err && record_from_native (message, record) == 0) {
            metric_add (self->heard[record->topic], 1);
            return true;
        }
        if (message)
            rd_kafka_message_destroy (message);
    }
    return false;
}

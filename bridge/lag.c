/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/lag.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/metrics.h"
#include "bridge/client.h"

#define SAMPLES (LAG_PATIENCE_MS / LAG_LOOK_MS)

struct lag {
    rd_kafka_t *rk; /* of the group's id, but no member */
    rd_kafka_topic_t *topic;
    int64_t ends[SAMPLES]; /* sums of the ends, a ring: what was there then */
    size_t looks;          /* without a gap */
    int64_t messages;
    bool lags;
    metric_t *gauge;
};

lag_t *
lag_new (const char *bootstrap_servers, const char *client_id, const char *group,
    topic_t topic, char error[160])
{
    const client_args_t args = {bootstrap_servers, client_id};
    char labels[128];
    rd_kafka_conf_t *conf = client_conf (&args, error);
    if (!conf)
        return NULL;
    client_set (conf, "group.id", group);
    client_set (conf, "enable.auto.commit", "false");
    rd_kafka_t *rk = client_new (RD_KAFKA_CONSUMER, &conf, error);
    if (!rk)
        return NULL;
    lag_t *self = calloc (1, sizeof *self);
    assert (self);
    self->rk = rk;
    self->topic = rd_kafka_topic_new (rk, topic_name (topic), NULL);
    snprintf (
        labels, sizeof labels, "group=\"%s\",topic=\"%s\"", group, topic_name (topic));
    self->gauge = metrics_gauge ("sasrec_kafka_group_lag",
        "Messages that a group has not committed, over all its members.", labels);
    return self;
}

void
lag_destroy (lag_t **self_p)
{
    lag_t *self = *self_p;
    if (!self)
        return;
    rd_kafka_topic_destroy (self->topic);
    client_destroy (&self->rk);
    free (self);
    *self_p = NULL;
}

/* All partitions, or NULL. */
static rd_kafka_topic_partition_list_t *
s_partitions (lag_t *self, int timeout_ms)
{
    const struct rd_kafka_metadata *metadata;
    if (rd_kafka_metadata (self->rk, 0, self->topic, &metadata, timeout_ms))
        return NULL;
    int count = metadata->topic_cnt == 1 ? metadata->topics[0].partition_cnt : 0;
    rd_kafka_topic_partition_list_t *parts = NULL;
    if (count > 0) {
        parts = rd_kafka_topic_partition_list_new (count);
        rd_kafka_topic_partition_list_add_range (
            parts, rd_kafka_topic_name (self->topic), 0, count - 1);
    }
    rd_kafka_metadata_destroy (metadata);
    return parts;
}

/* Nothing committed counts as nothing done. */
static int64_t
s_sum (const rd_kafka_topic_partition_list_t *parts)
{
    int64_t sum = 0;
    for (int i = 0; i < parts->cnt; i++)
        sum += parts->elems[i].offset > 0 ? parts->elems[i].offset : 0;
    return sum;
}

static void
s_note (lag_t *self, int64_t done, int64_t end)
{
    int64_t before = self->ends[self->looks % SAMPLES];
    self->messages = end > done ? end - done : 0;
    self->lags = self->looks >= SAMPLES ? done < before : done < end;
    self->ends[self->looks++ % SAMPLES] = end;
    metric_set (self->gauge, (double)self->messages);
}

void
lag_lose (lag_t *self)
{
    self->looks = 0;
    self->lags = true;
    if (self->messages < LAG_UNKNOWN)
        self->messages = LAG_UNKNOWN;
}

int
lag_look (lag_t *self, int timeout_ms)
{
    rd_kafka_topic_partition_list_t *parts = s_partitions (self, timeout_ms);
    if (!parts) {
        lag_lose (self);
        return -1;
    }
    int rc = rd_kafka_committed (self->rk, parts, timeout_ms) ? -1 : 0;
    int64_t done = s_sum (parts);
    for (int i = 0; i < parts->cnt; i++)
        parts->elems[i].offset = RD_KAFKA_OFFSET_END;
    if (rc == 0)
        rc = rd_kafka_offsets_for_times (self->rk, parts, timeout_ms) ? -1 : 0;
    if (rc == 0)
        s_note (self, done, s_sum (parts));
    else
        lag_lose (self);
    rd_kafka_topic_partition_list_destroy (parts);
    return rc;
}

int64_t
lag_messages (const lag_t *self)
{
    return self->messages;
}

bool
lag_lags (const lag_t *self)
{
    return self->lags;
}

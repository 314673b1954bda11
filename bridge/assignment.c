/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/assignment.h"

#include <assert.h>
#include <stdlib.h>

#define SEEK_MS 1000 /* a local affair of librdkafka's threads */

struct assignment {
    rd_kafka_t *rk;                         /* borrowed */
    rd_kafka_topic_partition_list_t *parts; /* or NULL */
    rd_kafka_topic_partition_list_t *seeks; /* to be read again, and from where */
    bool paused;                            /* all are, each once */
};

assignment_t *
assignment_new (rd_kafka_t *rk)
{
    assignment_t *self = calloc (1, sizeof *self);
    assert (self);
    self->rk = rk;
    self->seeks = rd_kafka_topic_partition_list_new (1);
    return self;
}

void
assignment_destroy (assignment_t **self_p)
{
    assignment_t *self = *self_p;
    if (!self)
        return;
    if (self->parts)
        rd_kafka_topic_partition_list_destroy (self->parts);
    rd_kafka_topic_partition_list_destroy (self->seeks);
    free (self);
    *self_p = NULL;
}

/* librdkafka keeps a partition paused through the time when it is somebody else's, so
 * what we give back is no longer paused. */
void
assignment_set (assignment_t *self, const rd_kafka_topic_partition_list_t *parts)
{
    bool paused = self->paused;
    if (paused)
        assignment_pause (self, false);
    if (self->parts)
        rd_kafka_topic_partition_list_destroy (self->parts);
    rd_kafka_topic_partition_list_destroy (self->seeks);
    self->parts = parts ? rd_kafka_topic_partition_list_copy (parts) : NULL;
    self->seeks = rd_kafka_topic_partition_list_new (1);
    rd_kafka_assign (self->rk, parts);
    if (paused)
        assignment_pause (self, true);
}

const rd_kafka_topic_partition_list_t *
assignment_parts (const assignment_t *self)
{
    return self->parts;
}

size_t
assignment_count (const assignment_t *self)
{
    return self->parts ? (size_t)self->parts->cnt : 0;
}

bool
assignment_has (const assignment_t *self, topic_t topic, int32_t partition)
{
    return self->parts && rd_kafka_topic_partition_list_find (
                              self->parts, topic_name (topic), partition);
}

size_t
assignment_count_of (const assignment_t *self, topic_t topic)
{
    size_t count = 0;
    for (size_t i = 0; i < assignment_count (self); i++) {
        topic_t found;
        count +=
            topic_find (self->parts->elems[i].topic, &found) == 0 && found == topic;
    }
    return count;
}

void
assignment_pause (assignment_t *self, bool paused)
{
    self->paused = paused;
    if (assignment_count (self) == 0)
        return;
    if (paused)
        rd_kafka_pause_partitions (self->rk, self->parts);
    else
        rd_kafka_resume_partitions (self->rk, self->parts);
}

bool
assignment_paused (const assignment_t *self)
{
    return self->paused;
}

void
assignment_rewind (
    assignment_t *self, const char *topic, int32_t partition, int64_t offset)
{
    rd_kafka_topic_partition_t *seek =
        rd_kafka_topic_partition_list_find (self->seeks, topic, partition);
    if (!seek)
        rd_kafka_topic_partition_list_add (self->seeks, topic, partition)->offset =
            offset;
    else if (offset < seek->offset)
        seek->offset = offset;
}

bool
assignment_rewinds (const assignment_t *self, const record_t *record)
{
    const rd_kafka_topic_partition_t *seek =
        self->seeks->cnt > 0 ? rd_kafka_topic_partition_list_find (self->seeks,
                                   topic_name (record->topic), record->partition)
                             : NULL;
    return seek && record->offset >= seek->offset;
}

void
assignment_read_again (assignment_t *self)
{
    if (self->seeks->cnt == 0)
        return;
    rd_kafka_error_t *error = rd_kafka_seek_partitions (self->rk, self->seeks, SEEK_MS);
    for (int i = self->seeks->cnt - 1; !error && i >= 0; i--)
        if (!self->seeks->elems[i].err)
            rd_kafka_topic_partition_list_del_by_idx (self->seeks, i);
    if (error)
        rd_kafka_error_destroy (error);
}

/* Of one partition; an unknown position counts as no lag. */
static int64_t
s_partition_lag (const assignment_t *self, const rd_kafka_topic_partition_t *position)
{
    int64_t low = 0, high = 0;
    if (position->offset < 0 ||
        rd_kafka_get_watermark_offsets (
            self->rk, position->topic, position->partition, &low, &high) ||
        high < position->offset)
        return 0;
    return high - position->offset;
}

int64_t
assignment_lag (const assignment_t *self, topic_t topic)
{
    int64_t lag = 0;
    if (!self->parts)
        return 0;
    rd_kafka_topic_partition_list_t *positions =
        rd_kafka_topic_partition_list_copy (self->parts);
    rd_kafka_position (self->rk, positions);
    for (int i = 0; i < positions->cnt; i++) {
        topic_t found;
        if (topic_find (positions->elems[i].topic, &found) == 0 && found == topic)
            lag += s_partition_lag (self, &positions->elems[i]);
    }
    rd_kafka_topic_partition_list_destroy (positions);
    return lag;
}

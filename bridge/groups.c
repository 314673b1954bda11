/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/groups.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/metrics.h"

typedef struct {
    consumer_args_t args;
    consumer_t *consumer; /* NULL until groups_open */
    metric_t *outstanding;
    metric_t *partitions;
    metric_t *lag[TOPIC_COUNT];
} group_t;

struct groups {
    consumer_args_t like;
    group_t groups[GROUPS_LIMIT];
    size_t count;
    group_t *of_topic[TOPIC_COUNT]; /* who consumes it; NULL: nobody */
    bool quiesced;
};

groups_t *
groups_new (const consumer_args_t *like)
{
    groups_t *self = calloc (1, sizeof *self);
    assert (self);
    self->like = *like;
    return self;
}

void
groups_destroy (groups_t **self_p, bool leave)
{
    groups_t *self = *self_p;
    if (!self)
        return;
    for (size_t i = 0; i < self->count; i++)
        consumer_destroy (&self->groups[i].consumer, leave);
    free (self);
    *self_p = NULL;
}

static group_t *
s_group (groups_t *self, const char *name)
{
    char labels[128];
    for (size_t i = 0; i < self->count; i++)
        if (strcmp (self->groups[i].args.group, name) == 0)
            return &self->groups[i];
    assert (self->count < GROUPS_LIMIT);
    group_t *group = &self->groups[self->count++];
    group->args = self->like;
    group->args.group = name;
    snprintf (labels, sizeof labels, "group=\"%s\"", name);
    group->outstanding = metrics_gauge (
        "sasrec_kafka_outstanding", "Messages taken and not settled.", labels);
    group->partitions = metrics_gauge (
        "sasrec_kafka_partitions", "Partitions this process was assigned.", labels);
    return group;
}

void
groups_add (groups_t *self, const char *name, topic_t topic)
{
    char labels[160];
    assert (name && !self->of_topic[topic]);
    group_t *group = s_group (self, name);
    group->args.topics[group->args.topic_count++] = topic;
    snprintf (
        labels, sizeof labels, "group=\"%s\",topic=\"%s\"", name, topic_name (topic));
    group->lag[topic] = metrics_gauge ("sasrec_kafka_lag",
        "Messages of the assigned partitions that were not read yet.", labels);
    self->of_topic[topic] = group;
}

int
groups_open (groups_t *self, char error[160])
{
    for (size_t i = 0; i < self->count && !self->quiesced; i++) {
        group_t *group = &self->groups[i];
        if (group->consumer && consumer_dead (group->consumer))
            consumer_destroy (&group->consumer, false);
        if (!group->consumer)
            group->consumer = consumer_new (&group->args, error);
        if (!group->consumer)
            return -1;
    }
    return 0;
}

int
groups_assigned (const groups_t *self, char error[160])
{
    for (size_t i = 0; i < self->count && !self->quiesced; i++) {
        const group_t *group = &self->groups[i];
        if (group->consumer && consumer_partitions (group->consumer) > 0)
            continue;
        snprintf (error, 160, "group %.80s: no partition is assigned to this process",
            group->args.group);
        return -1;
    }
    return 0;
}

size_t
groups_count (const groups_t *self)
{
    return self->count;
}

consumer_t *
groups_consumer (const groups_t *self, size_t index)
{
    return self->groups[index].consumer;
}

const topic_t *
groups_topics (const groups_t *self, size_t index, size_t *count)
{
    *count = self->groups[index].args.topic_count;
    return self->groups[index].args.topics;
}

bool
groups_ready (const groups_t *self)
{
    bool ready = false;
    for (size_t i = 0; i < self->count; i++)
        ready |= self->groups[i].consumer && consumer_ready (self->groups[i].consumer);
    return ready;
}

void
groups_settle (groups_t *self, const receipt_t *receipt, receipt_outcome_t outcome)
{
    assert (receipt->topic < TOPIC_COUNT);
    const group_t *group = self->of_topic[receipt->topic];
    if (group && group->consumer)
        consumer_settle (group->consumer, receipt, outcome);
}

bool
groups_record (const groups_t *self, const receipt_t *receipt, record_t *record)
{
    assert (receipt->topic < TOPIC_COUNT);
    const group_t *group = self->of_topic[receipt->topic];
    return group && group->consumer &&
           consumer_record (group->consumer, receipt, record);
}

void
groups_serve (groups_t *self, int64_t now_ms)
{
    for (size_t i = 0; i < self->count; i++)
        if (self->groups[i].consumer)
            consumer_serve (self->groups[i].consumer, now_ms);
}

void
groups_quiesce (groups_t *self)
{
    self->quiesced = true;
    for (size_t i = 0; i < self->count; i++)
        if (self->groups[i].consumer)
            consumer_quiesce (self->groups[i].consumer);
}

static void
s_set_gauges (const group_t *group)
{
    metric_set (group->outstanding, (double)consumer_outstanding (group->consumer));
    metric_set (group->partitions, (double)consumer_partitions (group->consumer));
    for (size_t i = 0; i < group->args.topic_count; i++)
        metric_set (group->lag[group->args.topics[i]],
            (double)consumer_lag (group->consumer, group->args.topics[i]));
}

void
groups_set_gauges (const groups_t *self)
{
    for (size_t i = 0; i < self->count; i++)
        if (self->groups[i].consumer)
            s_set_gauges (&self->groups[i]);
}

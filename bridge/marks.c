/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/marks.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "bridge/client.h"
#include "bridge/deliveries.h"

#define ASK_MS 500 /* for the old marks */

typedef struct {
    topic_t topic;
    int32_t partition;
    deliveries_t deliveries;
    bool begun;      /* deliveries says what the last owner left */
    bool in_work;    /* its mark is in Kafka */
    int64_t next;    /* the offset that was committed with it */
    int64_t counted; /* the last offset that was given out in this assignment */
    int64_t asked;   /* the mark of this offset is on its way; -1: none is */
    int64_t allowed; /* ... is in Kafka; -1: none is */
} mark_t;

struct marks {
    rd_kafka_t *rk; /* borrowed */
    rd_kafka_queue_t *answers;
    int limit;
    size_t out_limit;
    rd_kafka_topic_partition_list_t *left; /* by the last owners; NULL: not known yet */
    mark_t *marks;
    size_t count;
    bool alone; /* what was given out last is out alone */
};

marks_t *
marks_new (rd_kafka_t *rk, int fd, int limit, size_t out_limit)
{
    marks_t *self = calloc (1, sizeof *self);
    assert (self);
    self->rk = rk;
    self->limit = limit;
    self->out_limit = out_limit;
    self->answers = rd_kafka_queue_new (rk);
    client_watch (self->answers, fd);
    return self;
}

static void
s_forget (marks_t *self)
{
    if (self->left)
        rd_kafka_topic_partition_list_destroy (self->left);
    self->left = NULL;
    free (self->marks);
}

void
marks_destroy (marks_t **self_p)
{
    marks_t *self = *self_p;
    if (!self)
        return;
    s_forget (self);
    rd_kafka_queue_destroy (self->answers);
    free (self);
    *self_p = NULL;
}

void
marks_assign (marks_t *self, const rd_kafka_topic_partition_list_t *parts)
{
    s_forget (self);
    self->alone = false;
    self->count = parts ? (size_t)parts->cnt : 0;
    self->marks = calloc (self->count + 1, sizeof *self->marks);
    assert (self->marks);
    for (size_t i = 0; i < self->count; i++) {
        mark_t *mark = &self->marks[i];
        *mark = (mark_t){.next = -1, .counted = -1, .asked = -1, .allowed = -1};
        topic_find (parts->elems[i].topic, &mark->topic);
        mark->partition = parts->elems[i].partition;
    }
}

static mark_t *
s_mark (const marks_t *self, topic_t topic, int32_t partition)
{
    for (size_t i = 0; i < self->count; i++)
        if (self->marks[i].topic == topic && self->marks[i].partition == partition)
            return &self->marks[i];
    return NULL;
}

/* Refused marks are asked for again. */
static void
s_take_answer (marks_t *self, rd_kafka_event_t *event)
{
    rd_kafka_resp_err_t error = rd_kafka_event_error (event);
    const rd_kafka_topic_partition_list_t *parts =
        rd_kafka_event_topic_partition_list (event);
    for (int i = 0; parts && i < parts->cnt; i++) {
        const rd_kafka_topic_partition_t *part = &parts->elems[i];
        topic_t topic;
        mark_t *mark = topic_find (part->topic, &topic) == 0
                           ? s_mark (self, topic, part->partition)
                           : NULL;
        if (!mark || mark->asked != part->offset)
            continue;
        mark->asked = -1;
        mark->allowed = error || part->err ? -1 : part->offset;
        mark->in_work |= mark->allowed >= 0;
    }
}

static void
s_take_answers (marks_t *self)
{
    rd_kafka_event_t *event;
    while ((event = rd_kafka_queue_poll (self->answers, 0))) {
        if (rd_kafka_event_type (event) == RD_KAFKA_EVENT_OFFSET_COMMIT)
            s_take_answer (self, event);
        rd_kafka_event_destroy (event);
    }
}

static int
s_look_for_left (marks_t *self)
{
    rd_kafka_topic_partition_list_t *left =
        rd_kafka_topic_partition_list_new ((int)self->count);
    for (size_t i = 0; i < self->count; i++)
        rd_kafka_topic_partition_list_add (
            left, topic_name (self->marks[i].topic), self->marks[i].partition);
    if (rd_kafka_committed (self->rk, left, ASK_MS) == 0) {
        self->left = left;
        return 0;
    }
    rd_kafka_topic_partition_list_destroy (left);
    return -1;
}

/* How far the last owner may have come: to the end of the log, or what it could have
 * had out. */
static int64_t
s_end (const marks_t *self, const record_t *record)
{
    int64_t low = 0, high = -1, most = record->offset + (int64_t)self->out_limit;
    rd_kafka_get_watermark_offsets (
        self->rk, topic_name (record->topic), record->partition, &low, &high);
    return high > record->offset && high < most ? high : most;
}

static void
s_begin (marks_t *self, mark_t *mark, const record_t *record)
{
    const rd_kafka_topic_partition_t *part = rd_kafka_topic_partition_list_find (
        self->left, topic_name (mark->topic), mark->partition);
    char text[DELIVERIES_TEXT_SIZE] = "";
    if (part && part->metadata && part->metadata_size < sizeof text)
        memcpy (text, part->metadata, part->metadata_size);
    deliveries_read (
        &mark->deliveries, text, part ? part->offset : -1, s_end (self, record));
    mark->begun = true;
    if (mark->deliveries.deaths > 0)
        log_warn ("bridge.suspects", log_str ("topic", topic_name (mark->topic)),
            log_int ("partition", mark->partition), log_int ("from", record->offset),
            log_int ("until", mark->deliveries.until),
            log_int ("deaths", mark->deliveries.deaths));
}

static void
s_add (
    rd_kafka_topic_partition_list_t *offsets, mark_t *mark, int64_t next, bool working)
{
    char text[DELIVERIES_TEXT_SIZE];
    rd_kafka_topic_partition_t *part = rd_kafka_topic_partition_list_add (
        offsets, topic_name (mark->topic), mark->partition);
    deliveries_write (&mark->deliveries, next, working, text);
    part->offset = next;
    part->metadata = strdup (text); /* the list frees it */
    part->metadata_size = strlen (text);
    mark->next = next;
}

static void
s_send (marks_t *self, mark_t *mark, int64_t offset)
{
    rd_kafka_topic_partition_list_t *offsets = rd_kafka_topic_partition_list_new (1);
    s_add (offsets, mark, offset, true);
    if (rd_kafka_commit_queue (self->rk, offsets, self->answers, NULL, NULL) == 0)
        mark->asked = offset;
    rd_kafka_topic_partition_list_destroy (offsets);
}

/* The mark for this message: true when it is in Kafka. */
static bool
s_marked (marks_t *self, mark_t *mark, const record_t *record, bool suspect)
{
    if (mark->allowed == record->offset || (!suspect && mark->in_work))
        return true;
    if (mark->asked == record->offset)
        return false;
    if (suspect && mark->counted != record->offset)
        deliveries_count (&mark->deliveries, record->offset);
    mark->counted = record->offset;
    s_send (self, mark, record->offset);
    return false;
}

marks_verdict_t
marks_ask (marks_t *self, record_t *record, size_t outstanding)
{
    mark_t *mark = s_mark (self, record->topic, record->partition);
    s_take_answers (self);
    self->alone = self->alone && outstanding > 0;
    if (!mark)
        return MARKS_GIVE; /* no longer ours: its receipt will be refused */
    if (self->alone || (!self->left && s_look_for_left (self)))
        return MARKS_WAIT;
    if (!mark->begun)
        s_begin (self, mark, record);
    bool suspect = deliveries_suspect (&mark->deliveries, record->offset);
    if (mark->counted != record->offset &&
        deliveries_condemned (&mark->deliveries, record->offset, self->limit)) {
        record->deliveries = deliveries_of (&mark->deliveries, record->offset);
        return MARKS_BURY;
    }
    if ((suspect && outstanding > 0) || !s_marked (self, mark, record, suspect))
        return MARKS_WAIT;
    mark->allowed = -1;
    self->alone = suspect;
    return MARKS_GIVE;
}

void
marks_add (marks_t *self, rd_kafka_topic_partition_list_t *offsets, topic_t topic,
    int32_t partition, int64_t next)
{
    mark_t *mark = s_mark (self, topic, partition);
    if (mark)
        s_add (offsets, mark, next, mark->in_work);
}

void
marks_add_last (marks_t *self, rd_kafka_topic_partition_list_t *offsets)
{
    for (size_t i = 0; i < self->count; i++) {
        mark_t *mark = &self->marks[i];
        rd_kafka_topic_partition_t *part = rd_kafka_topic_partition_list_find (
            offsets, topic_name (mark->topic), mark->partition);
        int64_t next = part ? part->offset : mark->next;
        if (part)
            rd_kafka_topic_partition_list_del (
                offsets, topic_name (mark->topic), mark->partition);
        if (next >= 0)
            s_add (offsets, mark, next, false);
    }
}

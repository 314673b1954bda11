/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/consumer.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "bridge/assignment.h"
#include "bridge/client.h"
#include "bridge/marks.h"
#include "bridge/member.h"
#include "bridge/record_native.h"
#include "bridge/rejoin.h"
#include "bridge/tracker.h"

#define COMMIT_MS    200
#define COMMIT_COUNT 500  /* settled messages that are committed at once */
#define PAUSE_MS     1000 /* short stalls are waited out with what is prefetched */
#define BYTES_LIMIT                                                                    \
    (32 << 20) /* of messages that are out: they are kept as they came */

struct consumer {
    consumer_args_t args;
    rd_kafka_t *rk;
    member_calls_t calls;        /* ours */
    int fd;                      /* readable when the queue is no longer empty */
    tracker_t *tracker;          /* what is out, up to where all is settled */
    assignment_t *assignment;    /* our partitions */
    marks_t *marks;              /* what is in work, for who takes over */
    rd_kafka_message_t *waiting; /* for its mark, or to go alone; or NULL */
    bool more;                   /* the queue may hold something */
    rejoin_t rejoin;             /* a topic without a partition */
    bool full;                   /* too much is out, until half of it is settled */
    bool blocked;                /* the reader has no room */
    bool quiesced;
    bool dead;          /* librdkafka gave up */
    int64_t stalled_ms; /* since when nothing is read; 0: it is */
    int64_t commit_ms;  /* when the next is due */
    size_t settled;     /* since the last commit */
    metric_t *consumed[TOPIC_COUNT];
    metric_t *stale;
    metric_t *rewinds;
    metric_t *rebalances;
    metric_t *commit_failures;
};

static void
s_register_metrics (consumer_t *self)
{
    for (size_t i = 0; i < self->args.topic_count; i++) {
        char labels[64];
        topic_t topic = self->args.topics[i];
        snprintf (labels, sizeof labels, "topic=\"%s\"", topic_name (topic));
        self->consumed[topic] = metrics_counter (
            "sasrec_kafka_consumed_total", "Messages taken from Kafka.", labels);
    }
    self->stale = metrics_counter ("sasrec_kafka_stale_receipts_total",
        "Messages finished after their partition had gone to another member.", "");
    self->rewinds = metrics_counter ("sasrec_kafka_rewinds_total",
        "Times a partition was read again because its work failed.", "");
    self->rebalances = metrics_counter (
        "sasrec_kafka_rebalances_total", "Assignments received from a group.", "");
    self->commit_failures = metrics_counter (
        "sasrec_kafka_commit_failures_total", "Commits of offsets that failed.", "");
}

/* Committing */

/* last: we leave, and say so. */
static void
s_commit (consumer_t *self, bool last)
{
    uint16_t topic;
    int32_t partition;
    int64_t next;
    self->settled = 0;
    self->commit_ms = 0;
    rd_kafka_topic_partition_list_t *offsets = rd_kafka_topic_partition_list_new (16);
    while (tracker_storable (self->tracker, &topic, &partition, &next) == 0)
        marks_add (self->marks, offsets, (topic_t)topic, partition, next);
    if (last)
        marks_add_last (self->marks, offsets);
    if (offsets->cnt > 0)
        rd_kafka_commit (self->rk, offsets, 1);
    rd_kafka_topic_partition_list_destroy (offsets);
}

static void
s_committed (rd_kafka_t *rk, rd_kafka_resp_err_t error,
    rd_kafka_topic_partition_list_t *offsets, void *context)
{
    (void)rk;
    consumer_t *self = context;
    for (int i = 0; offsets && i < offsets->cnt; i++) {
        topic_t topic;
        const rd_kafka_topic_partition_t *part = &offsets->elems[i];
        if ((!error && !part->err) || topic_find (part->topic, &topic))
            continue;
        metric_add (self->commit_failures, 1);
        tracker_unstored (self->tracker, (uint16_t)topic, part->partition);
        self->settled++;
    }
}

/* Rebalancing: never waits. */

static void
s_stop_waiting (consumer_t *self)
{
    if (self->waiting)
        rd_kafka_message_destroy (self->waiting);
    self->waiting = NULL;
}

/* What was ours is the next one's: its receipts are stale. */
static void
s_forget (consumer_t *self)
{
    const rd_kafka_topic_partition_list_t *parts = assignment_parts (self->assignment);
    s_stop_waiting (self);
    marks_assign (self->marks, NULL);
    for (int i = 0; parts && i < parts->cnt; i++) {
        topic_t topic;
        if (topic_find (parts->elems[i].topic, &topic) == 0)
            tracker_revoke (self->tracker, (uint16_t)topic, parts->elems[i].partition);
    }
}

/* One of our topics has no partition here. */
static bool
s_lacks (const consumer_t *self)
{
    for (size_t i = 0; i < self->args.topic_count; i++)
        if (assignment_count_of (self->assignment, self->args.topics[i]) == 0)
            return true;
    return false;
}

static void
s_assign (consumer_t *self, const rd_kafka_topic_partition_list_t *parts)
{
    s_forget (self);
    for (int i = 0; i < parts->cnt; i++) {
        topic_t topic;
        int rc = topic_find (parts->elems[i].topic, &topic);
        assert (rc == 0);
        tracker_assign (self->tracker, (uint16_t)topic, parts->elems[i].partition);
    }
    marks_assign (self->marks, parts);
    assignment_set (self->assignment, parts);
    rejoin_note (&self->rejoin, s_lacks (self), clock_monotonic_ms ());
    metric_add (self->rebalances, 1);
    log_info ("bridge.assigned", log_str ("group", self->args.group),
        log_int ("partitions", parts->cnt));
}

static void
s_revoke (consumer_t *self)
{
    if (!rd_kafka_assignment_lost (self->rk))
        s_commit (self, true);
    log_info ("bridge.revoked", log_str ("group", self->args.group),
        log_int ("unsettled", (int64_t)tracker_outstanding (self->tracker)));
    s_forget (self);
    rejoin_cancel (&self->rejoin);
    assignment_set (self->assignment, NULL);
}

static void
s_rebalance (rd_kafka_t *rk, rd_kafka_resp_err_t event,
    rd_kafka_topic_partition_list_t *parts, void *context)
{
    (void)rk;
    if (event == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS)
        s_assign (context, parts);
    else
        s_revoke (context);
}

/* Life */

static void
s_error (rd_kafka_t *rk, int error, const char *reason, void *context)
{
    consumer_t *self = context;
    char text[256] = "";
    client_note_error (error, reason);
    if (error != RD_KAFKA_RESP_ERR__FATAL || self->dead)
        return;
    self->dead = true;
    rd_kafka_fatal_error (rk, text, sizeof text);
    log_error ("bridge.consumer_died", log_str ("group", self->args.group),
        log_str ("reason", text));
}

static int
s_open (consumer_t *self, char error[160])
{
    self->calls = (member_calls_t){s_rebalance, s_committed, s_error, self};
    self->rk = member_new (&self->args, &self->calls, self->fd, error);
    if (!self->rk)
        return -1;
    self->assignment = assignment_new (self->rk);
    self->marks = marks_new (
        self->rk, self->fd, self->args.delivery_limit, self->args.outstanding_limit);
    rd_kafka_resp_err_t rc = member_join (self->rk, &self->args);
    if (rc)
        snprintf (error, 160, "cannot subscribe: %.120s", rd_kafka_err2str (rc));
    return rc ? -1 : 0;
}

consumer_t *
consumer_new (const consumer_args_t *args, char error[160])
{
    consumer_t *self = calloc (1, sizeof *self);
    assert (self && args->group && args->topic_count > 0);
    self->args = *args;
    self->fd = client_fd_new ();
    /* Room for what arrives between "full" and the pause. */
    self->tracker = tracker_new (2 * args->outstanding_limit + 1024);
    s_register_metrics (self);
    if (s_open (self, error))
        consumer_destroy (&self, false);
    return self;
}

void
consumer_destroy (consumer_t **self_p, bool leave)
{
    consumer_t *self = *self_p;
    if (!self)
        return;
    if (self->rk && leave && !member_leave (self->rk, &self->calls))
        log_warn ("bridge.left_late", log_str ("group", self->args.group));
    s_stop_waiting (self); /* librdkafka waits for its messages */
    tracker_destroy (&self->tracker);
    marks_destroy (&self->marks);
    assignment_destroy (&self->assignment);
    bool ended = !self->rk || client_destroy (&self->rk);
    if (ended)
        close (self->fd);
    free (self);
    *self_p = NULL;
}

/* Reading */

static void
s_release (void *message)
{
    rd_kafka_message_destroy (message);
}

static bool
s_stalled (const consumer_t *self)
{
    return self->full || self->blocked || self->quiesced || self->waiting;
}

int
consumer_fd (const consumer_t *self)
{
    return self->fd;
}

void
consumer_wake (consumer_t *self)
{
    client_clear (self->fd);
    self->more = true;
}

/* While paused the queue is served too: it brings rebalances. */
bool
consumer_ready (const consumer_t *self)
{
    return self->more &&
           (!s_stalled (self) || self->waiting || assignment_paused (self->assignment));
}

/* An offset that was there before: its topic was emptied and began afresh. */
static int
s_take (consumer_t *self, record_t *record)
{
    uint16_t topic = (uint16_t)record->topic;
    if (tracker_take (self->tracker, topic, record->partition, record->offset,
            &record->receipt) == 0)
        return 0;
    if (!assignment_has (self->assignment, record->topic, record->partition))
        return -1;
    log_warn ("bridge.restarted_log", log_str ("topic", topic_name (record->topic)),
        log_int ("partition", record->partition), log_int ("offset", record->offset));
    tracker_assign (self->tracker, topic, record->partition);
    return tracker_take (
        self->tracker, topic, record->partition, record->offset, &record->receipt);
}

static bool
s_too_much_is_out (const consumer_t *self)
{
    return tracker_outstanding (self->tracker) >= self->args.outstanding_limit ||
           tracker_bytes (self->tracker) >= BYTES_LIMIT;
}

static void
s_keep (consumer_t *self, record_t *record)
{
    tracker_keep (self->tracker, &record->receipt, record->native,
        record->key_size + record->value_size, s_release);
    record->native = NULL; /* the tracker's now */
    metric_add (self->consumed[record->topic], 1);
    if (s_too_much_is_out (self))
        self->full = true;
}

static bool
s_is_end (const rd_kafka_message_t *message)
{
    return message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF;
}

/* What was fetched before its partition was paused, behind one that waits. */
static void
s_put_back (consumer_t *self, rd_kafka_message_t *message)
{
    if (!message->err || s_is_end (message))
        assignment_rewind (self->assignment, rd_kafka_topic_name (message->rkt),
            message->partition, message->offset);
    rd_kafka_message_destroy (message);
}

/* The one that waits, or the next; NULL: there is none, or only those behind it. */
static rd_kafka_message_t *
s_poll (consumer_t *self)
{
    rd_kafka_message_t *message = NULL;
    if (!self->waiting || assignment_paused (self->assignment)) {
        message = rd_kafka_consumer_poll (self->rk, 0);
        self->more = message != NULL;
    }
    if (!self->waiting)
        return message;
    if (message)
        s_put_back (self, message);
    if (self->full || self->blocked || self->quiesced)
        return NULL;
    message = self->waiting;
    self->waiting = NULL;
    return message;
}

/* A log can end with what is given to nobody, and the group would never have done all. */
static void
s_reach_end (consumer_t *self, const rd_kafka_message_t *message)
{
    record_t end = {.partition = message->partition, .offset = message->offset};
    if (topic_find (rd_kafka_topic_name (message->rkt), &end.topic) == 0 &&
        !assignment_rewinds (self->assignment, &end) &&
        tracker_end (self->tracker, (uint16_t)end.topic, end.partition, end.offset))
        self->settled++;
}

/* True: it is given out. */
static bool
s_offer (consumer_t *self, rd_kafka_message_t *message, record_t *record)
{
    if (s_is_end (message))
        s_reach_end (self, message);
    if (message->err || record_from_native (message, record)) {
        rd_kafka_message_destroy (message);
        return false;
    }
    if (assignment_rewinds (self->assignment, record)) {
        record_release (record);
        return false;
    }
    if (marks_ask (self->marks, record, tracker_outstanding (self->tracker)) ==
        MARKS_WAIT) {
        self->waiting = message;
        self->more = false;
        return false;
    }
    if (s_take (self, record)) {
        record_release (record);
        return false;
    }
    s_keep (self, record);
    return true;
}

bool
consumer_next (consumer_t *self, record_t *record)
{
    while (consumer_ready (self)) {
        rd_kafka_message_t *message = s_poll (self);
        if (!message) {
            self->more = self->more && !self->waiting;
            break;
        }
        if (s_offer (self, message, record))
            return true;
    }
    return false;
}

bool
consumer_record (const consumer_t *self, const receipt_t *receipt, record_t *record)
{
    void *message = tracker_item (self->tracker, receipt);
    if (!message || record_from_native (message, record))
        return false;
    record->native = NULL;
    record->receipt = *receipt;
    return true;
}

/* Settling */

static void
s_rewind (consumer_t *self, const receipt_t *receipt)
{
    int64_t offset;
    const char *name = topic_name ((topic_t)receipt->topic);
    if (tracker_rewind (self->tracker, receipt, &offset))
        return;
    assignment_rewind (self->assignment, name, receipt->partition, offset);
    if (self->waiting && self->waiting->partition == receipt->partition &&
        strcmp (rd_kafka_topic_name (self->waiting->rkt), name) == 0)
        s_stop_waiting (self);
    metric_add (self->rewinds, 1);
}

void
consumer_settle (consumer_t *self, const receipt_t *receipt, receipt_outcome_t outcome)
{
    if (outcome == RECEIPT_RETRY)
        s_rewind (self, receipt);
    else if (tracker_settle (self->tracker, receipt, outcome))
        self->settled++;
    else
        metric_add (self->stale, 1);
    if (tracker_outstanding (self->tracker) <= self->args.outstanding_limit / 2 &&
        tracker_bytes (self->tracker) <= BYTES_LIMIT / 2)
        self->full = false;
    self->more |= self->waiting != NULL;
}

void
consumer_block (consumer_t *self, bool blocked)
{
    self->blocked = blocked;
}

void
consumer_quiesce (consumer_t *self)
{
    self->quiesced = true;
    if (!assignment_paused (self->assignment))
        assignment_pause (self->assignment, true);
}

static void
s_pause_or_resume (consumer_t *self, int64_t now_ms)
{
    if (!s_stalled (self)) {
        self->stalled_ms = 0;
        if (assignment_paused (self->assignment))
            assignment_pause (self->assignment, false);
    } else if (!self->stalled_ms) {
        self->stalled_ms = now_ms;
    } else if (!assignment_paused (self->assignment) &&
               now_ms - self->stalled_ms >= PAUSE_MS) {
        assignment_pause (self->assignment, true);
    }
}

static void
s_join_anew (consumer_t *self, int64_t now_ms)
{
    if (!member_topics_exist (self->rk, &self->args)) {
        rejoin_put_off (&self->rejoin, now_ms);
        return;
    }
    rejoin_tried (&self->rejoin);
    log_info ("bridge.joining_anew", log_str ("group", self->args.group),
        log_str ("reason", "a topic without a partition here"));
    member_join (self->rk, &self->args);
}

void
consumer_serve (consumer_t *self, int64_t now_ms)
{
    if (!self->quiesced && rejoin_due (&self->rejoin, now_ms))
        s_join_anew (self, now_ms);
    assignment_read_again (self->assignment);
    s_pause_or_resume (self, now_ms);
    if (self->settled > 0 && !self->commit_ms)
        self->commit_ms = now_ms + COMMIT_MS;
    if (self->settled >= COMMIT_COUNT ||
        (self->settled > 0 && now_ms >= self->commit_ms))
        s_commit (self, false);
    self->more = true; /* an edge may have been lost */
}

size_t
consumer_outstanding (const consumer_t *self)
{
    return tracker_outstanding (self->tracker);
}

size_t
consumer_partitions (const consumer_t *self)
{
    return assignment_count (self->assignment);
}

int64_t
consumer_lag (const consumer_t *self, topic_t topic)
{
    return assignment_lag (self->assignment, topic);
}

bool
consumer_dead (const consumer_t *self)
{
    return self->dead;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/dead_letter.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "bridge/client.h"
#include "bridge/record_native.h"

#define REPLAY_GROUP "sasrec_dlq_replay" /* its offsets: what was replayed */
#define POLL_MS      100

/* One pass over the topic, from where it starts to its present end. */
typedef struct {
    const dead_letter_options_t *options;
    rd_kafka_t *rk;
    rd_kafka_topic_partition_list_t *parts; /* offset: the next to read */
    int64_t *ends;        /* of each partition as the pass began; 0: nothing is left */
    int unfinished;       /* partitions not read to their end */
    producer_t *producer; /* of a replay; NULL: only reads */
    size_t lost;          /* replayed, and reported lost */
    uint64_t count;       /* letters seen */
} pass_t;

static rd_kafka_t *
s_open (const dead_letter_options_t *options, char error[160])
{
    client_args_t args = {options->bootstrap_servers, "sasrec-dlq"};
    rd_kafka_conf_t *conf = client_conf (&args, error);
    if (!conf)
        return NULL;
    client_set (conf, "group.id", REPLAY_GROUP);
    client_set (conf, "enable.auto.commit", "false");
    client_set (conf, "enable.auto.offset.store", "false");
    client_set (conf, "enable.partition.eof", "true");
    client_set (conf, "auto.offset.reset", "earliest");
    rd_kafka_t *rk = client_new (RD_KAFKA_CONSUMER, &conf, error);
    if (rk)
        rd_kafka_poll_set_consumer (rk);
    return rk;
}

static int
s_fail (const dead_letter_options_t *options, rd_kafka_resp_err_t rc, char error[160])
{
    if (rc == RD_KAFKA_RESP_ERR__TRANSPORT || rc == RD_KAFKA_RESP_ERR__TIMED_OUT)
        client_no_answer (options->bootstrap_servers, error);
    else
        snprintf (error, 160, "dead letters: %.120s", rd_kafka_err2str (rc));
    return -1;
}

static int
s_find_parts (pass_t *self, char error[160])
{
    const struct rd_kafka_metadata *metadata;
    const char *name = topic_name (TOPIC_DEAD_LETTERS);
    rd_kafka_topic_t *topic = rd_kafka_topic_new (self->rk, name, NULL);
    rd_kafka_resp_err_t rc =
        rd_kafka_metadata (self->rk, 0, topic, &metadata, self->options->timeout_ms);
    rd_kafka_topic_destroy (topic);
    if (rc)
        return s_fail (self->options, rc, error);
    int count = metadata->topic_cnt == 1 && !metadata->topics[0].err
                    ? metadata->topics[0].partition_cnt
                    : 0;
    rd_kafka_metadata_destroy (metadata);
    if (count == 0) {
        snprintf (error, 160, "no topic %s: run 'sasrec topics create'", name);
        return -1;
    }
    self->parts = rd_kafka_topic_partition_list_new (count);
    rd_kafka_topic_partition_list_add_range (self->parts, name, 0, count - 1);
    return 0;
}

/* Where the pass ends: letters that come while it goes on, of what died again, are not
 * its own. Offsets beyond the end are of a topic that was lost. */
static int
s_find_end (pass_t *self, int i, char error[160])
{
    rd_kafka_topic_partition_t *part = &self->parts->elems[i];
    int64_t low, high;
    rd_kafka_resp_err_t rc = rd_kafka_query_watermark_offsets (
        self->rk, part->topic, part->partition, &low, &high, self->options->timeout_ms);
    if (rc)
        return s_fail (self->options, rc, error);
    if (self->options->replayed || part->offset < low || part->offset > high)
        part->offset = low;
    if (part->offset < high) {
        self->ends[i] = high;
        self->unfinished++;
    }
    return 0;
}

/* From the first letter, or from the first that was not replayed. */
static int
s_find_span (pass_t *self, char error[160])
{
    rd_kafka_resp_err_t rc = RD_KAFKA_RESP_ERR_NO_ERROR;
    self->ends = calloc ((size_t)self->parts->cnt, sizeof *self->ends);
    assert (self->ends);
    if (!self->options->replayed)
        rc = rd_kafka_committed (self->rk, self->parts, self->options->timeout_ms);
    if (rc)
        return s_fail (self->options, rc, error);
    for (int i = 0; i < self->parts->cnt; i++)
        if (s_find_end (self, i, error))
            return -1;
    rc = rd_kafka_assign (self->rk, self->parts);
    return rc ? s_fail (self->options, rc, error) : 0;
}

static int64_t
s_header_number (const rd_kafka_message_t *message, const char *name)
{
    char text[24] = "";
    record_header_text (message, name, text, sizeof text);
    return strtoll (text, NULL, 10);
}

static void
s_read_letter (const rd_kafka_message_t *message, dead_letter_t *letter)
{
    *letter = (dead_letter_t){.partition = message->partition,
        .offset = message->offset,
        .origin_partition = (int32_t)s_header_number (message, "dlq-partition"),
        .origin_offset = s_header_number (message, "dlq-offset"),
        .attempts = (int)s_header_number (message, RECORD_ATTEMPTS_HEADER),
        .failed_at_ms = s_header_number (message, "dlq-failed-at"),
        .trace = record_trace (message),
        .key = message->key,
        .key_size = message->key_len,
        .value = message->payload,
        .value_size = message->len};
    record_header_text (message, "dlq-topic", letter->topic, sizeof letter->topic);
    record_header_text (
        message, "dlq-error-class", letter->class, sizeof letter->class);
    record_header_text (message, "dlq-error", letter->reason, sizeof letter->reason);
}

static void
s_delivered (void *context, topic_t topic, void *parcel, producer_outcome_t outcome)
{
    (void)topic, (void)parcel;
    pass_t *self = context;
    self->lost += outcome != PRODUCER_SAFE;
}

static int
s_send_back (pass_t *self, const dead_letter_t *letter, char error[160])
{
    char attempts[16];
    topic_t topic;
    if (topic_find (letter->topic, &topic) || topic == TOPIC_DEAD_LETTERS) {
        snprintf (error, 160, "letter %d:%lld came from no topic of ours",
            letter->partition, (long long)letter->offset);
        return -1;
    }
    snprintf (attempts, sizeof attempts, "%d", letter->attempts);
    const record_header_t header = {RECORD_ATTEMPTS_HEADER, attempts};
    const record_t record = {.topic = topic,
        .key = letter->key,
        .key_size = letter->key_size,
        .value = letter->value,
        .value_size = letter->value_size,
        .trace = letter->trace,
        .headers = &header,
        .header_count = 1};
    int64_t deadline_ms = clock_monotonic_ms () + self->options->timeout_ms;
    bool taken;
    while (!(taken = producer_send (self->producer, &record, NULL)) &&
           clock_monotonic_ms () < deadline_ms)
        producer_flush (self->producer, POLL_MS);
    if (!taken)
        s_fail (self->options, RD_KAFKA_RESP_ERR__TIMED_OUT, error);
    return taken ? 0 : -1;
}

static int
s_handle_letter (pass_t *self, const rd_kafka_message_t *message,
    dead_letter_row_f *row, void *context, char error[160])
{
    dead_letter_t letter;
    s_read_letter (message, &letter);
    if (self->producer && s_send_back (self, &letter, error))
        return -1;
    self->parts->elems[message->partition].offset = message->offset + 1;
    self->count++;
    if (row)
        row (context, &letter);
    return 0;
}

static void
s_finish_part (pass_t *self, int32_t partition)
{
    self->unfinished -= self->ends[partition] > 0;
    self->ends[partition] = 0;
}

/* A partition is also read when its last letters went by age. */
static int
s_take (pass_t *self, const rd_kafka_message_t *message, dead_letter_row_f *row,
    void *context, char error[160])
{
    int64_t end = self->ends[message->partition];
    bool last = message->err || message->offset + 1 >= end;
    int rc = 0;
    if (!message->err && message->offset < end)
        rc = s_handle_letter (self, message, row, context, error);
    if (last)
        s_finish_part (self, message->partition);
    return rc;
}

static int
s_read_all (pass_t *self, dead_letter_row_f *row, void *context, char error[160])
{
    int64_t deadline_ms = clock_monotonic_ms () + self->options->timeout_ms;
    int rc = 0;
    while (rc == 0 && self->unfinished > 0) {
        rd_kafka_message_t *message = rd_kafka_consumer_poll (self->rk, POLL_MS);
        if (message &&
            (!message->err || message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF)) {
            rc = s_take (self, message, row, context, error);
            deadline_ms = clock_monotonic_ms () + self->options->timeout_ms;
        } else if (clock_monotonic_ms () > deadline_ms)
            rc = s_fail (self->options, RD_KAFKA_RESP_ERR__TIMED_OUT, error);
        if (message)
            rd_kafka_message_destroy (message);
    }
    return rc;
}

/* Only what the broker has is remembered as replayed. */
static int
s_finish_replay (pass_t *self, char error[160])
{
    if (!producer_flush (self->producer, self->options->timeout_ms) || self->lost > 0)
        return s_fail (self->options, RD_KAFKA_RESP_ERR__TIMED_OUT, error);
    rd_kafka_resp_err_t rc =
        self->count > 0 ? rd_kafka_commit (self->rk, self->parts, 0) : 0;
    return rc ? s_fail (self->options, rc, error) : 0;
}

static int
s_pass (pass_t *self, dead_letter_row_f *row, void *context, char error[160])
{
    self->rk = s_open (self->options, error);
    int rc = !self->rk || s_find_parts (self, error) || s_find_span (self, error) ||
                     s_read_all (self, row, context, error)
                 ? -1
                 : 0;
    if (rc == 0 && self->producer)
        rc = s_finish_replay (self, error);
    if (self->parts)
        rd_kafka_topic_partition_list_destroy (self->parts);
    free (self->ends);
    if (self->rk) {
        rd_kafka_consumer_close (self->rk);
        rd_kafka_destroy (self->rk);
    }
    return rc;
}

int
dead_letters_list (const dead_letter_options_t *options, dead_letter_row_f *row,
    void *context, uint64_t *count, char error[160])
{
    pass_t pass = {.options = options};
    int rc = s_pass (&pass, row, context, error);
    *count = pass.count;
    return rc;
}

int
dead_letters_replay (const dead_letter_options_t *options, dead_letter_row_f *row,
    void *context, uint64_t *count, char error[160])
{
    pass_t pass = {.options = options};
    producer_args_t args = {
        options->bootstrap_servers, "sasrec-dlq", s_delivered, &pass};
    pass.producer = producer_new (&args, error);
    int rc = pass.producer && producer_meet (pass.producer, TOPIC_DEAD_LETTERS,
                                  options->timeout_ms, error) == 0
                 ? s_pass (&pass, row, context, error)
                 : -1;
    *count = pass.count;
    producer_destroy (&pass.producer);
    return rc;
}

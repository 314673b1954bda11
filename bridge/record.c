/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/record_native.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"

int
record_header_text (
    const rd_kafka_message_t *message, const char *name, char *text, size_t size)
{
    rd_kafka_headers_t *headers = NULL;
    const void *value = NULL;
    size_t length = 0;
    if (rd_kafka_message_headers (message, &headers) ||
        rd_kafka_header_get_last (headers, name, &value, &length) || !value)
        return -1;
    snprintf (text, size, "%.*s", (int)(length < size ? length : size - 1),
        (const char *)value);
    if (length >= size)
        utf8_trim (text);
    return 0;
}

static int
s_attempts (const rd_kafka_message_t *message)
{
    char text[16] = "";
    int attempts =
        record_header_text (message, RECORD_ATTEMPTS_HEADER, text, sizeof text)
            ? 0
            : atoi (text);
    return attempts > 0 ? attempts : 0;
}

trace_t
record_trace (const rd_kafka_message_t *message)
{
    char text[TRACE_TEXT_SIZE + 64] = ""; /* later versions may be longer */
    trace_t trace = {0};
    if (record_header_text (message, RECORD_TRACE_HEADER, text, sizeof text) == 0)
        trace_parse (&trace, text);
    return trace;
}

int
record_from_native (rd_kafka_message_t *message, record_t *self)
{
    topic_t topic;
    if (topic_find (rd_kafka_topic_name (message->rkt), &topic))
        return -1;
    *self = (record_t){.topic = topic,
        .key = message->key,
        .key_size = message->key_len,
        .value = message->payload,
        .value_size = message->len,
        .partition = message->partition,
        .offset = message->offset,
        .timestamp_ms = rd_kafka_message_timestamp (message, NULL),
        .attempts = s_attempts (message),
        .trace = record_trace (message),
        .native = message};
    return 0;
}

void
record_release (record_t *self)
{
    if (self->native)
        rd_kafka_message_destroy (self->native);
    *self = (record_t){0};
}

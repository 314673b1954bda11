/* Records and librdkafka's messages. Private to bridge/. SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_BRIDGE_RECORD_NATIVE_H
#define SASREC_BRIDGE_RECORD_NATIVE_H

#include <librdkafka/rdkafka.h>

#include "bridge/record.h"

/* Takes the message into *self: 0, or -1 (the topic is not ours) and it is still the
 * caller's. */
int record_from_native (rd_kafka_message_t *message, record_t *self);

/* The last header of that name as text, cut to size; -1: it has none. */
int record_header_text (
    const rd_kafka_message_t *message, const char *name, char *text, size_t size);

/* Of its header; what is no traceparent is no trace. */
trace_t record_trace (const rd_kafka_message_t *message);

#endif

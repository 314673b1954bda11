/* A Kafka message as the bridge sees it, coming or going. SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_BRIDGE_RECORD_H
#define SASREC_BRIDGE_RECORD_H

#include <stddef.h>
#include <stdint.h>

#include "base/trace.h"
#include "bridge/topics.h"
#include "proto/receipt.h"

typedef struct {
    const char *name;
    const char *value;
} record_header_t;

typedef struct {
    topic_t topic;
    const void *key; /* NULL: none */
    size_t key_size;
    const void *value; /* NULL: none */
    size_t value_size;
    trace_t trace;                  /* the header RECORD_TRACE_HEADER */
    const record_header_t *headers; /* others; going only */
    size_t header_count;
    int32_t partition; /* coming only, like all below */
    int64_t offset;
    int64_t timestamp_ms; /* the producer's, unix ms; -1 = none */
    int attempts;         /* how often it was a dead letter before */
    int deliveries;    /* each ended the process; above 0: it is not to be worked on */
    receipt_t receipt; /* of a group's consumer */
    void *native;      /* librdkafka's message, which holds all this */
} record_t;

/* The trace that the message is part of (W3C Trace Context). */
#define RECORD_TRACE_HEADER "traceparent"

/* Says how often a replayed message was a dead letter before. */
#define RECORD_ATTEMPTS_HEADER "dlq-attempts"

/* Frees what a record that came holds. */
void record_release (record_t *self);

#endif

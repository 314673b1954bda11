/* The message "this took so long": one finished span of a trace, and its JSON, which is
 * that of OTLP (opentelemetry-proto, encoded as its JSON mapping says: ids in hex, 64-bit
 * integers as text). Made only of traces that are sampled.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_PROTO_SPAN_H
#define SASREC_PROTO_SPAN_H

#include "base/strbuf.h"
#include "base/trace.h"
#include "proto/result.h"

#define SPAN_ATTRIBUTE_LIMIT 4

/* OTLP's numbers. */
typedef enum { SPAN_INTERNAL = 1, SPAN_SERVER = 2, SPAN_CLIENT = 3 } span_kind_t;

typedef struct {
    const char *key;  /* constant; NULL ends the list */
    const char *text; /* constant, or NULL: the integer */
    int64_t integer;
} span_attribute_t;

typedef struct {
    trace_t trace;        /* the span's own place in it */
    uint8_t parent_id[8]; /* all zero: nobody's */
    const char *verb;     /* constant, before the name; or NULL */
    const char *name;     /* constant */
    span_kind_t kind;
    bool failed;
    int64_t start_us; /* unix */
    int64_t end_us;
    char request_id[PROTO_ID_SIZE];         /* or "" */
    char model_version[PROTO_VERSION_SIZE]; /* or "" */
    span_attribute_t attributes[SPAN_ATTRIBUTE_LIMIT];
} span_t;

/* A span with a fresh id, the child of what the trace names. */
span_t span_of (const trace_t *parent, const char *name, span_kind_t kind,
    int64_t start_us, int64_t end_us);

/* Who sends spans: OTLP's resource. Texts are borrowed. */
typedef struct {
    const char *service;
    const char *role;
    const char *instance; /* another for each process */
} span_source_t;

/* The body of a POST to /v1/traces, an ExportTraceServiceRequest. */
void spans_to_json (
    const span_source_t *source, const span_t *spans, size_t count, strbuf_t *out);

#endif

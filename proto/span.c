/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/span.h"

#include <inttypes.h>
#include <string.h>

#include "base/hex.h"

#define STATUS_ERROR 2 /* OTLP's number */

span_t
span_of (const trace_t *parent, const char *name, span_kind_t kind, int64_t start_us,
    int64_t end_us)
{
    span_t self = {.trace = *parent,
        .name = name,
        .kind = kind,
        .start_us = start_us < end_us ? start_us : end_us, /* clocks differ */
        .end_us = end_us};
    memcpy (self.parent_id, parent->span_id, sizeof self.parent_id);
    trace_make_span (self.trace.span_id);
    return self;
}

static void
s_add_id (strbuf_t *out, const char *key, const uint8_t *bytes, size_t count)
{
    char text[2 * sizeof ((trace_t *)0)->trace_id + 1] = "";
    hex_print (bytes, count, text);
    strbuf_addf (out, "\"%s\":\"%s\"", key, text);
}

/* Attributes are a list; first says whether one comes before. */
static void
s_add_text (strbuf_t *out, bool *first, const char *key, const char *text)
{
    strbuf_addf (
        out, "%s{\"key\":\"%s\",\"value\":{\"stringValue\":", *first ? "" : ",", key);
    strbuf_add_json_string (out, text);
    strbuf_add (out, "}}");
    *first = false;
}

static void
s_add_integer (strbuf_t *out, bool *first, const char *key, int64_t value)
{
    strbuf_addf (out, "%s{\"key\":\"%s\",\"value\":{\"intValue\":\"%" PRId64 "\"}}",
        *first ? "" : ",", key, value);
    *first = false;
}

static void
s_add_attributes (strbuf_t *out, const span_t *span)
{
    bool first = true;
    strbuf_add (out, ",\"attributes\":[");
    if (*span->request_id)
        s_add_text (out, &first, "sasrec.request_id", span->request_id);
    if (*span->model_version)
        s_add_text (out, &first, "sasrec.model_version", span->model_version);
    for (size_t i = 0; i < SPAN_ATTRIBUTE_LIMIT && span->attributes[i].key; i++) {
        const span_attribute_t *attribute = &span->attributes[i];
        if (attribute->text)
            s_add_text (out, &first, attribute->key, attribute->text);
        else
            s_add_integer (out, &first, attribute->key, attribute->integer);
    }
    strbuf_add (out, "]");
}

static void
s_add_span (strbuf_t *out, const span_t *span)
{
    static const uint8_t nobody[sizeof span->parent_id];
    strbuf_add (out, "{");
    s_add_id (out, "traceId", span->trace.trace_id, sizeof span->trace.trace_id);
    strbuf_add (out, ",");
    s_add_id (out, "spanId", span->trace.span_id, sizeof span->trace.span_id);
    if (memcmp (span->parent_id, nobody, sizeof nobody) != 0) {
        strbuf_add (out, ",");
        s_add_id (out, "parentSpanId", span->parent_id, sizeof span->parent_id);
    }
    strbuf_addf (out, ",\"name\":\"%s%s%s\",\"kind\":%d", span->verb ? span->verb : "",
        span->verb ? " " : "", span->name, (int)span->kind);
    strbuf_addf (out,
        ",\"startTimeUnixNano\":\"%" PRId64 "000\",\"endTimeUnixNano\":\"%" PRId64
        "000\"",
        span->start_us, span->end_us);
    s_add_attributes (out, span);
    if (span->failed)
        strbuf_addf (out, ",\"status\":{\"code\":%d}", STATUS_ERROR);
    strbuf_add (out, "}");
}

void
spans_to_json (
    const span_source_t *source, const span_t *spans, size_t count, strbuf_t *out)
{
    bool first = true;
    strbuf_add (out, "{\"resourceSpans\":[{\"resource\":{\"attributes\":[");
    s_add_text (out, &first, "service.name", source->service);
    s_add_text (out, &first, "service.version", SASREC_VERSION);
    s_add_text (out, &first, "service.instance.id", source->instance);
    s_add_text (out, &first, "sasrec.role", source->role);
    strbuf_add (out, "]},\"scopeSpans\":[{\"scope\":{\"name\":\"sasrec\",\"version\":"
                     "\"" SASREC_VERSION "\"},\"spans\":[");
    for (size_t i = 0; i < count; i++) {
        strbuf_add (out, i > 0 ? "," : "");
        s_add_span (out, &spans[i]);
    }
    strbuf_add (out, "]}]}]}");
}

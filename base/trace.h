/* A place in a trace, as W3C Trace Context names it: the trace that a request belongs to,
 * and the span in it that what comes next is part of. It travels with the request's
 * messages, by value; most have none. SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_BASE_TRACE_H
#define SASREC_BASE_TRACE_H

#include <stdbool.h>
#include <stdint.h>

#define TRACE_TEXT_SIZE    56 /* a traceparent and its NUL */
#define TRACE_ID_TEXT_SIZE 33
#define TRACE_SAMPLED      1

typedef struct {
    uint8_t trace_id[16]; /* all zero: no trace */
    uint8_t span_id[8];
    uint8_t flags; /* TRACE_SAMPLED or 0: those that we know */
} trace_t;

bool trace_exists (const trace_t *self);
bool trace_sampled (const trace_t *self);

/* A traceparent, "00-<32 hex>-<16 hex>-<2 hex>", by the rules of the specification:
 * later versions are read as far as they are known. -1: it is none, and *self no trace. */
int trace_parse (trace_t *self, const char *text);

/* The traceparent; of no trace "". */
void trace_print (const trace_t *self, char text[TRACE_TEXT_SIZE]);

/* The trace's id alone, in hex; of no trace "". */
void trace_print_id (const trace_t *self, char text[TRACE_ID_TEXT_SIZE]);

void trace_make (trace_t *self); /* a new trace: fresh ids, not sampled */
void trace_make_span (uint8_t span_id[8]);

#endif

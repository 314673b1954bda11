/* The spans of a process: which of its requests are traced, and what was measured of them
 * on its way to the span_sender. Whoever does the work gives its span here, which takes a
 * copy under a mutex and no more: when the queue is full the span is let go and counted.
 * NULL stands for "no tracing" everywhere. Safe from any thread.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_ACTORS_SPANS_H
#define SASREC_ACTORS_SPANS_H

#include <stdbool.h>
#include <stddef.h>

#include "actors/sampler.h"
#include "proto/span.h"

typedef struct spans spans_t;

spans_t *spans_new (const sampler_t *sampler, size_t limit);
void spans_destroy (spans_t **self_p);

/* A request has come, with the trace of who asks or with none: decides whether it is
 * recorded, and makes *trace the place of a span of ours. parent_id: who asks, zero for
 * nobody. */
void spans_begin (spans_t *self, trace_t *trace, uint8_t parent_id[8]);

/* Whether a span is wanted. self may be NULL, and mostly is. */
static inline bool
spans_want (const spans_t *self, const trace_t *trace)
{
    return self && trace_sampled (trace);
}

void spans_push (spans_t *self, const span_t *span);

/* For the span_sender: at most limit of those that wait, oldest first. */
size_t spans_take (spans_t *self, span_t *spans, size_t limit);

/* These were not sent, and are let go. */
void spans_drop (spans_t *self, size_t count);

/* Readable when the first span came into an empty queue, and when the queue is half full;
 * spans_clear makes it unreadable. */
int spans_fd (const spans_t *self);
void spans_clear (spans_t *self);

#endif

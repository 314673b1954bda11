/* The span_sender actor: what waits in the spans of the process goes to their receiver, by
 * OTLP over HTTP, a batch at a time, at most SPAN_SENDER_PAUSE_MS after it was measured. A
 * receiver that is away or slow is tried again with growing pauses while the queue fills;
 * then spans are let go. Nobody ever waits for it.
 *
 * commands      START (fails with an endpoint or headers that cannot be); $TERM (what waits
 *               is sent, for at most SPAN_SENDER_FLUSH_MS, if the receiver is there)
 * messages in   span_t from the queue (actors/spans.h)
 * messages out  none
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_ACTORS_SPAN_SENDER_H
#define SASREC_ACTORS_SPAN_SENDER_H

#include <czmq.h>

#include "actors/spans.h"

#define SPAN_SENDER_PAUSE_MS 1000
#define SPAN_SENDER_FLUSH_MS 500

typedef struct {
    spans_t *spans;
    const char *endpoint; /* as for otlp_new */
    const char *headers;
    const char *service; /* OTEL_SERVICE_NAME */
    const char *role;
} span_sender_args_t;

/* args: span_sender_args_t, borrowed until the actor ends. */
void span_sender_actor (zsock_t *pipe, void *args);

#endif

/* An exchange as a span of a trace: who asks may have named it (traceparent), and what is
 * done for the exchange becomes part of it. Probes are none of it. Without tracing a trace
 * is only handed on. SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_ACTORS_HTTP_TRACING_H
#define SASREC_ACTORS_HTTP_TRACING_H

#include "actors/http/context.h"

/* Before the handler; route: NULL when there is none. */
void tracing_begin (
    const http_context_t *context, exchange_t *exchange, const route_t *route);

/* After it. started_us: monotonic. */
void tracing_end (const http_context_t *context, const exchange_t *exchange,
    const route_t *route, int64_t started_us);

#endif

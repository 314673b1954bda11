/* Live events: what /events streams and "Prefer: wait" waits for. The result_router
 * publishes, HTTP threads read; a bounded set of recent results lets a stream that comes
 * late still get its result. Knows no socket; safe from any thread.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_ACTORS_LIVE_H
#define SASREC_ACTORS_LIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/strbuf.h"
#include "proto/result.h"

typedef struct live live_t;
typedef struct live_stream live_stream_t;

/* recent_limit: results kept for late readers (and general events for Last-Event-ID);
 * stream_limit: streams at a time. */
live_t *live_new (size_t recent_limit, size_t stream_limit);
void live_destroy (live_t **self_p); /* all streams must be closed */

/* Event "result" to the streams of that request id: {"request_id", "result":{...}|null,
 * "error":null|"..."}. Borrowed. */
void live_publish_result (live_t *self, const result_t *result);

/* An event ("model", "stats") to every stream without a request id; json: its data. */
void live_publish (live_t *self, const char *event, const char *json);

/* request_id NULL: general events, those after last_id first (0 = from now on).
 * NULL when there are too many streams or the hub is closed. */
live_stream_t *live_open (live_t *self, const char *request_id, uint64_t last_id);
void live_close (live_stream_t **stream_p);

/* Waits up to timeout_ms and appends what came as SSE text ("id:", "event:", "data:").
 * 1 something, 0 nothing, -1 the hub is closed: end the stream. */
int live_next (live_stream_t *stream, int timeout_ms, strbuf_t *out);

/* True when the result of that request was published, now or before deadline_ms
 * (clock_monotonic_ms). *result_json (may be NULL) gets its fresh payload JSON, or NULL
 * when it failed. */
bool live_wait_result (
    live_t *self, const char *request_id, int64_t deadline_ms, char **result_json);

/* Wakes and ends every stream and wait: the process is stopping. */
void live_shutdown (live_t *self);

#endif

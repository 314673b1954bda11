/* Live events for all: what /events streams without a request id. Actors publish, HTTP
 * threads read; a bounded ring lets a stream that comes back go on where it was. Knows no
 * socket; safe from any thread. SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_ACTORS_LIVE_H
#define SASREC_ACTORS_LIVE_H

#include <stddef.h>
#include <stdint.h>

#include "base/strbuf.h"

typedef struct live live_t;
typedef struct live_stream live_stream_t;

/* event_limit: events kept for Last-Event-ID. */
live_t *live_new (size_t event_limit);
void live_destroy (live_t **self_p); /* all streams must be closed */

/* An event ("model", "stats", "health") to every stream; json: its data. */
void live_publish (live_t *self, const char *event, const char *json);

/* Those after last_id first; 0, or an id that this process has not given yet (another
 * behind the same address has): from now on. NULL: the process is stopping. */
live_stream_t *live_open (live_t *self, uint64_t last_id);
void live_close (live_stream_t **stream_p);

/* Waits up to timeout_ms and appends what came as SSE text ("id:", "event:", "data:").
 * 1 something, 0 nothing, -1 the process is stopping: end the stream. */
int live_next (live_stream_t *stream, int timeout_ms, strbuf_t *out);

/* Wakes and ends every stream: the process is stopping. */
void live_shutdown (live_t *self);

#endif

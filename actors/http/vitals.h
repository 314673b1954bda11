/* The live event "health": how the process is, for pages that show it as it changes.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_ACTORS_HTTP_VITALS_H
#define SASREC_ACTORS_HTTP_VITALS_H

#include "actors/live.h"

typedef struct {
    live_t *live;       /* borrowed */
    uint64_t published; /* health_changes () of the last event */
} vitals_t;

void vitals_init (vitals_t *self, live_t *live);

/* Publishes the checks (health_to_json) when one changed since the last time. */
void vitals_publish (vitals_t *self);

/* Appends the event as it is now, without an id: what a stream begins with. */
void vitals_add (strbuf_t *out);

#endif

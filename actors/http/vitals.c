/* SPDX-License-Identifier: Apache-2.0 */
#include "actors/http/vitals.h"

#include "base/health.h"

void
vitals_init (vitals_t *self, live_t *live)
{
    *self = (vitals_t){.live = live, .published = health_changes ()};
}

void
vitals_publish (vitals_t *self)
{
    uint64_t changes = health_changes ();
    if (changes == self->published)
        return;
    strbuf_t json = STRBUF_EMPTY;
    health_to_json (&json);
    live_publish (self->live, "health", json.data);
    strbuf_free (&json);
    self->published = changes;
}

void
vitals_add (strbuf_t *out)
{
    strbuf_add (out, "event: health\ndata: ");
    health_to_json (out);
    strbuf_add (out, "\n\n");
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/rejoin.h"

static int64_t
s_delay_ms (const rejoin_t *self)
{
    return self->delay_ms ? self->delay_ms : REJOIN_FIRST_MS;
}

void
rejoin_note (rejoin_t *self, bool lacks, int64_t now_ms)
{
    if (lacks)
        self->due_ms = now_ms + s_delay_ms (self);
    else
        *self = (rejoin_t){0};
}

void
rejoin_cancel (rejoin_t *self)
{
    self->due_ms = 0;
}

bool
rejoin_due (const rejoin_t *self, int64_t now_ms)
{
    return self->due_ms && now_ms >= self->due_ms;
}

void
rejoin_tried (rejoin_t *self)
{
    int64_t next_ms = 2 * s_delay_ms (self);
    self->delay_ms = next_ms < REJOIN_LAST_MS ? next_ms : REJOIN_LAST_MS;
    self->due_ms = 0;
}

void
rejoin_put_off (rejoin_t *self, int64_t now_ms)
{
    self->due_ms = now_ms + REJOIN_FIRST_MS;
}

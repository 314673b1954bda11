/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/sticky.h"

void
sticky_init (sticky_t *self, uint64_t seed)
{
    *self = (sticky_t){.partition = -1};
    rng_seed (&self->rng, seed, 0);
}

void
sticky_set_count (sticky_t *self, int32_t count)
{
    self->count = count;
    if (self->partition >= count)
        self->until_ms = 0;
}

/* Another one than before, if there is one. */
static int32_t
s_next (sticky_t *self)
{
    if (self->partition < 0 || self->partition >= self->count)
        return (int32_t)rng_below (&self->rng, (uint64_t)self->count);
    if (self->count == 1)
        return 0;
    int32_t step = 1 + (int32_t)rng_below (&self->rng, (uint64_t)self->count - 1);
    return (self->partition + step) % self->count;
}

int32_t
sticky_partition (sticky_t *self, int64_t now_ms)
{
    if (self->count <= 0)
        return -1;
    if (now_ms >= self->until_ms) {
        self->partition = s_next (self);
        self->until_ms = now_ms + STICKY_MS;
    }
    return self->partition;
}

/* Partitions in turns. SPDX-License-Identifier: Apache-2.0 */
#include "bridge/spread.h"

void
spread_init (spread_t *self, uint64_t seed)
{
    *self = (spread_t){.partition = -1};
    rng_seed (&self->rng, seed, 0);
}

void
spread_set_count (spread_t *self, int32_t count)
{
    self->count = count;
    if (self->partition >= count)
        self->until_ms = 0;
}

/* Another one than before, if there is one. */
static int32_t
s_next (spread_t *self)
{
    if (self->partition < 0 || self->partition >= self->count)
        return (int32_t)rng_below (&self->rng, (uint64_t)self->count);
    if (self->count == 1)
        return 0;
    int32_t step = 1 + (int32_t)rng_below (&self->rng, (uint64_t)self->count - 1);
    return (self->partition + step) % self->count;
}

int32_t
spread_partition (spread_t *self, int64_t now_ms)
{
    if (self->count <= 0)
        return -1;
    if (now_ms >= self->until_ms) {
        self->partition = s_next (self);
        self->until_ms = now_ms + SPREAD_MS;
    }
    return self->partition;
}

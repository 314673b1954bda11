/* SPDX-License-Identifier: Apache-2.0 */
#include "store/portion.h"

#include <assert.h>

#define QUICK 4 /* a write in less than this part of the time-out may double */

portion_t
portion_make (size_t most, int timeout_ms)
{
    assert (most > 0);
    return (portion_t){.limit = most, .most = most, .timeout_ms = timeout_ms};
}

bool
portion_too_long (const portion_t *self, int64_t took_ms)
{
    return self->timeout_ms > 0 && took_ms >= self->timeout_ms;
}

void
portion_halve (portion_t *self, size_t count)
{
    self->limit = count > 1 ? count / 2 : 1;
}

void
portion_note (portion_t *self, size_t count, int64_t took_ms, bool done)
{
    if (!done && portion_too_long (self, took_ms))
        portion_halve (self, count);
    else if (done && count >= self->limit && took_ms < self->timeout_ms / QUICK)
        self->limit = self->limit < self->most / 2 ? 2 * self->limit : self->most;
}

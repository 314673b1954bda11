/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/deliveries.h"

#include <inttypes.h>
#include <stdio.h>

/* "sasrec 1 working DEATHS UNTIL ALONE"; alone is of the offset it is committed with. */
#define FORMAT_READ  "sasrec 1 %7s %d %" SCNd64 " %d"
#define FORMAT_WRITE "sasrec 1 %s %d %" PRId64 " %d"

void
deliveries_read (
    deliveries_t *self, const char *metadata, int64_t committed, int64_t end)
{
    char word[8] = "";
    deliveries_t left = {0};
    *self = (deliveries_t){.offset = -1};
    if (!metadata || sscanf (metadata, FORMAT_READ, word, &left.deaths, &left.until,
                         &left.alone) != 4)
        return;
    *self = (deliveries_t){.deaths = left.deaths,
        .until = left.until,
        .offset = committed,
        .alone = left.alone};
    if (word[0] != 'w')
        return;
    self->deaths++;
    if (end > self->until && self->alone == 0)
        self->until = end;
}

void
deliveries_write (const deliveries_t *self, int64_t next, bool working,
    char text[DELIVERIES_TEXT_SIZE])
{
    bool past = next >= self->until;
    if (past && !working)
        text[0] = '\0';
    else
        snprintf (text, DELIVERIES_TEXT_SIZE, FORMAT_WRITE,
            working ? "working" : "idle", past ? 0 : self->deaths,
            past ? 0 : self->until, next == self->offset ? self->alone : 0);
}

bool
deliveries_suspect (const deliveries_t *self, int64_t offset)
{
    return self->deaths >= DELIVERIES_BULK && offset < self->until;
}

int
deliveries_of (const deliveries_t *self, int64_t offset)
{
    int alone = offset == self->offset ? self->alone : 0;
    return alone > 0 ? DELIVERIES_BULK + alone : 0;
}

bool
deliveries_condemned (const deliveries_t *self, int64_t offset, int limit)
{
    return limit > 0 && deliveries_suspect (self, offset) &&
           deliveries_of (self, offset) >= limit;
}

void
deliveries_count (deliveries_t *self, int64_t offset)
{
    self->alone = offset == self->offset ? self->alone + 1 : 1;
    self->offset = offset;
}

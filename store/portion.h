/* How many rows to write in one statement, so that it ends before its time-out. A write
 * that took too long is halved until it fits, and a full one that was quick doubles: a
 * slow disk or a slow line makes transactions smaller, not endless repeats of one that
 * never ends. SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_STORE_PORTION_H
#define SASREC_STORE_PORTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct {
    size_t limit;   /* rows in the next statement, 1..most */
    size_t most;    /* the limit when all is well */
    int timeout_ms; /* of a statement; 0: none, then the limit stays */
} portion_t;

portion_t portion_make (size_t most, int timeout_ms);

/* A write of count rows took so long; done: it was committed. */
void portion_note (portion_t *self, size_t count, int64_t took_ms, bool done);

/* A write of count rows failed in a way that fewer may not. */
void portion_halve (portion_t *self, size_t count);

/* It failed, and took so long that repeating it with as many rows makes no sense. */
bool portion_too_long (const portion_t *self, int64_t took_ms);

#endif

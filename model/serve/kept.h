/* Keys and values of a history's items in every block: all that later items need of
 * earlier ones. Positions count from the oldest item, so they stay right when the history
 * grows. SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_MODEL_SERVE_KEPT_H
#define SASREC_MODEL_SERVE_KEPT_H

#include "model/serve/packed.h"

typedef struct kept kept_t;

/* Empty, with room for so many items. passing: only the last two blocks' are there, for a
 * history that is computed block by block and not kept. */
kept_t *kept_new (const packed_t *packed, size_t room, bool passing);
void kept_destroy (kept_t **self_p);

size_t kept_count (const kept_t *self); /* items */
size_t kept_size (const kept_t *self);  /* bytes */

/* Only the first count of them; or, when their rows have been put in every block, more. */
void kept_set_count (kept_t *self, size_t count);

/* Room for at least so many items; what is kept stays. */
void kept_reserve (kept_t *self, size_t room);

/* Rows of keys and values in a block, from an item on. */
typedef struct {
    size_t block, first, count;
    const float *keys, *values; /* rows of ld floats */
    size_t ld;
} kept_rows_t;
void kept_put (kept_t *self, const kept_rows_t *rows);

/* As attention reads them: keys packed, values in rows of kept_ld floats. */
const float *kept_keys (const kept_t *self, size_t block);
const float *kept_values (const kept_t *self, size_t block);
size_t kept_ld (const kept_t *self);

#endif

/* Item id -> dense index. Ids are 0 to 2^53 - 1. Lookups from any number of threads. SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_MODEL_DATA_IDMAP_H
#define SASREC_MODEL_DATA_IDMAP_H

#include <stddef.h>
#include <stdint.h>

typedef struct idmap idmap_t;

idmap_t *idmap_new (size_t expected);
void idmap_destroy (idmap_t **self_p);
size_t idmap_count (const idmap_t *self);

/* While one id is added or looked up, so many later ones may be expected. */
#define IDMAP_AHEAD 16

/* The id comes soon: where it belongs is on its way from memory. */
void idmap_expect (const idmap_t *self, int64_t id);

/* The index of the id; a new id gets the next one, idmap_count before the call. */
int32_t idmap_add (idmap_t *self, int64_t id);

/* The id with this index. */
int64_t idmap_id (const idmap_t *self, size_t index);

/* -1 for an unknown id, whatever its value. */
int32_t idmap_find (const idmap_t *self, int64_t id);

#endif

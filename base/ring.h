/* A bounded first-in-first-out queue of pointers. Knows no lock and no socket.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_BASE_RING_H
#define SASREC_BASE_RING_H

#include <stdbool.h>
#include <stddef.h>

typedef struct ring ring_t;

ring_t *ring_new (size_t capacity);
void ring_destroy (ring_t **self_p); /* must be empty: items have owners */
size_t ring_count (const ring_t *self);
bool ring_full (const ring_t *self);
int ring_push (ring_t *self, void *item); /* -1 when full; item stays the caller's */
void *ring_pop (ring_t *self);            /* the oldest; NULL when empty */
void *ring_peek (const ring_t *self);

#endif

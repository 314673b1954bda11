/* Made-up readers of a catalog, for trying things out. A reader follows two series at a
 * time and goes from one to the other, so the book before the last says more about the
 * next than the last does; favours a few categories; and at times picks up a
 * best-seller, or what nobody has read yet. Same arguments, same interactions.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_DEMO_SIMULATE_H
#define SASREC_DEMO_SIMULATE_H

#include <stddef.h>
#include <stdint.h>

#include "demo/catalog.h"

/* Interactions of a user, if the catalog is large enough. */
#define SIMULATE_LENGTH_LEAST 20
#define SIMULATE_LENGTH_MOST  60

/* One interaction. user: from 1; item: 0 to item_count - 1. Not 0 stops the run. */
typedef int simulate_row_f (
    void *context, size_t user, size_t item, int64_t created_at_us);

/* Calls row for each user's interactions, oldest first, over the half year before
 * now_us (unix microseconds). No user reads an item twice. 0, or what row returned. */
int simulate_users (const catalog_t *catalog, size_t user_count, uint64_t seed,
    int64_t now_us, simulate_row_f *row, void *context);

#endif

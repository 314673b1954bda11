/* Items that somebody named, and what the model makes of them: an answer to candidates has
 * those that the model knows, in their order, and here each gets its place again.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_ACTORS_HTTP_SCORED_H
#define SASREC_ACTORS_HTTP_SCORED_H

#include <stdbool.h>

#include "base/strbuf.h"
#include "proto/result.h"

typedef struct {
    int64_t item_id;
    float score; /* 0 unless it is known */
    bool known;
    size_t place; /* among those that were named */
} scored_t;

/* Each of the items, in their order; fresh. result: of a request with these candidates. */
scored_t *scored_new (const int64_t *items, size_t count, const result_t *result);

/* Best first, of equal ones that which was named first; unknown ones last. */
void scored_rank (scored_t *self, size_t count);

/* "item_ids":[...],"scores":[...] with null for unknown ones. */
void scored_write (const scored_t *self, size_t count, strbuf_t *out);

/* ,"unknown_items":[...] */
void scored_write_unknown (const scored_t *self, size_t count, strbuf_t *out);

#endif

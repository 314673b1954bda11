/* ?expand=items: what the table items has, beside the ids of an answer, so that nobody has
 * to ask for titles after it. One query by key for an answer, however many lists it has;
 * none without the parameter. SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_ACTORS_HTTP_EXPAND_H
#define SASREC_ACTORS_HTTP_EXPAND_H

#include "actors/http/context.h"
#include "store/items.h"

typedef struct {
    bool wanted;
    items_t found;      /* by id; owned */
    model_ref_t *model; /* "in_model" is said of it; owned, or NULL */
} expand_t;             /* zeros: nothing is wanted */

/* Whether the URL says it. False: it says something else, and the problem has been
 * replied. */
bool expand_read (exchange_t *exchange, expand_t *self);

/* Looks all ids of an answer up, in any order, once. False: the problem has been replied.
 * Where nothing is wanted this and the next two do nothing. */
bool expand_find (expand_t *self, http_context_t *context, exchange_t *exchange,
    const int64_t *ids, size_t count);

/* ,"items":[...], one for each id in that order, or ,"item":{...}; null where there is no
 * row. */
void expand_add_list (
    const expand_t *self, const int64_t *ids, size_t count, strbuf_t *body);
void expand_add (const expand_t *self, int64_t id, strbuf_t *body);

void expand_free (expand_t *self);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#include "actors/http/expand.h"

#include <stdlib.h>
#include <string.h>

#include "actors/http/items.h"
#include "actors/http/query.h"

bool
expand_read (exchange_t *exchange, expand_t *self)
{
    char word[16];
    query_status_t status = query_find (exchange->query, "expand", word, sizeof word);
    *self = (expand_t){.wanted = status == QUERY_FOUND && strcmp (word, "items") == 0};
    if (self->wanted || status == QUERY_ABSENT)
        return true;
    exchange_problem_parameter (exchange, "expand", "expand must be items");
    return false;
}

bool
expand_find (expand_t *self, http_context_t *context, exchange_t *exchange,
    const int64_t *ids, size_t count)
{
    if (!self->wanted)
        return true;
    db_t *db = http_context_take_db (context, exchange);
    if (!db)
        return false;
    db_status_t status = items_find (db, ids, count, &self->found);
    self->model = http_context_model (context);
    return http_context_give_db (context, &db, status, exchange);
}

static int
s_compare (const void *id, const void *item)
{
    int64_t a = *(const int64_t *)id, b = ((const item_t *)item)->item_id;
    return (a > b) - (a < b);
}

static void
s_add_one (const expand_t *self, int64_t id, strbuf_t *body)
{
    const items_t *found = &self->found;
    const item_t *item =
        bsearch (&id, found->items, found->count, sizeof *found->items, s_compare);
    if (item)
        items_add_one (item, self->model, body);
    else
        strbuf_add (body, "null");
}

void
expand_add_list (const expand_t *self, const int64_t *ids, size_t count, strbuf_t *body)
{
    if (!self->wanted)
        return;
    strbuf_add (body, ",\"items\":[");
    for (size_t i = 0; i < count; i++) {
        strbuf_add (body, i > 0 ? "," : "");
        s_add_one (self, ids[i], body);
    }
    strbuf_add (body, "]");
}

void
expand_add (const expand_t *self, int64_t id, strbuf_t *body)
{
    if (!self->wanted)
        return;
    strbuf_add (body, ",\"item\":");
    s_add_one (self, id, body);
}

void
expand_free (expand_t *self)
{
    items_free (&self->found);
    model_ref_release (&self->model);
}

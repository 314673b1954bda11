/* SPDX-License-Identifier: Apache-2.0 */
#include "actors/http/expand.h"

#include <stdlib.h>
#include <string.h>

#include "actors/http/items.h"
#include "actors/http/query.h"

bool
expand_read (exchange_t *exchange, bool *wanted)
{
    char word[16];
    query_status_t status = query_find (exchange->query, "expand", word, sizeof word);
    *wanted = status == QUERY_FOUND && strcmp (word, "items") == 0;
    if (*wanted || status == QUERY_ABSENT)
        return true;
    exchange_problem_parameter (exchange, "expand", "expand must be items");
    return false;
}

static int
s_compare (const void *id, const void *item)
{
    int64_t a = *(const int64_t *)id, b = ((const item_t *)item)->item_id;
    return (a > b) - (a < b);
}

static void
s_write (http_context_t *context, const int64_t *ids, size_t id_count,
    const items_t *found, strbuf_t *body)
{
    model_ref_t *model = http_context_model (context);
    strbuf_add (body, ",\"items\":[");
    for (size_t i = 0; i < id_count; i++) {
        const item_t *item = bsearch (
            &ids[i], found->items, found->count, sizeof *found->items, s_compare);
        strbuf_add (body, i > 0 ? "," : "");
        if (item)
            items_add_one (item, model, body);
        else
            strbuf_add (body, "null");
    }
    strbuf_add (body, "]");
    model_ref_release (&model);
}

bool
expand_write (http_context_t *context, exchange_t *exchange, const int64_t *ids,
    size_t id_count, strbuf_t *body)
{
    items_t found;
    db_t *db = http_context_take_db (context, exchange);
    if (!db)
        return false;
    db_status_t status = items_find (db, ids, id_count, &found);
    bool good = http_context_give_db (context, &db, status, exchange);
    if (good)
        s_write (context, ids, id_count, &found, body);
    items_free (&found);
    return good;
}

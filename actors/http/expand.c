/* SPDX-License-Identifier: Apache-2.0 */
#include "actors/http/expand.h"

#include <stdlib.h>
#include <string.h>

#include "actors/http/item.h"
#include "actors/http/query.h"
#include "store/items.h"

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
s_write (const int64_t *ids, size_t id_count, const item_t *items, size_t count,
    strbuf_t *body)
{
    strbuf_add (body, ",\"items\":[");
    for (size_t i = 0; i < id_count; i++) {
        const item_t *item = bsearch (&ids[i], items, count, sizeof *items, s_compare);
        strbuf_add (body, i > 0 ? "," : "");
        if (item)
            item_write (item, body);
        else
            strbuf_add (body, "null");
    }
    strbuf_add (body, "]");
}

bool
expand_write (http_context_t *context, exchange_t *exchange, const int64_t *ids,
    size_t id_count, strbuf_t *body)
{
    item_t *items = NULL;
    size_t count = 0;
    db_t *db = http_context_take_db (context, exchange);
    if (!db)
        return false;
    db_status_t status = items_find (db, ids, id_count, &items, &count);
    bool good = http_context_give_db (context, &db, status, exchange);
    if (good)
        s_write (ids, id_count, items, count, body);
    items_free (&items, count);
    return good;
}

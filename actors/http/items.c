/* GET /items?ids=1&ids=2: titles and categories. SPDX-License-Identifier: Apache-2.0 */
#include "store/items.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "actors/http/context.h"
#include "actors/http/item.h"
#include "actors/http/query.h"
#include "actors/http/routes.h"

#define IDS_LIMIT     ((size_t)1000)
#define IDS_TEXT_SIZE (IDS_LIMIT * 17) /* 16 digits and a comma each */

static void
s_add_text (strbuf_t *body, const char *key, const char *value)
{
    strbuf_addf (body, ",\"%s\":", key);
    if (value)
        strbuf_add_json_string (body, value);
    else
        strbuf_add (body, "null");
}

void
item_write (const item_t *item, strbuf_t *body)
{
    strbuf_add (body, "{\"item_id\":");
    strbuf_add_json_int (body, item->item_id);
    s_add_text (body, "title", item->title);
    s_add_text (body, "category", item->category);
    strbuf_add (body, "}");
}

static void
s_reply_items (exchange_t *exchange, const item_t *items, size_t count)
{
    strbuf_t body = STRBUF_EMPTY;
    strbuf_add (&body, "[");
    for (size_t i = 0; i < count; i++) {
        strbuf_add (&body, i > 0 ? "," : "");
        item_write (&items[i], &body);
    }
    strbuf_add (&body, "]");
    exchange_reply_json (exchange, 200, &body);
}

/* Fresh, *count of them; NULL: the problem has been replied. */
static int64_t *
s_read_ids (exchange_t *exchange, size_t *count)
{
    char *text = malloc (IDS_TEXT_SIZE);
    int64_t *ids = malloc (IDS_LIMIT * sizeof *ids);
    assert (text && ids);
    query_status_t status =
        query_find_list (exchange->query, "ids", text, IDS_TEXT_SIZE);
    bool good = status == QUERY_FOUND &&
                query_integers (text, 0, JSON_INTEGER_MAX, ids, IDS_LIMIT, count);
    free (text);
    if (good)
        return ids;
    free (ids);
    exchange_problem_parameter (
        exchange, "ids", "ids must be 1 to 1000 item ids: ids=1,2 or ids=1&ids=2");
    return NULL;
}

void
items_get (http_context_t *context, exchange_t *exchange)
{
    size_t id_count, count = 0;
    int64_t *ids = s_read_ids (exchange, &id_count);
    if (!ids)
        return;
    item_t *items = NULL;
    db_t *db = http_context_take_db (context, exchange);
    if (db) {
        db_status_t status = items_find (db, ids, id_count, &items, &count);
        if (http_context_give_db (context, &db, status, exchange))
            s_reply_items (exchange, items, count);
    }
    items_free (&items, count);
    free (ids);
}

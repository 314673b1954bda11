/* GET /popular: what has been chosen most of late. SPDX-License-Identifier: Apache-2.0 */
#include "store/popular.h"

#include "actors/http/context.h"
#include "actors/http/expand.h"
#include "actors/http/routes.h"
#include "proto/item_list.h"
#include "proto/request.h"

#define DAYS_DEFAULT  7
#define DAYS_LIMIT    3650
#define CATEGORY_SIZE 257

typedef struct {
    char category[CATEGORY_SIZE]; /* "": any */
    int64_t days;
    int64_t k;
} wish_t;

static void
s_reply (exchange_t *exchange, const wish_t *wish, const popular_t *popular,
    const expand_t *expand)
{
    strbuf_t body = STRBUF_EMPTY;
    strbuf_add (&body, "{\"days\":");
    strbuf_add_json_int (&body, wish->days);
    strbuf_add (&body, ",\"category\":");
    if (*wish->category)
        strbuf_add_json_string (&body, wish->category);
    else
        strbuf_add (&body, "null");
    strbuf_add (&body, ",\"item_ids\":");
    strbuf_add_json_int_array (&body, popular->item_ids, popular->count);
    item_list_add_keys (&body, popular->item_keys, popular->count);
    strbuf_add (&body, ",\"counts\":");
    strbuf_add_json_int_array (&body, popular->counts, popular->count);
    expand_add_list (expand, popular->item_ids, popular->count, &body);
    strbuf_add (&body, "}");
    exchange_reply_json (exchange, 200, &body);
}

void
popular_get (http_context_t *context, exchange_t *exchange)
{
    expand_t expand;
    wish_t wish = {.days = DAYS_DEFAULT, .k = PROTO_K_DEFAULT};
    if (!exchange_read_integer (exchange, "days", 1, DAYS_LIMIT, &wish.days) ||
        !exchange_read_integer (exchange, "k", 1, PROTO_K_LIMIT, &wish.k) ||
        !exchange_read_text (
            exchange, "category", wish.category, sizeof wish.category) ||
        !expand_read (exchange, &expand))
        return;
    db_t *db = http_context_take_db_for_list (context, exchange);
    if (!db)
        return;
    popular_t popular;
    db_status_t status =
        popular_find (db, (int)wish.days, wish.category, (size_t)wish.k, &popular);
    if (http_context_give_db_for_list (context, &db, status, exchange) &&
        expand_find (&expand, context, exchange, popular.item_ids, popular.count))
        s_reply (exchange, &wish, &popular, &expand);
    expand_free (&expand);
    popular_free (&popular);
}

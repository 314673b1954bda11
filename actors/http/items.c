/* GET /items: by their ids, or by words in their titles. SPDX-License-Identifier: Apache-2.0 */
#include "actors/http/items.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "actors/http/query.h"
#include "actors/http/routes.h"

#define IDS_LIMIT     ((size_t)1000)
#define IDS_TEXT_SIZE (IDS_LIMIT * 17) /* 16 digits and a comma each */
#define QUERY_SIZE    257
#define LIMIT_DEFAULT 20
#define LIMIT_MOST    100

void
items_add_one (const item_t *item, const model_ref_t *model, strbuf_t *body)
{
    bool known =
        model && model_item_index (model_ref_model (model), item->item_id) >= 0;
    strbuf_add_bytes (body, item->json, strlen (item->json) - 1); /* its last brace */
    strbuf_addf (body, ",\"in_model\":%s}", known ? "true" : "false");
}

bool
items_give_db (
    http_context_t *context, db_t **db_p, db_status_t status, exchange_t *exchange)
{
    char detail[160];
    json_fault_t fault;
    if (status != DB_DATA)
        return http_context_give_db (context, db_p, status, exchange);
    snprintf (detail, sizeof detail,
        "Nothing was written, PostgreSQL refused it: %.100s", db_error (*db_p));
    pool_give (context->args->pool, db_p);
    json_fail (&fault, "", detail);
    exchange_problem_json (exchange, PROBLEM_INVALID_FIELD, &fault);
    return false;
}

static void
s_reply_items (http_context_t *context, exchange_t *exchange, const items_t *found)
{
    strbuf_t body = STRBUF_EMPTY;
    model_ref_t *model = http_context_model (context);
    strbuf_add (&body, "[");
    for (size_t i = 0; i < found->count; i++) {
        if (i > 0)
            strbuf_add (&body, ",");
        items_add_one (&found->items[i], model, &body);
    }
    strbuf_add (&body, "]");
    model_ref_release (&model);
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
    exchange_problem_parameter (exchange, "ids",
        "ids must be 1 to 1000 item ids: ids=1,2 or ids=1&ids=2; or search by query");
    return NULL;
}

static void
s_find (http_context_t *context, exchange_t *exchange)
{
    size_t id_count;
    int64_t *ids = s_read_ids (exchange, &id_count);
    db_t *db = ids ? http_context_take_db (context, exchange) : NULL;
    if (db) {
        items_t found;
        db_status_t status = items_find (db, ids, id_count, &found);
        if (http_context_give_db (context, &db, status, exchange))
            s_reply_items (context, exchange, &found);
        items_free (&found);
    }
    free (ids);
}

/* Without a trigram index its cost grows with the table: a turn among the lists. */
static void
s_search (http_context_t *context, exchange_t *exchange, const char *words)
{
    int64_t limit = LIMIT_DEFAULT;
    if (!exchange_read_integer (exchange, "limit", 1, LIMIT_MOST, &limit))
        return;
    if (!items_has_word (words)) {
        exchange_problem_parameter (
            exchange, "query", "query must have a letter or a digit");
        return;
    }
    db_t *db = http_context_take_db_for_list (context, exchange);
    if (!db)
        return;
    items_t found;
    db_status_t status = items_search (db, words, (size_t)limit, &found);
    if (http_context_give_db_for_list (context, &db, status, exchange))
        s_reply_items (context, exchange, &found);
    items_free (&found);
}

void
items_get (http_context_t *context, exchange_t *exchange)
{
    char words[QUERY_SIZE], ids[2];
    bool by_ids = query_find (exchange->query, "ids", ids, sizeof ids) != QUERY_ABSENT;
    if (!exchange_read_text (exchange, "query", words, sizeof words))
        return;
    if (by_ids && *words)
        exchange_problem_parameter (
            exchange, "query", "query stands in place of ids, not beside them");
    else if (*words)
        s_search (context, exchange, words);
    else
        s_find (context, exchange);
}

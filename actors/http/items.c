/* GET /items: by their names, by words in their titles, or one after the other. SPDX-License-Identifier: Apache-2.0 */
#include "actors/http/items.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "actors/http/query.h"
#include "actors/http/routes.h"
#include "base/item_key.h"
#include "store/item_names.h"

#define IDS_LIMIT     ((size_t)1000)
#define IDS_TEXT_SIZE 65536
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

/* The names between commas, in their text; 0: a bad one is among them, or too many. */
static size_t
s_split (char *text, const char **names)
{
    size_t count = 0;
    for (char *end = text; end; text = end + 1) {
        end = strchr (text, ',');
        if (end)
            *end = '\0';
        if (count == IDS_LIMIT || !item_key_valid (text))
            return 0;
        names[count++] = text;
    }
    return count;
}

/* What is asked for. */
typedef struct {
    const char **names; /* NULL: any */
    size_t name_count;
    char words[QUERY_SIZE]; /* "": any */
    int64_t after, limit;   /* of what has no names */
} wish_t;

static db_status_t
s_find_named (db_t *db, const wish_t *wish, items_t *found)
{
    int64_t *ids = calloc (wish->name_count, sizeof *ids);
    assert (ids);
    db_status_t status = item_names_resolve (db, wish->names, wish->name_count, ids);
    if (status == DB_OK && *wish->words)
        status = items_search (
            db, wish->words, ids, wish->name_count, (size_t)wish->limit, found);
    else if (status == DB_OK)
        status = items_find (db, ids, wish->name_count, found);
    free (ids);
    return status;
}

static db_status_t
s_find (db_t *db, const wish_t *wish, items_t *found)
{
    size_t limit = (size_t)wish->limit;
    if (wish->names)
        return s_find_named (db, wish, found);
    return *wish->words ? items_search (db, wish->words, NULL, 0, limit, found)
                        : items_list (db, wish->after, limit, found);
}

/* Without a trigram index the cost of a search grows with the table: a turn among the
 * lists. */
static void
s_answer (http_context_t *context, exchange_t *exchange, const wish_t *wish)
{
    items_t found = {0};
    bool list = *wish->words != '\0';
    db_t *db = list ? http_context_take_db_for_list (context, exchange)
                    : http_context_take_db (context, exchange);
    if (!db)
        return;
    db_status_t status = s_find (db, wish, &found);
    bool good = list ? http_context_give_db_for_list (context, &db, status, exchange)
                     : http_context_give_db (context, &db, status, exchange);
    if (good)
        s_reply_items (context, exchange, &found);
    items_free (&found);
}

/* text: holds the names. False: the problem has been replied. */
static bool
s_read_names (exchange_t *exchange, char *text, const char **names, wish_t *wish)
{
    query_status_t status =
        query_find_list (exchange->query, "ids", text, IDS_TEXT_SIZE);
    if (status == QUERY_ABSENT)
        return true;
    wish->names = names;
    wish->name_count = status == QUERY_FOUND ? s_split (text, names) : 0;
    if (wish->name_count == 0)
        exchange_problem_parameter (exchange, "ids",
            "ids must be 1 to 1000 item ids or keys: ids=1,SKU-2 or ids=1&ids=SKU-2");
    return wish->name_count > 0;
}

void
items_get (http_context_t *context, exchange_t *exchange)
{
    wish_t wish = {.after = -1, .limit = LIMIT_DEFAULT};
    char *text = malloc (IDS_TEXT_SIZE);
    const char **names = malloc (IDS_LIMIT * sizeof *names);
    assert (text && names);
    if (s_read_names (exchange, text, names, &wish) &&
        exchange_read_text (exchange, "query", wish.words, sizeof wish.words) &&
        exchange_read_integer (exchange, "after", 0, JSON_INTEGER_MAX, &wish.after) &&
        exchange_read_integer (exchange, "limit", 1, LIMIT_MOST, &wish.limit))
        s_answer (context, exchange, &wish);
    free (names);
    free (text);
}

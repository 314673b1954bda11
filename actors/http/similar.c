/* GET /items/{item_id}/similar: by the model's item vectors. SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "actors/http/ask.h"
#include "actors/http/expand.h"
#include "actors/http/routes.h"
#include "proto/item_list.h"

#define UNKNOWN "No interaction of this item was there when the model was trained."

typedef struct {
    int64_t id;
    char key[ITEM_KEY_SIZE]; /* "": it has none */
} named_t;

/* The item of the path: its integer, and its key where it has one. False: the problem has
 * been replied. */
static bool
s_find_item (http_context_t *context, exchange_t *exchange, named_t *item)
{
    const char *name = exchange->parameter;
    if (!item_key_valid (name)) {
        exchange_problem_parameter (exchange, "item_id", "item_id " ITEM_LIST_MUST_BE);
        return false;
    }
    *item = (named_t){.id = -1};
    model_ref_t *ref = http_context_model (context);
    const model_t *model = ref ? model_ref_model (ref) : NULL;
    int32_t index = model ? model_item_named (model, name) : -1;
    if (index >= 0)
        item->id = model_item_id (model, (size_t)index);
    const char *key = index >= 0 ? model_item_key (model, (size_t)index) : NULL;
    snprintf (item->key, sizeof item->key, "%s", key ? key : "");
    model_ref_release (&ref);
    if (!model)
        exchange_problem (
            exchange, PROBLEM_UNAVAILABLE, "There is no model yet: run sasrec train.");
    else if (index < 0)
        exchange_problem (exchange, PROBLEM_UNKNOWN_ITEM, UNKNOWN);
    return index >= 0;
}

static request_t *
s_request (exchange_t *exchange, int64_t item_id, int64_t k)
{
    request_t *request = ask_new (exchange);
    request->similar = true;
    request->k = (size_t)k;
    request->history = malloc (sizeof *request->history);
    assert (request->history);
    request->history[0] = item_id;
    request->history_count = 1;
    return request;
}

static void
s_reply (exchange_t *exchange, const named_t *item, const result_t *result,
    const expand_t *expand)
{
    strbuf_t body = STRBUF_EMPTY;
    strbuf_add (&body, "{\"item_id\":");
    strbuf_add_json_int (&body, item->id);
    if (*item->key) {
        strbuf_add (&body, ",\"item_key\":");
        strbuf_add_json_string (&body, item->key);
    }
    strbuf_add (&body, ",\"model_version\":");
    strbuf_add_json_string (&body, result->model_version);
    strbuf_add (&body, ",\"item_ids\":");
    strbuf_add_json_int_array (&body, result->item_ids, result->count);
    item_list_add_keys (&body, result->item_keys, result->count);
    strbuf_add (&body, ",\"scores\":");
    strbuf_add_json_float_array (&body, result->scores, result->count);
    expand_add_list (expand, result->item_ids, result->count, &body);
    strbuf_add (&body, "}");
    exchange_reply_json (exchange, 200, &body);
}

void
similar_get (http_context_t *context, exchange_t *exchange)
{
    int64_t k = PROTO_K_DEFAULT;
    expand_t expand;
    named_t item;
    if (!expand_read (exchange, &expand) ||
        !exchange_read_integer (exchange, "k", 1, PROTO_K_LIMIT, &k) ||
        !s_find_item (context, exchange, &item))
        return;
    request_t *request = s_request (exchange, item.id, k);
    result_t *result = ask_result (context, exchange, &request);
    if (result && result->unknown_dropped > 0) /* of another model, meanwhile */
        exchange_problem (exchange, PROBLEM_UNKNOWN_ITEM, UNKNOWN);
    else if (result &&
             expand_find (&expand, context, exchange, result->item_ids, result->count))
        s_reply (exchange, &item, result, &expand);
    expand_free (&expand);
    result_destroy (&result);
}

/* GET /items/{item_id}/similar: by the model's item vectors. SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <stdlib.h>

#include "actors/http/ask.h"
#include "actors/http/expand.h"
#include "actors/http/routes.h"

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
s_reply (http_context_t *context, exchange_t *exchange, int64_t item_id,
    const result_t *result, bool with_items)
{
    strbuf_t body = STRBUF_EMPTY;
    strbuf_add (&body, "{\"item_id\":");
    strbuf_add_json_int (&body, item_id);
    strbuf_add (&body, ",\"model_version\":");
    strbuf_add_json_string (&body, result->model_version);
    strbuf_add (&body, ",\"item_ids\":");
    strbuf_add_json_int_array (&body, result->item_ids, result->count);
    strbuf_add (&body, ",\"scores\":");
    strbuf_add_json_float_array (&body, result->scores, result->count);
    if (with_items &&
        !expand_write (context, exchange, result->item_ids, result->count, &body)) {
        strbuf_free (&body);
        return;
    }
    strbuf_add (&body, "}");
    exchange_reply_json (exchange, 200, &body);
}

void
similar_get (http_context_t *context, exchange_t *exchange)
{
    int64_t item_id, k = PROTO_K_DEFAULT;
    bool with_items;
    if (!exchange_read_item (exchange, &item_id) ||
        !expand_read (exchange, &with_items) ||
        !exchange_read_integer (exchange, "k", 1, PROTO_K_LIMIT, &k))
        return;
    request_t *request = s_request (exchange, item_id, k);
    result_t *result = ask_result (context, exchange, &request);
    if (result && result->unknown_dropped > 0)
        exchange_problem (exchange, PROBLEM_UNKNOWN_ITEM,
            "No interaction of this item was there when the model was trained.");
    else if (result)
        s_reply (context, exchange, item_id, result, with_items);
    result_destroy (&result);
}

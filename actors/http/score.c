/* POST /score: what the model makes of items that are given. SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "actors/http/ask.h"
#include "actors/http/expand.h"
#include "actors/http/routes.h"
#include "actors/http/scored.h"

typedef struct {
    int64_t *items; /* of the request, which is given away; owned */
    size_t count;
    bool ranked;
} wish_t;

static const char *const s_fields[] = {
    "history", "user_id", "append", "items", "order", NULL};

static int
s_read_order (const json_t *object, bool *ranked, json_fault_t *fault)
{
    const char *word = NULL;
    if (json_read_string (object, "order", 1, 16, &word, fault))
        return -1;
    *ranked = word && strcmp (word, "ranked") == 0;
    if (!word || *ranked || strcmp (word, "given") == 0)
        return 0;
    return json_fail (fault, "/order", "order must be given or ranked");
}

static int
s_read (request_t *request, const json_t *object, void *own, json_fault_t *fault)
{
    wish_t *wish = own;
    if (request_read_whose (request, object, fault) ||
        request_read_candidates (request, object, "items", PROTO_SCORE_LIMIT, fault) ||
        s_read_order (object, &wish->ranked, fault))
        return -1;
    return 0;
}

static void
s_keep (wish_t *self, const request_t *request)
{
    self->count = request->candidate_count;
    self->items = malloc (self->count * sizeof *self->items);
    assert (self->items);
    memcpy (self->items, request->candidates, self->count * sizeof *self->items);
}

static void
s_add_keys (http_context_t *context, const wish_t *wish, strbuf_t *body)
{
    model_ref_t *model = http_context_model (context);
    ask_add_keys (model, wish->items, wish->count, body);
    model_ref_release (&model);
}

static void
s_reply (http_context_t *context, exchange_t *exchange, wish_t *wish,
    const result_t *result, const expand_t *expand)
{
    strbuf_t body = STRBUF_EMPTY;
    scored_t *items = scored_new (wish->items, wish->count, result);
    if (wish->ranked)
        scored_rank (items, wish->count);
    for (size_t i = 0; i < wish->count; i++)
        wish->items[i] = items[i].item_id;
    strbuf_add (&body, "{");
    ask_add_provenance (result, &body);
    strbuf_add (&body, ",");
    scored_write (items, wish->count, &body);
    s_add_keys (context, wish, &body);
    expand_add_list (expand, wish->items, wish->count, &body);
    scored_write_unknown (items, wish->count, &body);
    exchange_add_warnings (exchange, &body);
    strbuf_add (&body, "}");
    free (items);
    exchange_reply_json (exchange, 200, &body);
}

void
score_post (http_context_t *context, exchange_t *exchange)
{
    wish_t wish = {0};
    expand_t expand;
    if (!expand_read (exchange, &expand))
        return;
    request_t *request = ask_read_as (context, exchange, s_fields, s_read, &wish);
    if (request) {
        ask_resolve_keys (context, request);
        s_keep (&wish, request);
    }
    result_t *result = request ? ask_result (context, exchange, &request) : NULL;
    if (result && expand_find (&expand, context, exchange, wish.items, wish.count))
        s_reply (context, exchange, &wish, result, &expand);
    expand_free (&expand);
    result_destroy (&result);
    free (wish.items);
}

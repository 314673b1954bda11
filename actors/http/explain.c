/* POST /explain: which items of a history carry a recommendation. Each is left out in turn,
 * wherever it stands in the history, and all these histories are scored through the
 * inference pool together:
 *
 *     change (x, i) = score (x | history) - score (x | history without i)
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "actors/http/ask.h"
#include "actors/http/expand.h"
#include "actors/http/routes.h"
#include "actors/http/scored.h"

#define ITEMS_LIMIT     100 /* recommended or given */
#define LEFT_OUT_LIMIT  200 /* the newest items of the history */
#define ON_WAY_LIMIT    64  /* as of a batch: others find room */
#define REASONS_DEFAULT 5

typedef struct {
    request_t *request;             /* as it was read; NULL once it was sent */
    char request_id[PROTO_ID_SIZE]; /* its own, and of all that is asked for it */
    char user_id[PROTO_ID_SIZE];
    bool given;          /* the items are the body's, not the recommended ones */
    size_t reason_limit; /* so many are told of each item */
    int64_t *items;      /* what is explained; owned, as is all below */
    size_t item_count;
    int64_t *history; /* oldest first */
    size_t history_count;
    size_t recent;     /* where of it those begin that a left-out history can reach */
    int64_t *left_out; /* different ones, newest first */
    size_t left_out_count;
    model_ref_t *model; /* of the keys */
    expand_t expand;
    result_t **results; /* of the whole history, then without each of left_out */
} explain_t;

typedef struct {
    int64_t item_id;
    float change;
    bool known; /* something is left without it: there is a score to compare with */
} reason_t;

static const char *const s_fields[] = {"history", "user_id", "append", "k",
    RULES_FIELDS, "rules", "deadline_s", "items", "reasons", NULL};

static void
s_free (explain_t *self)
{
    for (size_t i = 0; self->results && i <= self->left_out_count; i++)
        result_destroy (&self->results[i]);
    request_destroy (&self->request);
    model_ref_release (&self->model);
    expand_free (&self->expand);
    free (self->results);
    free (self->items);
    free (self->history);
    free (self->left_out);
}

static int64_t *
s_copy (const int64_t *ids, size_t count)
{
    int64_t *copy = malloc ((count + 1) * sizeof *copy);
    assert (copy);
    if (count > 0)
        memcpy (copy, ids, count * sizeof *copy);
    return copy;
}

/* Reading */

static int
s_read (request_t *request, const json_t *object, void *own, json_fault_t *fault)
{
    explain_t *self = own;
    int64_t reasons = REASONS_DEFAULT;
    if (request_read_body (request, object, fault) ||
        json_read_integer (object, "reasons", 1, LEFT_OUT_LIMIT, &reasons, fault))
        return -1;
    if (request->k > ITEMS_LIMIT)
        return json_fail (fault, "/k", "k must be an integer from 1 to 100");
    self->reason_limit = (size_t)reasons;
    self->given = json_read_given (object, "items");
    return self->given
               ? request_read_candidates (request, object, "items", ITEMS_LIMIT, fault)
               : 0;
}

/* What outlives the request. */
static void
s_keep (explain_t *self)
{
    const request_t *request = self->request;
    memcpy (self->request_id, request->request_id, sizeof self->request_id);
    memcpy (self->user_id, request->user_id, sizeof self->user_id);
    self->history = s_copy (request->history, request->history_count);
    self->history_count = request->history_count;
    self->items = s_copy (request->candidates, request->candidate_count);
    self->item_count = request->candidate_count;
}

/* Asking */

/* What is recommended is what is explained; nothing is, and that is the answer. False: the
 * problem has been replied. */
static bool
s_recommend (explain_t *self, http_context_t *context, exchange_t *exchange)
{
    result_t *result = ask_result (context, exchange, &self->request);
    if (!result)
        return false;
    free (self->items);
    self->items = s_copy (result->item_ids, result->count);
    self->item_count = result->count;
    if (result->count > 0) {
        result_destroy (&result);
        return true;
    }
    self->results = malloc (sizeof *self->results);
    assert (self->results);
    self->results[0] = result;
    self->left_out_count = 0;
    return true;
}

static bool
s_is_left_out (const explain_t *self, int64_t item)
{
    for (size_t i = 0; i < self->left_out_count; i++)
        if (self->left_out[i] == item)
            return true;
    return false;
}

/* Those that the model reads: the newest that it knows, as many as its window has. Without
 * one of them as many older ones move into the window, and no more than it has. */
static void
s_choose (explain_t *self, const model_t *model)
{
    size_t window = model_window (model), known = 0, i = self->history_count;
    self->left_out = malloc (LEFT_OUT_LIMIT * sizeof *self->left_out);
    assert (self->left_out);
    for (; i > 0 && known < 2 * window; i--) {
        int64_t item = self->history[i - 1];
        if (model_item_index (model, item) < 0)
            continue;
        if (known++ < window && self->left_out_count < LEFT_OUT_LIMIT &&
            !s_is_left_out (self, item))
            self->left_out[self->left_out_count++] = item;
    }
    self->recent = i;
}

/* The whole history for place 0, then what is left without one item. */
static request_t *
s_variant (const explain_t *self, exchange_t *exchange, size_t place)
{
    request_t *request = ask_new (exchange);
    memcpy (request->request_id, self->request_id, sizeof request->request_id);
    memcpy (request->user_id, self->user_id, sizeof request->user_id);
    memcpy (exchange->asked, self->request_id, sizeof exchange->asked);
    size_t first = place > 0 ? self->recent : 0;
    request->history = s_copy (self->history + first, self->history_count - first);
    for (size_t i = first; i < self->history_count; i++)
        if (place == 0 || self->history[i] != self->left_out[place - 1])
            request->history[request->history_count++] = self->history[i];
    request->candidates = s_copy (self->items, self->item_count);
    request->candidate_count = self->item_count;
    request->k = self->item_count;
    return request;
}

/* False: the first problem has been replied. What was sent has ended in any case. */
static bool
s_score (explain_t *self, http_context_t *context, exchange_t *exchange)
{
    size_t count = self->left_out_count + 1;
    asked_t on_way[ON_WAY_LIMIT];
    bool good = true;
    size_t sent = 0;
    self->results = calloc (count, sizeof *self->results);
    assert (self->results);
    for (size_t ended = 0; ended < sent || (good && sent < count);) {
        if (good && sent < count && sent < ended + ON_WAY_LIMIT) {
            request_t *request = s_variant (self, exchange, sent);
            on_way[sent++ % ON_WAY_LIMIT] = ask_start (context, &request);
            continue;
        }
        problem_t problem;
        char reason[160];
        result_t *result = ask_finish (&on_way[ended % ON_WAY_LIMIT], &problem, reason);
        if (result)
            exchange_time_result (exchange, result);
        else if (good)
            exchange_problem (exchange, problem.type, problem.detail);
        good = good && result;
        self->results[ended++] = result;
    }
    return good;
}

/* Scores of two models say nothing about each other. */
static bool
s_of_one_model (const explain_t *self, exchange_t *exchange)
{
    for (size_t i = 1; i <= self->left_out_count; i++)
        if (strcmp (self->results[0]->model_version, self->results[i]->model_version)) {
            exchange_problem (exchange, PROBLEM_UNAVAILABLE,
                "The model was replaced meanwhile: ask again.");
            return false;
        }
    return true;
}

/* Answering */

/* What is explained, and by what. False: the problem has been replied. */
static bool
s_expand (explain_t *self, http_context_t *context, exchange_t *exchange)
{
    if (!self->expand.wanted)
        return true;
    size_t count = self->item_count + self->left_out_count;
    int64_t *ids = malloc ((count + 1) * sizeof *ids);
    assert (ids);
    memcpy (ids, self->items, self->item_count * sizeof *ids);
    if (self->left_out_count > 0)
        memcpy (
            ids + self->item_count, self->left_out, self->left_out_count * sizeof *ids);
    bool good = expand_find (&self->expand, context, exchange, ids, count);
    free (ids);
    return good;
}

static int
s_compare (const void *left, const void *right)
{
    const reason_t *a = left, *b = right;
    return (b->change > a->change) - (b->change < a->change);
}

/* known: the place of the item among those that the model knows. */
static void
s_add_reasons (const explain_t *self, size_t known, strbuf_t *body)
{
    reason_t reasons[LEFT_OUT_LIMIT];
    const result_t *whole = self->results[0];
    for (size_t i = 0; i < self->left_out_count; i++) {
        const result_t *without = self->results[i + 1];
        reasons[i] = (reason_t){.item_id = self->left_out[i],
            .known = without->source == whole->source,
            .change = whole->scores[known] - without->scores[known]};
    }
    qsort (reasons, self->left_out_count, sizeof *reasons, s_compare);
    strbuf_add (body, ",\"reasons\":[");
    for (size_t i = 0; i < self->left_out_count && i < self->reason_limit; i++) {
        strbuf_add (body, i > 0 ? ",{\"item_id\":" : "{\"item_id\":");
        strbuf_add_json_int (body, reasons[i].item_id);
        ask_add_key (self->model, reasons[i].item_id, body);
        expand_add (&self->expand, reasons[i].item_id, body);
        strbuf_add (body, ",\"change\":");
        if (reasons[i].known)
            strbuf_add_json_float (body, reasons[i].change);
        else
            strbuf_add (body, "null");
        strbuf_add (body, "}");
    }
    strbuf_add (body, "]");
}

static void
s_add_explanations (const explain_t *self, const scored_t *items, strbuf_t *body)
{
    size_t known = 0;
    strbuf_add (body, ",\"explanations\":[");
    for (size_t i = 0; i < self->item_count; i++) {
        if (!items[i].known)
            continue;
        strbuf_add (body, known > 0 ? ",{\"item_id\":" : "{\"item_id\":");
        strbuf_add_json_int (body, items[i].item_id);
        ask_add_key (self->model, items[i].item_id, body);
        expand_add (&self->expand, items[i].item_id, body);
        strbuf_add (body, ",\"score\":");
        strbuf_add_json_float (body, items[i].score);
        s_add_reasons (self, known++, body);
        strbuf_add (body, "}");
    }
    strbuf_add (body, "]");
}

static void
s_reply (const explain_t *self, exchange_t *exchange)
{
    strbuf_t body = STRBUF_EMPTY;
    const result_t *whole = self->results[0];
    scored_t *items = scored_new (self->items, self->item_count, whole);
    strbuf_add (&body, "{");
    ask_add_provenance (whole, &body);
    strbuf_addf (&body, ",\"left_out\":%zu", self->left_out_count);
    s_add_explanations (self, items, &body);
    scored_write_unknown (items, self->item_count, &body);
    exchange_add_warnings (exchange, &body);
    strbuf_add (&body, "}");
    free (items);
    exchange_reply_json (exchange, 200, &body);
}

static void
s_explain (explain_t *self, http_context_t *context, exchange_t *exchange)
{
    self->model = http_context_model (context);
    if (!self->model) {
        exchange_problem (
            exchange, PROBLEM_UNAVAILABLE, "There is no model yet: run sasrec train.");
        return;
    }
    ask_resolve_keys (context, self->request);
    s_keep (self);
    s_choose (self, model_ref_model (self->model));
    bool good = self->given || s_recommend (self, context, exchange);
    if (good && !self->results)
        good = s_score (self, context, exchange) && s_of_one_model (self, exchange);
    if (good && s_expand (self, context, exchange))
        s_reply (self, exchange);
}

void
explain_post (http_context_t *context, exchange_t *exchange)
{
    explain_t explain = {0};
    if (!expand_read (exchange, &explain.expand))
        return;
    explain.request = ask_read_as (context, exchange, s_fields, s_read, &explain);
    if (explain.request)
        s_explain (&explain, context, exchange);
    s_free (&explain);
}

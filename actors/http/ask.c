/* SPDX-License-Identifier: Apache-2.0 */
#include "actors/http/ask.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "actors/http/expand.h"
#include "actors/http/fields.h"
#include "base/clock.h"
#include "base/item_key.h"
#include "base/uuid.h"
#include "proto/item_list.h"
#include "store/interactions.h"
#include "store/rule_sets.h"

#define ONCE_WAIT_MS  5000
#define ONCE_GRACE_MS 1000 /* for a batch that is under way */

request_t *
ask_new (exchange_t *exchange)
{
    request_t *self = request_new ();
    self->accepted_us = clock_monotonic_us ();
    if (exchange->own_id)
        snprintf (self->request_id, sizeof self->request_id, "%s", exchange->id);
    else
        uuid_make (self->request_id);
    self->trace = exchange->trace;
    snprintf (exchange->asked, sizeof exchange->asked, "%s", self->request_id);
    return self;
}

/* What the model in use was trained without. */
static void
s_read_dropped (http_context_t *context, char events[MODEL_DROPPED_SIZE])
{
    model_ref_t *model = http_context_model (context);
    snprintf (events, MODEL_DROPPED_SIZE, "%s",
        model ? model_dropped (model_ref_model (model)) : "");
    model_ref_release (&model);
}

/* What the user had with these events is excluded. */
static db_status_t
s_exclude (db_t *db, request_t *request, const char *events)
{
    int64_t *items;
    rules_t *rules = &request->rules;
    size_t count, given = rules->exclude_count;
    db_status_t status = interactions_seen (
        db, request->user_id, events, PROTO_EXCLUDE_LIMIT - given, &items, &count);
    if (status != DB_OK)
        return status;
    rules->exclude =
        realloc (rules->exclude, (count + given + 1) * sizeof *rules->exclude);
    assert (rules->exclude);
    if (count > 0)
        memcpy (rules->exclude + given, items, count * sizeof *items);
    free (items);
    rules->exclude_count = count + given;
    return DB_OK;
}

static db_status_t
s_read_history (db_t *db, request_t *request, const char *dropped, size_t limit)
{
    int64_t *items;
    size_t count, given = request->history_count;
    db_status_t status = *dropped ? interactions_history_without (db, request->user_id,
                                        dropped, limit - given, &items, &count)
                                  : interactions_history (db, request->user_id,
                                        limit - given, &items, &count);
    if (status != DB_OK)
        return status;
    items = realloc (items, (count + given + 1) * sizeof *items);
    assert (items);
    if (given > 0)
        memcpy (items + count, request->history, given * sizeof *items);
    free (request->history);
    request->history = items;
    request->history_count = count + given;
    request->from_store = false;
    return DB_OK;
}

/* What is dropped from a history counts as seen all the same. */
static db_status_t
s_read_events (db_t *db, request_t *request, const char *dropped)
{
    db_status_t status = DB_OK;
    rules_t *rules = &request->rules;
    bool named = strcmp (request->user_id, PROTO_USER_DEFAULT) != 0;
    if (rules->seen_event[0]) {
        if (named) /* a set of rules may have it, whoever asks */
            status = s_exclude (db, request, rules->seen_event);
        rules->include_seen = true;
        rules->seen_event[0] = '\0';
    } else if (*dropped && !rules->include_seen && !rules->only_seen)
        status = s_exclude (db, request, dropped);
    return status;
}

db_status_t
ask_read_rules (db_t *db, request_t *request, bool *good, json_fault_t *fault)
{
    char *text;
    *good = true;
    if (!request->rule_set[0])
        return DB_OK;
    db_status_t status = rule_sets_find (db, request->rule_set, &text);
    if (status == DB_OK)
        *good = (text ? rules_merge_text (&request->rules, text, fault)
                      : json_fail (
                            fault, "/rules", "no rules are kept under this name")) == 0;
    request->rule_set[0] = '\0';
    free (text);
    return status;
}

bool
ask_needs_store (const request_t *request)
{
    return request->from_store || request->rules.seen_event[0] || request->rule_set[0];
}

db_status_t
ask_read_stored (http_context_t *context, db_t *db, request_t *request, size_t limit)
{
    char dropped[MODEL_DROPPED_SIZE] = "";
    if (!ask_needs_store (request))
        return DB_OK;
    if (request->from_store)
        s_read_dropped (context, dropped);
    db_status_t status =
        request->from_store ? s_read_history (db, request, dropped, limit) : DB_OK;
    return status == DB_OK ? s_read_events (db, request, dropped) : status;
}

static bool
s_complete (http_context_t *context, exchange_t *exchange, request_t *request)
{
    json_fault_t fault;
    bool good;
    if (!ask_needs_store (request))
        return true;
    db_t *db = http_context_take_db (context, exchange);
    if (!db)
        return false;
    db_status_t status = ask_read_rules (db, request, &good, &fault);
    if (status == DB_OK && good)
        status = ask_read_stored (context, db, request, PROTO_HISTORY_LIMIT);
    if (!http_context_give_db (context, &db, status, exchange))
        return false;
    if (!good)
        exchange_problem_json (exchange, PROBLEM_INVALID_FIELD, &fault);
    return good;
}

request_t *
ask_read_as (http_context_t *context, exchange_t *exchange, const char *const *fields,
    ask_read_fn *read, void *own)
{
    json_fault_t fault;
    json_t *object = exchange_read_json (exchange);
    if (!object)
        return NULL;
    request_t *self = ask_new (exchange);
    int rc = exchange_check_fields (exchange, object, fields, "", &fault);
    if (rc == 0 && (rc = read (self, object, own, &fault)))
        fields_guess (object, fields, &fault);
    if (rc)
        exchange_problem_json (exchange, PROBLEM_INVALID_FIELD, &fault);
    if (rc || !s_complete (context, exchange, self))
        request_destroy (&self);
    json_decref (object);
    return self;
}

static int
s_read (request_t *request, const json_t *object, void *own, json_fault_t *fault)
{
    (void)own;
    return request_read_body (request, object, fault);
}

request_t *
ask_read (http_context_t *context, exchange_t *exchange)
{
    return ask_read_as (context, exchange, request_body_fields, s_read, NULL);
}

static void
s_resolve (const model_t *model, const char *texts, int64_t *items, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (items[i] >= 0)
            continue;
        const char *key = item_key_referred (items[i], texts);
        int32_t index = model ? model_item_of_key (model, key) : -1;
        items[i] =
            index < 0 ? item_key_id (key, 0) : model_item_id (model, (size_t)index);
    }
}

void
ask_resolve_keys (http_context_t *context, request_t *request)
{
    const char *texts = request->keys.data;
    if (!texts)
        return;
    model_ref_t *ref = http_context_model (context);
    const model_t *model = ref ? model_ref_model (ref) : NULL;
    s_resolve (model, texts, request->history, request->history_count);
    s_resolve (model, texts, request->rules.exclude, request->rules.exclude_count);
    s_resolve (model, texts, request->rules.allow, request->rules.allow_count);
    s_resolve (model, texts, request->candidates, request->candidate_count);
    model_ref_release (&ref);
    strbuf_free (&request->keys);
}

/* NULL: it has none, or the model does not know the item. */
static const char *
s_key (const model_t *model, int64_t id)
{
    int32_t index = model_item_index (model, id);
    return index < 0 ? NULL : model_item_key (model, (size_t)index);
}

void
ask_add_keys (
    const model_ref_t *model, const int64_t *ids, size_t count, strbuf_t *body)
{
    strbuf_t texts = STRBUF_EMPTY;
    if (!model || !model_has_keys (model_ref_model (model)))
        return;
    strbuf_add (&texts, "");
    for (size_t i = 0; i < count; i++) {
        const char *key = s_key (model_ref_model (model), ids[i]);
        strbuf_add_bytes (&texts, key ? key : "", key ? strlen (key) + 1 : 1);
    }
    item_list_add_keys (body, texts.data, count);
    strbuf_free (&texts);
}

void
ask_add_key (const model_ref_t *model, int64_t id, strbuf_t *body)
{
    const char *key = model ? s_key (model_ref_model (model), id) : NULL;
    if (!key)
        return;
    strbuf_add (body, ",\"item_key\":");
    strbuf_add_json_string (body, key);
}

bool
ask_has_model (http_context_t *context, exchange_t *exchange)
{
    model_slot_t *slot = context->args->slot;
    if (!slot || model_slot_has (slot))
        return true;
    model_ref_t *model = http_context_model (context);
    exchange_problem (exchange, PROBLEM_UNAVAILABLE,
        model ? "It is not known yet which items are on offer: the database is away."
              : "There is no model yet: run sasrec train.");
    model_ref_release (&model);
    return false;
}

ticket_status_t
ask_send (outlet_t *outlet, request_t **request_p, ticket_t *ticket)
{
    (*request_p)->ticket = ticket_retain (ticket);
    if (outlet_send_request (outlet, request_p) == 0)
        return TICKET_DONE;
    request_destroy (request_p);
    return TICKET_FULL;
}

void
ask_add_provenance (const result_t *result, strbuf_t *body)
{
    strbuf_add (body, "\"request_id\":");
    strbuf_add_json_string (body, result->request_id);
    strbuf_add (body, ",\"user_id\":");
    strbuf_add_json_string (body, result->user_id);
    strbuf_add (body, ",\"model_version\":");
    strbuf_add_json_string (body, result->model_version);
    strbuf_addf (body,
        ",\"source\":\"%s\",\"history_used\":%zu,\"unknown_dropped\":%zu",
        result_source_word (result->source), result->history_used,
        result->unknown_dropped);
}

/* The provenance stands beside the result, where it is easy to find, and inside it, as in
 * /result. */
void
ask_add_result (const result_t *result, strbuf_t *body)
{
    ask_add_provenance (result, body);
    strbuf_add (body, ",\"result\":");
    result_payload_to_json (result, body);
}

asked_t
ask_start (http_context_t *context, request_t **request_p)
{
    asked_t asked = {
        .ticket = ticket_new (), .deadline_ms = clock_monotonic_ms () + ONCE_WAIT_MS};
    (*request_p)->deadline_ms = clock_unix_ms () + ONCE_WAIT_MS;
    asked.sent = ask_send (context->once, request_p, asked.ticket);
    return asked;
}

result_t *
ask_finish (asked_t *asked, problem_t *problem, char reason[160])
{
    ticket_t *ticket = asked->ticket;
    ticket_status_t status = asked->sent;
    if (status == TICKET_DONE)
        status = ticket_wait (ticket, asked->deadline_ms, ONCE_GRACE_MS);
    result_t *result = ticket_take (ticket);
    if (status != TICKET_DONE || !result || result->status != RESULT_COMPLETED) {
        snprintf (reason, 160, "%s", result ? result->error : ticket_reason (ticket));
        *problem =
            problem_of_ticket (status == TICKET_DONE ? TICKET_FAILED : status, reason);
        result_destroy (&result);
    }
    ticket_release (&asked->ticket);
    return result;
}

result_t *
ask_result (http_context_t *context, exchange_t *exchange, request_t **request_p)
{
    problem_t problem;
    char reason[160];
    asked_t asked = ask_start (context, request_p);
    result_t *result = ask_finish (&asked, &problem, reason);
    if (result)
        exchange_time_result (exchange, result);
    else
        exchange_problem (exchange, problem.type, problem.detail);
    return result;
}

static void
s_reply (exchange_t *exchange, const result_t *result, const expand_t *expand)
{
    strbuf_t body = STRBUF_EMPTY;
    strbuf_add (&body, "{");
    ask_add_result (result, &body);
    expand_add_list (expand, result->item_ids, result->count, &body);
    exchange_add_warnings (exchange, &body);
    strbuf_add (&body, "}");
    exchange_reply_json (exchange, 200, &body);
}

void
ask_once (http_context_t *context, exchange_t *exchange, request_t **request_p)
{
    expand_t expand;
    result_t *result = NULL;
    if (expand_read (exchange, &expand))
        result = ask_result (context, exchange, request_p);
    if (result &&
        expand_find (&expand, context, exchange, result->item_ids, result->count))
        s_reply (exchange, result, &expand);
    expand_free (&expand);
    result_destroy (&result);
    request_destroy (request_p);
}

/* POST /recommend/batch: many requests at once, each with a status of its own. They go
 * through the inference pool together, which makes full batches of them; only so many are
 * on their way at a time, so that those of other clients find room.
 * SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "actors/http/ask.h"
#include "actors/http/expand.h"
#include "actors/http/fields.h"
#include "actors/http/routes.h"
#include "base/clock.h"
#include "base/uuid.h"

#define REQUESTS_LIMIT 1000
#define ITEMS_LIMIT    100000 /* of all answers: k by k */
#define EXPANDED_LIMIT 10000  /* the same, where each comes with its row */
#define ON_WAY_LIMIT   64     /* a full batch; eight times as many find room */
#define WAIT_MS        30000  /* what has not begun by then is left */

typedef struct {
    request_t *request; /* NULL: refused, or started */
    json_fault_t fault; /* of a refused one */
    bool started;
    asked_t asked;     /* once started */
    result_t *result;  /* NULL: the problem says why there is none */
    problem_t problem; /* borrows from fault and reason */
    char reason[160];
} element_t;

typedef struct {
    element_t *elements;
    size_t count;
    expand_t expand;
} requests_t;

static const char *const s_fields[] = {"requests", NULL};

static void
s_free (requests_t *self)
{
    for (size_t i = 0; i < self->count; i++) {
        request_destroy (&self->elements[i].request);
        result_destroy (&self->elements[i].result);
    }
    free (self->elements);
    expand_free (&self->expand);
}

/* An element that is not valid costs itself alone. at: where it stands. */
static void
s_refuse (element_t *element, const char *at)
{
    json_fault_t *fault = &element->fault;
    fields_place (fault, at);
    element->problem = problem_of_fault (fault);
    request_destroy (&element->request);
}

static void
s_read_element (
    exchange_t *exchange, element_t *element, const json_t *object, size_t index)
{
    char at[40];
    json_fault_t *fault = &element->fault;
    snprintf (at, sizeof at, "/requests/%zu", index);
    element->request = ask_new (exchange);
    uuid_make (element->request->request_id);
    int rc =
        json_is_object (object) ? 0 : json_fail (fault, "", "it must be an object");
    if (rc == 0)
        rc = exchange_check_fields (exchange, object, request_body_fields, at, fault);
    if (rc == 0 && (rc = request_read_body (element->request, object, fault)))
        fields_guess (object, request_body_fields, fault);
    if (rc)
        s_refuse (element, at);
}

static size_t
s_items (const requests_t *self)
{
    size_t items = 0;
    for (size_t i = 0; i < self->count; i++)
        items += self->elements[i].request ? self->elements[i].request->k : 0;
    return items;
}

static int
s_check_items (const requests_t *self, json_fault_t *fault)
{
    size_t items = s_items (self);
    if (items > ITEMS_LIMIT)
        return json_fail (fault, "/requests",
            "all k together may be at most 100000: send smaller batches");
    if (items > EXPANDED_LIMIT && self->expand.wanted)
        return json_fail (fault, "/requests",
            "with expand=items all k together may be at most 10000: send smaller "
            "batches");
    return 0;
}

static int
s_read_requests (
    requests_t *self, exchange_t *exchange, const json_t *object, json_fault_t *fault)
{
    const json_t *requests = json_object_get (object, "requests");
    size_t count = json_array_size (requests);
    if (exchange_check_fields (exchange, object, s_fields, "", fault))
        return -1;
    if (count == 0 || count > REQUESTS_LIMIT)
        return json_fail (
            fault, "/requests", "requests must be an array of 1 to 1000 requests");
    self->elements = calloc (count, sizeof *self->elements);
    assert (self->elements);
    self->count = count;
    for (size_t i = 0; i < count; i++)
        s_read_element (exchange, &self->elements[i], json_array_get (requests, i), i);
    return s_check_items (self, fault);
}

static bool
s_read (requests_t *self, exchange_t *exchange)
{
    json_fault_t fault;
    json_t *object = exchange_read_json (exchange);
    if (!object)
        return false;
    int rc = s_read_requests (self, exchange, object, &fault);
    if (rc)
        exchange_problem_json (exchange, PROBLEM_INVALID_FIELD, &fault);
    json_decref (object);
    return rc == 0;
}

static bool
s_needs_store (const requests_t *self, size_t first, size_t end)
{
    for (size_t i = first; i < end; i++)
        if (self->elements[i].request && ask_needs_store (self->elements[i].request))
            return true;
    return false;
}

static db_status_t
s_read_stored (http_context_t *context, db_t *db, element_t *element, size_t index)
{
    char at[40];
    bool good;
    if (!element->request)
        return DB_OK;
    db_status_t status = ask_read_rules (db, element->request, &good, &element->fault);
    if (status == DB_OK && good)
        return ask_read_stored (context, db, element->request, PROTO_HISTORY_LIMIT);
    snprintf (at, sizeof at, "/requests/%zu", index);
    if (status == DB_OK)
        s_refuse (element, at);
    return status;
}

/* Stored histories of the next ON_WAY_LIMIT over one connection: those of all at once may
 * take 80 MB. False: the problem has been replied. */
static bool
s_complete (
    requests_t *self, size_t first, http_context_t *context, exchange_t *exchange)
{
    size_t left = self->count - first;
    size_t end = first + (left < ON_WAY_LIMIT ? left : ON_WAY_LIMIT);
    if (!s_needs_store (self, first, end))
        return true;
    db_t *db = http_context_take_db (context, exchange);
    if (!db)
        return false;
    db_status_t status = DB_OK;
    for (size_t i = first; i < end && status == DB_OK; i++)
        status = s_read_stored (context, db, &self->elements[i], i);
    return http_context_give_db (context, &db, status, exchange);
}

static void
s_start (element_t *element, http_context_t *context, int64_t end_ms)
{
    if (!element->request)
        return;
    element->started = clock_monotonic_ms () < end_ms;
    if (element->started)
        element->asked = ask_start (context, &element->request);
    else
        element->problem = problem_of_ticket (TICKET_TIMEOUT, "");
}

static void
s_finish (element_t *element)
{
    if (element->started)
        element->result =
            ask_finish (&element->asked, &element->problem, element->reason);
}

/* False: the problem has been replied, and what was on its way has ended. */
static bool
s_ask (requests_t *self, http_context_t *context, exchange_t *exchange)
{
    int64_t end_ms = clock_monotonic_ms () + WAIT_MS;
    bool good = true;
    for (size_t i = 0; i < self->count + ON_WAY_LIMIT; i++) {
        bool there = i < self->count;
        if (there && i % ON_WAY_LIMIT == 0)
            good = good && s_complete (self, i, context, exchange);
        if (i >= ON_WAY_LIMIT)
            s_finish (&self->elements[i - ON_WAY_LIMIT]);
        if (there && good)
            s_start (&self->elements[i], context, end_ms);
    }
    return good;
}

/* The items of all answers. */
static int64_t *
s_item_ids (const requests_t *self, size_t *count)
{
    *count = 0;
    int64_t *ids = malloc (EXPANDED_LIMIT * sizeof *ids);
    assert (ids);
    for (size_t i = 0; i < self->count; i++) {
        const result_t *result = self->elements[i].result;
        if (!result || result->count == 0)
            continue;
        assert (*count + result->count <= EXPANDED_LIMIT);
        memcpy (ids + *count, result->item_ids, result->count * sizeof *ids);
        *count += result->count;
    }
    return ids;
}

/* False: the problem has been replied. */
static bool
s_expand (requests_t *self, http_context_t *context, exchange_t *exchange)
{
    size_t count;
    if (!self->expand.wanted)
        return true;
    int64_t *ids = s_item_ids (self, &count);
    bool good = expand_find (&self->expand, context, exchange, ids, count);
    free (ids);
    return good;
}

/* A problem has a status of its own. */
static void
s_add_element (const element_t *element, const expand_t *expand, strbuf_t *body)
{
    const result_t *result = element->result;
    if (!result) {
        problem_write (&element->problem, body);
        return;
    }
    strbuf_add (body, "{\"status\":200,");
    ask_add_result (result, body);
    expand_add_list (expand, result->item_ids, result->count, body);
    strbuf_add (body, "}");
}

static void
s_reply (const requests_t *self, exchange_t *exchange)
{
    strbuf_t body = STRBUF_EMPTY;
    for (size_t i = 0; i < self->count; i++) {
        if (self->elements[i].result)
            exchange_time_result (exchange, self->elements[i].result);
        strbuf_add (&body, i > 0 ? "," : "{\"results\":[");
        s_add_element (&self->elements[i], &self->expand, &body);
    }
    strbuf_add (&body, "]");
    exchange_add_warnings (exchange, &body);
    strbuf_add (&body, "}");
    exchange_reply_json (exchange, 200, &body);
}

void
recommend_batch_post (http_context_t *context, exchange_t *exchange)
{
    requests_t requests = {0};
    if (expand_read (exchange, &requests.expand) && s_read (&requests, exchange) &&
        ask_has_model (context, exchange) && s_ask (&requests, context, exchange) &&
        s_expand (&requests, context, exchange))
        s_reply (&requests, exchange);
    s_free (&requests);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/request.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/actor/wire.h"
#include "proto/item_list.h"

#define DEADLINE_LIMIT_S 86400
#define ATTEMPT_LIMIT    1000000

request_t *
request_new (void)
{
    request_t *self = calloc (1, sizeof *self);
    assert (self);
    snprintf (self->user_id, sizeof self->user_id, "%s", PROTO_USER_DEFAULT);
    self->k = PROTO_K_DEFAULT;
    self->attempt = 1;
    self->rules.texts = &self->keys;
    return self;
}

void
request_destroy (request_t **self_p)
{
    request_t *self = *self_p;
    if (!self)
        return;
    ticket_release (&self->ticket);
    free (self->history);
    rules_free (&self->rules);
    free (self->candidates);
    strbuf_free (&self->keys);
    free (self);
    *self_p = NULL;
}

void
request_refuse (request_t **self_p, ticket_status_t status, const char *reason)
{
    if ((*self_p)->ticket)
        ticket_answer ((*self_p)->ticket, status, reason);
    request_destroy (self_p);
}

int
request_send (request_t **self_p, zsock_t *socket)
{
    if (wire_send (socket, REQUEST_TAG, *self_p))
        return -1;
    *self_p = NULL;
    return 0;
}

request_t *
request_recv (zsock_t *socket)
{
    return wire_recv (socket, REQUEST_TAG);
}

static int
s_read_id (const json_t *object, const char *key, char *id, json_fault_t *fault)
{
    const char *text = NULL;
    if (json_read_string (object, key, 1, PROTO_ID_SIZE - 1, &text, fault))
        return -1;
    if (text)
        snprintf (id, PROTO_ID_SIZE, "%s", text);
    return 0;
}

/* A list of items, in place of what was there. */
static int
s_read_items (request_t *self, const json_t *object, const char *key, size_t most,
    int64_t **items, size_t *count, json_fault_t *fault)
{
    free (*items);
    return item_list_read (object, key, most, items, count, &self->keys, fault);
}

static int
s_read_history (request_t *self, const json_t *object, json_fault_t *fault)
{
    return s_read_items (self, object, "history", PROTO_HISTORY_LIMIT, &self->history,
        &self->history_count, fault);
}

static int
s_read_rule_set (request_t *self, const json_t *object, json_fault_t *fault)
{
    const char *name = NULL;
    if (json_read_string (object, "rules", 1, PROTO_RULES_NAME_SIZE - 1, &name, fault))
        return -1;
    if (!name)
        return 0;
    if (!rules_name_valid (name))
        return json_fail (fault, "/rules",
            "rules must be a name of letters, digits, '.', '_' and '-'");
    snprintf (self->rule_set, sizeof self->rule_set, "%s", name);
    return 0;
}

int
request_read_rules (request_t *self, const json_t *object, json_fault_t *fault)
{
    return rules_read (&self->rules, object, fault) ||
                   s_read_rule_set (self, object, fault)
               ? -1
               : 0;
}

/* What is asked for, whoever it is for. */
static int
s_read_wish (request_t *self, const json_t *object, json_fault_t *fault)
{
    int64_t k = (int64_t)self->k, deadline_s = 0;
    if (json_read_integer (object, "k", 1, PROTO_K_LIMIT, &k, fault) ||
        rules_read (&self->rules, object, fault) ||
        json_read_integer (
            object, "deadline_s", 1, DEADLINE_LIMIT_S, &deadline_s, fault))
        return -1;
    self->k = (size_t)k;
    self->deadline_s = (int)deadline_s;
    return 0;
}

const char *const request_body_fields[] = {
    "history", "user_id", "append", "k", RULES_FIELDS, "rules", "deadline_s", NULL};

static bool
s_is_named (const request_t *self)
{
    return strcmp (self->user_id, PROTO_USER_DEFAULT) != 0;
}

int
request_read_whose (request_t *self, const json_t *object, json_fault_t *fault)
{
    bool append = false, given = json_read_given (object, "history");
    if ((given && s_read_history (self, object, fault)) ||
        s_read_id (object, "user_id", self->user_id, fault) ||
        json_read_bool (object, "append", &append, fault))
        return -1;
    bool named = s_is_named (self);
    if (!given && !named)
        return json_fail (fault, "/history",
            "history is missing; or give the user_id whose stored history counts");
    if (append && !named)
        return json_fail (fault, "/append",
            "append is for a history behind a stored one, and needs its user_id");
    self->from_store = named && (append || !given);
    return 0;
}

int
request_read_body (request_t *self, const json_t *object, json_fault_t *fault)
{
    if (request_read_whose (self, object, fault) || s_read_wish (self, object, fault) ||
        s_read_rule_set (self, object, fault))
        return -1;
    if (self->rules.seen_event[0] && !s_is_named (self))
        return json_fail (fault, "/seen",
            "seen with an event is about what is stored of a user, and needs a "
            "user_id");
    return 0;
}

int
request_read_candidates (request_t *self, const json_t *object, const char *key,
    size_t most, json_fault_t *fault)
{
    char pointer[40];
    snprintf (pointer, sizeof pointer, "/%s", key);
    if (s_read_items (
            self, object, key, most, &self->candidates, &self->candidate_count, fault))
        return -1;
    if (self->candidate_count == 0)
        return json_fail (fault, pointer, "at least one item has to be named");
    self->k = self->candidate_count;
    return 0;
}

/* Without the brace that ends it. */
static void
s_add_members (const request_t *self, strbuf_t *out)
{
    strbuf_add (out, "{\"request_id\":");
    strbuf_add_json_string (out, self->request_id);
    strbuf_add (out, ",\"user_id\":");
    strbuf_add_json_string (out, self->user_id);
    strbuf_add (out, ",\"history\":");
    item_list_to_json (out, self->history, self->history_count, self->keys.data);
    strbuf_add (out, ",\"k\":");
    strbuf_add_json_int (out, (int64_t)self->k);
    rules_add_members (&self->rules, out);
    if (self->deadline_ms) {
        strbuf_add (out, ",\"deadline\":");
        strbuf_add_json_int (out, self->deadline_ms);
    }
    if (self->attempt > 1) {
        strbuf_add (out, ",\"attempt\":");
        strbuf_add_json_int (out, self->attempt);
    }
}

void
request_to_json (const request_t *self, strbuf_t *out)
{
    s_add_members (self, out);
    strbuf_add (out, "}");
}

void
request_to_row (const request_t *self, strbuf_t *out)
{
    char text[TRACE_TEXT_SIZE];
    s_add_members (self, out);
    trace_print (&self->trace, text);
    if (*text)
        strbuf_addf (out, ",\"traceparent\":\"%s\"", text);
    strbuf_add (out, "}");
}

static int
s_read_envelope (request_t *self, const json_t *object, json_fault_t *fault)
{
    int64_t attempt = 1;
    if (s_read_id (object, "request_id", self->request_id, fault) ||
        s_read_id (object, "user_id", self->user_id, fault) ||
        json_read_integer (
            object, "deadline", 0, JSON_INTEGER_MAX, &self->deadline_ms, fault) ||
        json_read_integer (object, "attempt", 1, ATTEMPT_LIMIT, &attempt, fault))
        return -1;
    self->attempt = (int)attempt;
    if (self->request_id[0])
        return 0;
    return json_fail (fault, "/request_id", "request_id is required");
}

/* Workers know no database: HTTP has made lists of it. Left out in silence, they would let
 * items through. */
static int
s_refuse_stored (const request_t *self, const json_t *object, json_fault_t *fault)
{
    if (self->rules.seen_event[0])
        return json_fail (fault, "/seen", "seen must be exclude, include or only");
    return json_read_given (object, "rules")
               ? json_fail (fault, "/rules",
                     "rules names a set that HTTP alone looks up: send the rules")
               : 0;
}

static request_t *
s_from_object (const json_t *object, json_fault_t *fault)
{
    request_t *self = request_new ();
    self->job = true;
    if (s_read_envelope (self, object, fault) || s_read_history (self, object, fault) ||
        s_read_wish (self, object, fault) || s_refuse_stored (self, object, fault))
        request_destroy (&self);
    return self;
}

request_t *
request_from_json (const char *text, size_t length, json_fault_t *fault)
{
    json_t *object = json_read_object (text, length, fault);
    request_t *self = object ? s_from_object (object, fault) : NULL;
    json_decref (object);
    return self;
}

request_t *
request_from_row (const char *text, size_t length, json_fault_t *fault)
{
    json_t *object = json_read_object (text, length, fault);
    request_t *self = object ? s_from_object (object, fault) : NULL;
    const char *trace = json_string_value (json_object_get (object, "traceparent"));
    if (self && trace)
        trace_parse (&self->trace, trace);
    json_decref (object);
    return self;
}

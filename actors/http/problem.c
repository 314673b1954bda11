/* SPDX-License-Identifier: Apache-2.0 */
#include "actors/http/problem.h"

#include <assert.h>

#include "base/uuid.h"

typedef struct {
    int status;
    const char *word;  /* last part of the type's URI */
    const char *title; /* the same for every case of the type */
} row_t;

static const row_t s_rows[PROBLEM_COUNT] = {
    [PROBLEM_MALFORMED] = {400, "malformed", "The head of the request is not valid"},
    [PROBLEM_UNKNOWN_HOST] = {421, "unknown-host",
        "This server does not go by that name"},
    [PROBLEM_TOO_MANY_REQUESTS] = {429, "too-many-requests",
        "This client asks for too much at a time"},
    [PROBLEM_INVALID_JSON] = {400, "invalid-json", "The body is not valid JSON"},
    [PROBLEM_INVALID_FIELD] = {422, "invalid-field",
        "A field of the body is not valid"},
    [PROBLEM_UNKNOWN_FIELD] = {422, "unknown-field",
        "A field of the body is none there is"},
    [PROBLEM_INVALID_PARAMETER] = {422, "invalid-parameter",
        "A parameter of the URL is not valid"},
    [PROBLEM_FOREIGN_ORIGIN] = {403, "foreign-origin",
        "Pages of other origins may not write here"},
    [PROBLEM_KEY_NEEDED] = {401, "key-needed", "An API key is needed here"},
    [PROBLEM_SCOPE_MISSING] = {403, "scope-missing", "The API key may not do this"},
    [PROBLEM_NOT_FOUND] = {404, "not-found", "There is no such resource"},
    [PROBLEM_UNKNOWN_REQUEST] = {404, "unknown-request", "No request has this id"},
    [PROBLEM_UNKNOWN_ITEM] = {404, "unknown-item", "The model does not know this item"},
    [PROBLEM_UNKNOWN_RULES] = {404, "unknown-rules", "No rules have this name"},
    [PROBLEM_NO_ITEM] = {404, "no-item", "The catalogue has no such item"},
    [PROBLEM_UNKNOWN_USER] = {404, "unknown-user", "This user has no interactions"},
    [PROBLEM_METHOD_NOT_ALLOWED] = {405, "method-not-allowed",
        "The resource does not know this method"},
    [PROBLEM_BODY_TOO_LARGE] = {413, "body-too-large", "The body is too large"},
    [PROBLEM_UNKNOWN_ENCODING] = {415, "unknown-encoding",
        "The encoding of the body is not known here"},
    [PROBLEM_RELOAD_REFUSED] = {409, "reload-refused", "The model was not replaced"},
    [PROBLEM_IN_WORK] = {409, "in-work", "The same request is in work"},
    [PROBLEM_KEY_REUSED] = {422, "idempotency-key-reused",
        "The Idempotency-Key belongs to another request"},
    [PROBLEM_FAILED] = {500, "failed", "The request failed"},
    [PROBLEM_OVERLOADED] = {503, "overloaded", "Too much is waiting already"},
    [PROBLEM_UNAVAILABLE] = {503, "unavailable", "A part that is needed is away"},
};

int
problem_status (problem_type_t type)
{
    assert (type < PROBLEM_COUNT);
    return s_rows[type].status;
}

const char *
problem_word (problem_type_t type)
{
    assert (type < PROBLEM_COUNT);
    return s_rows[type].word;
}

problem_t
problem_of_ticket (ticket_status_t status, const char *reason)
{
    static const struct {
        problem_type_t type;
        const char *detail;
    } rows[] = {
        [TICKET_FULL] = {PROBLEM_OVERLOADED, "A queue is full; nothing was done."},
        [TICKET_UNAVAILABLE] = {PROBLEM_UNAVAILABLE, "A part that is needed is away."},
        [TICKET_FAILED] = {PROBLEM_FAILED, "The request failed."},
        [TICKET_CONTRADICTED] = {PROBLEM_KEY_REUSED,
            "This Idempotency-Key came before, with another body."},
        [TICKET_TIMEOUT] = {PROBLEM_UNAVAILABLE, "No answer came in time."},
    };
    assert (status != TICKET_DONE && status < sizeof rows / sizeof rows[0]);
    bool said = reason && *reason;
    return (problem_t){
        .type = rows[status].type, .detail = said ? reason : rows[status].detail};
}

problem_t
problem_of_fault (const json_fault_t *fault)
{
    return (problem_t){
        .type = fault->unknown ? PROBLEM_UNKNOWN_FIELD : PROBLEM_INVALID_FIELD,
        .detail = fault->detail,
        .pointer = fault->pointer};
}

static void
s_add_member (strbuf_t *out, const char *key, const char *value)
{
    if (!value)
        return;
    strbuf_addf (out, ",\"%s\":", key);
    strbuf_add_json_string (out, value);
}

static void
s_add_error (
    strbuf_t *out, const char *detail, const char *pointer, const char *parameter)
{
    strbuf_add (out, "{\"detail\":");
    strbuf_add_json_string (out, detail);
    s_add_member (out, "pointer", pointer);
    s_add_member (out, "parameter", parameter);
    strbuf_add (out, "}");
}

static void
s_add_errors (const problem_t *self, strbuf_t *out)
{
    if (self->fault_count == 0 && !self->pointer && !self->parameter)
        return;
    strbuf_add (out, ",\"errors\":[");
    if (self->fault_count == 0)
        s_add_error (out, self->detail, self->pointer, self->parameter);
    for (size_t i = 0; i < self->fault_count; i++) {
        if (i > 0)
            strbuf_add (out, ",");
        s_add_error (out, self->faults[i].detail, self->faults[i].pointer, NULL);
    }
    strbuf_add (out, "]");
}

void
problem_write (const problem_t *self, strbuf_t *out)
{
    const row_t *row = &s_rows[self->type];
    strbuf_addf (out, "{\"type\":\"/problems/%s\",\"title\":\"%s\",\"status\":%d",
        row->word, row->title, row->status);
    s_add_member (out, "detail", self->detail);
    if (self->request_id && uuid_valid (self->request_id))
        strbuf_addf (out, ",\"instance\":\"urn:uuid:%s\"", self->request_id);
    s_add_member (out, "request_id", self->request_id);
    if (self->line > 0)
        strbuf_addf (out, ",\"line\":%d,\"column\":%d", self->line, self->column);
    s_add_errors (self, out);
    if (self->warnings)
        strbuf_addf (out, ",\"warnings\":[%s]", self->warnings);
    strbuf_add (out, "}");
}

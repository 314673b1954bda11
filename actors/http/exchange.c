/* SPDX-License-Identifier: Apache-2.0 */
#include "actors/http/exchange.h"

#include <assert.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <ulfius.h>

#include "base/uuid.h"

#define STREAM_BLOCK  4096
#define RETRY_AFTER_S 3 /* at most; spread, so that clients do not come back at once */

/* A client's id is echoed in headers, logs and bodies: plain words only. */
static bool
s_id_acceptable (const char *id)
{
    static const char allowed[] = "0123456789abcdefghijklmnopqrstuvwxyz"
                                  "ABCDEFGHIJKLMNOPQRSTUVWXYZ._-";
    size_t length = id ? strlen (id) : 0;
    return length > 0 && length < EXCHANGE_ID_SIZE && strspn (id, allowed) == length;
}

void
exchange_set_host (exchange_t *self, const char *authority)
{
    if (authority && strlen (authority) < sizeof self->host)
        snprintf (self->host, sizeof self->host, "%s", authority);
}

/* "GET http://host/path": the form that proxies are asked in. Its host is the one meant. */
static void
s_split_absolute (exchange_t *self)
{
    if (strncasecmp (self->path, "http://", 7) &&
        strncasecmp (self->path, "https://", 8))
        return;
    const char *authority = strchr (self->path, ':') + 3;
    size_t length = strcspn (authority, "/");
    char host[EXCHANGE_HOST_SIZE];
    snprintf (host, sizeof host, "%.*s", (int)length, authority);
    exchange_set_host (self, host);
    self->path = authority[length] ? authority + length : "/";
}

void
exchange_init (
    exchange_t *self, const struct _u_request *request, struct _u_response *response)
{
    memset (self, 0, sizeof *self);
    self->problem = -1;
    self->request = request;
    self->response = response;
    self->method = request->http_verb;
    self->path = request->url_path;
    self->query = strchr (request->http_url, '?');
    if (self->query)
        self->query++;
    self->body = request->binary_body;
    self->body_length = request->binary_body_length;
    self->parameter = "";
    exchange_set_host (self, exchange_request_header (self, "Host"));
    s_split_absolute (self);
    const char *id = exchange_request_header (self, "X-Request-Id");
    self->own_id = !s_id_acceptable (id);
    if (self->own_id)
        uuid_make (self->id);
    else
        snprintf (self->id, sizeof self->id, "%s", id);
}

bool
exchange_only_reads (const exchange_t *self)
{
    return !strcmp (self->method, "GET") || !strcmp (self->method, "HEAD") ||
           !strcmp (self->method, "OPTIONS");
}

const char *
exchange_request_header (const exchange_t *self, const char *name)
{
    return u_map_get_case (self->request->map_header, name);
}

const char *
exchange_request_cookie (const exchange_t *self, const char *name)
{
    return u_map_get (self->request->map_cookie, name);
}

const char *
exchange_bearer (const exchange_t *self)
{
    static const char scheme[] = "Bearer ";
    const char *said = exchange_request_header (self, "Authorization");
    if (!said || strncasecmp (said, scheme, sizeof scheme - 1))
        return NULL;
    said += sizeof scheme - 1;
    return said + strspn (said, " ");
}

static bool
s_is_secret (const char *name)
{
    return !strcasecmp (name, "Authorization") || !strcasecmp (name, "Cookie");
}

/* All of a cookie's header counts: who knows what else stands there. True: there was
 * something. */
static bool
s_forget_map (const struct _u_map *map, bool all)
{
    bool found = false;
    for (int i = 0; i < map->nb_values; i++)
        if (all || s_is_secret (map->keys[i])) {
            explicit_bzero (map->values[i], map->lengths[i]);
            found = true;
        }
    return found;
}

static enum MHD_Result
s_forget_value (void *context, enum MHD_ValueKind kind, const char *name,
    size_t name_size, const char *value, size_t size)
{
    (void)context, (void)name_size;
    if (value && (kind == MHD_COOKIE_KIND || s_is_secret (name)))
        explicit_bzero ((char *)(uintptr_t)value, size);
    return MHD_YES;
}

/* The library's own buffer, where they arrived, and the copies that were made of it. */
void
exchange_forget_secrets (exchange_t *self)
{
    bool found = s_forget_map (self->request->map_header, false);
    s_forget_map (self->request->map_cookie, true);
    if (found && self->connection)
        MHD_get_connection_values_n (
            self->connection, MHD_HEADER_KIND | MHD_COOKIE_KIND, s_forget_value, NULL);
}

void
exchange_set_header (exchange_t *self, const char *name, const char *value)
{
    u_map_put (self->response->map_header, name, value);
}

/* Who asks learns which trace it became part of. */
static void
s_set_trace (exchange_t *self)
{
    char text[TRACE_TEXT_SIZE];
    trace_print (&self->trace, text);
    if (*text)
        exchange_set_header (self, "traceresponse", text);
}

/* In milliseconds with three places. */
static void
s_add_stage (strbuf_t *out, const char *stage, int64_t us)
{
    if (us <= 0)
        return;
    char places[] = {'.', (char)('0' + us / 100 % 10), (char)('0' + us / 10 % 10),
        (char)('0' + us % 10), '\0'};
    strbuf_add (out, out->length > 0 ? ", " : "");
    strbuf_add (out, stage);
    strbuf_add (out, ";dur=");
    strbuf_add_json_int (out, us / 1000);
    strbuf_add (out, places);
}

static void
s_set_timing (exchange_t *self)
{
    strbuf_t text = STRBUF_EMPTY;
    s_add_stage (&text, "queue", self->stages.queue_us);
    s_add_stage (&text, "compute", self->stages.compute_us);
    s_add_stage (&text, "commit", self->stages.commit_us);
    if (text.length > 0)
        exchange_set_header (self, "Server-Timing", text.data);
    strbuf_free (&text);
}

void
exchange_time_result (exchange_t *self, const result_t *result)
{
    exchange_stages_t *stages = &self->stages;
    if (result->queue_us > stages->queue_us)
        stages->queue_us = result->queue_us;
    if (result->compute_us > stages->compute_us)
        stages->compute_us = result->compute_us;
}

/* Answers are about now; what may be cached says so before it replies. */
static void
s_start_reply (exchange_t *self, int status, const char *content_type)
{
    assert (self->status == 0);
    strbuf_free (&self->warnings);
    self->status = status;
    self->response->status = status;
    if (content_type)
        exchange_set_header (self, "Content-Type", content_type);
    if (!u_map_has_key (self->response->map_header, "Cache-Control"))
        exchange_set_header (self, "Cache-Control", "no-store");
    exchange_set_header (self, "X-Request-Id", self->id);
    s_set_trace (self);
    s_set_timing (self);
}

void
exchange_reply (exchange_t *self, int status, const char *content_type, strbuf_t *body)
{
    s_start_reply (self, status, content_type);
    self->response->binary_body_length = body->length;
    self->response->binary_body = strbuf_take (body);
}

void
exchange_reply_json (exchange_t *self, int status, strbuf_t *body)
{
    exchange_reply (self, status, "application/json", body);
}

void
exchange_reply_bytes (exchange_t *self, int status, const char *content_type,
    const void *bytes, size_t length)
{
    strbuf_t body = STRBUF_EMPTY;
    strbuf_add_bytes (&body, bytes, length);
    exchange_reply (self, status, content_type, &body);
}

void
exchange_reply_empty (exchange_t *self, int status)
{
    s_start_reply (self, status, NULL);
}

void
exchange_reply_text (exchange_t *self, int status, const char *text)
{
    exchange_reply_bytes (
        self, status, "text/plain; charset=utf-8", text, strlen (text));
}

void
exchange_reply_stream (exchange_t *self, const char *content_type,
    ssize_t (*read) (void *stream, uint64_t offset, char *bytes, size_t most),
    void (*done) (void *stream), void *stream)
{
    s_start_reply (self, 200, content_type);
    self->streaming = true;
    int failed = ulfius_set_stream_response (
        self->response, 200, read, done, U_STREAM_SIZE_UNKNOWN, STREAM_BLOCK, stream);
    assert (failed == U_OK);
}

static void
s_reply_problem (exchange_t *self, problem_t *problem)
{
    static atomic_uint turn;
    problem->request_id = self->id;
    problem->warnings = self->warnings.data;
    self->problem = (int)problem->type;
    int status = problem_status (problem->type);
    if ((status == 503 || status == 429) &&
        !u_map_has_key (self->response->map_header, "Retry-After")) {
        char seconds[12];
        unsigned wait = atomic_fetch_add (&turn, 1) % RETRY_AFTER_S + 1;
        snprintf (seconds, sizeof seconds, "%u", wait);
        exchange_set_header (self, "Retry-After", seconds);
    }
    strbuf_t body = STRBUF_EMPTY;
    problem_write (problem, &body);
    exchange_reply (self, status, PROBLEM_CONTENT_TYPE, &body);
}

void
exchange_problem (exchange_t *self, problem_type_t type, const char *detail)
{
    problem_t problem = {.type = type, .detail = detail};
    s_reply_problem (self, &problem);
}

void
exchange_problem_later (exchange_t *self, int64_t wait_us, const char *detail)
{
    char seconds[24];
    snprintf (seconds, sizeof seconds, "%" PRId64, (wait_us + 999999) / 1000000);
    exchange_set_header (self, "Retry-After", seconds);
    exchange_problem (self, PROBLEM_TOO_MANY_REQUESTS, detail);
}

void
exchange_problem_json (exchange_t *self, problem_type_t type, const json_fault_t *fault)
{
    problem_t problem = {.type = type,
        .detail = fault->detail,
        .line = fault->line,
        .column = fault->column};
    if (type == PROBLEM_INVALID_FIELD)
        problem = problem_of_fault (fault);
    s_reply_problem (self, &problem);
}

void
exchange_problem_fields (
    exchange_t *self, const char *detail, const json_fault_t *faults, size_t count)
{
    bool unknown = true;
    for (size_t i = 0; i < count; i++)
        unknown = unknown && faults[i].unknown;
    problem_t problem = {
        .type = unknown ? PROBLEM_UNKNOWN_FIELD : PROBLEM_INVALID_FIELD,
        .detail = detail,
        .faults = faults,
        .fault_count = count};
    s_reply_problem (self, &problem);
}

void
exchange_problem_parameter (exchange_t *self, const char *parameter, const char *detail)
{
    problem_t problem = {
        .type = PROBLEM_INVALID_PARAMETER, .detail = detail, .parameter = parameter};
    s_reply_problem (self, &problem);
}

void
exchange_problem_ticket (exchange_t *self, ticket_status_t status, const char *reason)
{
    problem_t problem = problem_of_ticket (status, reason);
    s_reply_problem (self, &problem);
}

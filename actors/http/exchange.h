/* An exchange: one HTTP request and the answer it gets, in the hands of one thread. What
 * handlers see of HTTP; ulfius stays behind it. Exactly one reply per exchange.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_ACTORS_HTTP_EXCHANGE_H
#define SASREC_ACTORS_HTTP_EXCHANGE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "actors/http/address.h"
#include "actors/http/once.h"
#include "actors/http/problem.h"
#include "actors/http/router.h"
#include "base/api_key.h"
#include "base/jsonread.h"
#include "base/strbuf.h"
#include "base/trace.h"
#include "base/actor/ticket.h"
#include "proto/result.h"

struct _u_request;
struct _u_response;

#define EXCHANGE_ID_SIZE   129
#define EXCHANGE_HOST_SIZE 261 /* the longest name, and a port */

/* How long the stages of actors/stage.h took that the reply waited for; 0: it did not, or
 * less than a microsecond. */
typedef struct {
    int64_t queue_us;
    int64_t compute_us;
    int64_t commit_us;
} exchange_stages_t;

struct exchange {
    const char *method;
    const char *path;  /* as it came: percent-encoded, without the query */
    const char *query; /* as it came, or NULL */
    const char *body;  /* not ended by a NUL */
    size_t body_length;
    const char *parameter;        /* of the path, decoded */
    char id[EXCHANGE_ID_SIZE];    /* the client's X-Request-Id, else a fresh UUID */
    bool own_id;                  /* the id is ours */
    char asked[EXCHANGE_ID_SIZE]; /* id of the request that was made of it, or "" */
    trace_t trace;                /* of which it is part, or none */
    uint8_t parent_id[8];         /* the span of who asks; zero: none */
    char host
        [EXCHANGE_HOST_SIZE]; /* whom the client meant, "rec.example.com:443"; or "" */
    address_t client;         /* who asks: behind trusted proxies, who asked them */
    address_t local;          /* the address of ours that was reached */
    const char *fault;        /* what is wrong with the head, or NULL */
    bool crowded;             /* the client has as many in work as it may */
    bool probes_only;         /* the listener has nothing but probes */
    bool secure;              /* what the client speaks is TLS */
    char key_name[API_KEY_NAME_SIZE];     /* of the key that opened the route, or "" */
    char key_prefix[API_KEY_PREFIX_SIZE]; /* the same */
    int64_t session_end_s; /* unix time, of the session that did in its place; else 0 */
    bool unproven;     /* let in before the keys were known: nothing of the database */
    once_t once;       /* what its Idempotency-Key says */
    int status;        /* of the reply; 0 before it */
    int problem;       /* the problem_type_t that the reply says; -1: none */
    bool streaming;    /* the reply is a stream */
    strbuf_t warnings; /* of unknown fields (fields.h); the reply frees them */
    exchange_stages_t stages; /* told by Server-Timing */
    void *connection; /* libmicrohttpd's; NULL: none knows more of the request */
    const struct _u_request *request;
    struct _u_response *response;
};

/* Borrows both for its life. What the connection knows (client, local, fault, trace,
 * crowded, probes_only, secure, connection) is the server's to add. */
void exchange_init (
    exchange_t *self, const struct _u_request *request, struct _u_response *response);

/* X-Forwarded-Host of a trusted proxy, in place of the Host it asked us by. */
void exchange_set_host (exchange_t *self, const char *authority);

/* By its method: GET, HEAD or OPTIONS. */
bool exchange_only_reads (const exchange_t *self);

const char *exchange_request_header (const exchange_t *self, const char *name);
const char *exchange_request_cookie (const exchange_t *self, const char *name);

/* What stands behind "Authorization: Bearer"; NULL: there is none. */
const char *exchange_bearer (const exchange_t *self);

/* Overwrites keys and cookies wherever the request keeps them: a core dump has none. */
void exchange_forget_secrets (exchange_t *self);

/* Of the reply, before it. */
void exchange_set_header (exchange_t *self, const char *name, const char *value);

/* Replies. The body is taken. */
void exchange_reply (
    exchange_t *self, int status, const char *content_type, strbuf_t *body);
void exchange_reply_json (exchange_t *self, int status, strbuf_t *body);
void exchange_reply_empty (exchange_t *self, int status);
void exchange_reply_text (exchange_t *self, int status, const char *text);
void exchange_reply_bytes (exchange_t *self, int status, const char *content_type,
    const void *bytes, size_t length);

/* read fills at most `most` bytes and may wait; 0 is not allowed, -1 ends the stream.
 * done is called in any case, when it is over. */
void exchange_reply_stream (exchange_t *self, const char *content_type,
    ssize_t (*read) (void *stream, uint64_t offset, char *bytes, size_t most),
    void (*done) (void *stream), void *stream);

/* Before the reply: of several results the longest times count. */
void exchange_time_result (exchange_t *self, const result_t *result);

/* Problems. 429s and 503s carry a Retry-After of a few seconds that differs between clients,
 * unless the header is set; _later is the 429 that knows when. */
void exchange_problem (exchange_t *self, problem_type_t type, const char *detail);
void exchange_problem_later (exchange_t *self, int64_t wait_us, const char *detail);
void exchange_problem_json (
    exchange_t *self, problem_type_t type, const json_fault_t *fault);
/* Several bad fields, in their order; detail sums up. */
void exchange_problem_fields (
    exchange_t *self, const char *detail, const json_fault_t *faults, size_t count);
void exchange_problem_parameter (
    exchange_t *self, const char *parameter, const char *detail);

/* The reply to every status but TICKET_DONE; reason may be "". */
void exchange_problem_ticket (
    exchange_t *self, ticket_status_t status, const char *reason);

/* Reading (exchange_read.c); false: the problem has been replied. An absent parameter
 * leaves *value. */
json_t *exchange_read_json (exchange_t *self); /* fresh, or NULL */
bool exchange_read_integer (
    exchange_t *self, const char *name, int64_t low, int64_t high, int64_t *value);
bool exchange_read_text (exchange_t *self, const char *name, char *value, size_t size);
bool exchange_read_flag (exchange_t *self, const char *name, bool *value);
bool exchange_read_user (exchange_t *self); /* checks self->parameter as a user id */
bool exchange_read_item (exchange_t *self, int64_t *item_id); /* of self->parameter */

/* fields_check_query, strict where the client prefers that: false, and the problem has been
 * replied. */
bool exchange_check_query (exchange_t *self, const char *const *known);

/* fields_check, strict where the client prefers that. The warnings of all of a body's
 * objects come with exchange_add_warnings: ,"warnings":[...], or nothing when all is well. */
int exchange_check_fields (exchange_t *self, const json_t *object,
    const char *const *known, const char *at, json_fault_t *fault);
void exchange_add_warnings (const exchange_t *self, strbuf_t *body);

#endif

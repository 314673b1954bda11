/* The message "recommend for this history": from an HTTP thread to the pool, either
 * through the request_producer (a job, its row is written first) or straight (at once,
 * with a ticket). On Kafka the same message is JSON on inference.requests.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_PROTO_REQUEST_H
#define SASREC_PROTO_REQUEST_H

#include <czmq.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/fingerprint.h"
#include "base/jsonread.h"
#include "base/strbuf.h"
#include "base/trace.h"
#include "proto/receipt.h"
#include "proto/rules.h"
#include "base/actor/ticket.h"

#define PROTO_ID_SIZE       129 /* request ids and user ids: 1 to 128 bytes */
#define PROTO_HISTORY_LIMIT 10000
#define PROTO_K_LIMIT       1000
#define PROTO_K_DEFAULT     10
#define PROTO_USER_DEFAULT  "anon"
#define PROTO_SCORE_LIMIT   1000 /* candidates; as many as k may be */

/* Of a request that may be sent again, once its row was to be written. */
typedef enum {
    REQUEST_NEW,
    REQUEST_AGAIN,  /* the row was there, of the same body */
    REQUEST_ANOTHER /* of another one */
} request_once_t;

typedef struct request {
    char request_id[PROTO_ID_SIZE]; /* any string; only UUIDs reach SQL */
    char user_id[PROTO_ID_SIZE];    /* "anon" when the client gave none */
    int64_t *
        history; /* items, oldest first: integers and keys (proto/item_list.h); owned */
    size_t history_count;
    size_t k; /* 1..PROTO_K_LIMIT */
    rules_t rules;
    char rule_set[PROTO_RULES_NAME_SIZE]; /* of a body: the name of more rules; "" */
    strbuf_t keys;                        /* the texts of the keys in all its lists */
    bool from_store; /* of a body: the user's stored history comes before this one */
    bool similar;    /* at once only: what is like the history's one item */
    char fingerprint[FINGERPRINT_SIZE]; /* of the body, when the client may send it
                                           again under this id; else "" */
    request_once_t once;
    int64_t
        *candidates; /* at once only: not the best, but the scores of these; owned */
    size_t candidate_count;
    bool job;            /* has a row in predictions; else only a ticket waits */
    int deadline_s;      /* of a job, from acceptance; 0 = the configured one */
    int64_t deadline_ms; /* unix ms, 0 = none: not worth computing after it */
    int attempt;         /* 1 for the first sending */
    int64_t accepted_us; /* clock_monotonic_us when taken in, 0 = unknown */
    int64_t queued_us;   /* the same, when the pool took it; 0 before */
    int64_t sent_ms;     /* unix ms when it was put on Kafka, or taken from its row; 0 =
                            neither */
    trace_t trace;       /* of which it is part; not in its JSON but in a header */
    ticket_t *ticket;    /* owned reference, or NULL */
    receipt_t receipt;   /* of the Kafka message; .held false without Kafka */
} request_t;

#define REQUEST_TAG "request_t" /* on a wire */

request_t *request_new (void);
void request_destroy (request_t **self_p);

/* Tells who waits, if anybody does (reason may be NULL), and destroys. */
void request_refuse (request_t **self_p, ticket_status_t status, const char *reason);

/* Gives the request away through an inproc socket without blocking: 0 and *self_p is
 * NULL, or -1 (full) and it is still the caller's. Receive returns NULL when nothing
 * waits. */
int request_send (request_t **self_p, zsock_t *socket);
request_t *request_recv (zsock_t *socket);

/* The body of POST /predict and POST /recommend: history, user_id or both, append, k, the
 * rules (rules.h), "rules" with the name of a set, deadline_s. Fills all but the request id
 * and the ticket. from_store: there is a user, and no history or append. A rule_set and a
 * seen_event, for which there is a user, are whoever read it to turn into rules. -1 with
 * *fault. */
int request_read_body (request_t *self, const json_t *object, json_fault_t *fault);
extern const char
    *const request_body_fields[]; /* the fields there are; ends with NULL */

/* Of it the rules and the name of a set alone. */
int request_read_rules (request_t *self, const json_t *object, json_fault_t *fault);

/* The same, but not what is wished: history, user_id, append. */
int request_read_whose (request_t *self, const json_t *object, json_fault_t *fault);

/* The candidates, a list of at least one item, at most `most`; k becomes their number. */
int request_read_candidates (request_t *self, const json_t *object, const char *key,
    size_t most, json_fault_t *fault);

/* The JSON of inference.requests; and of predictions.request_json, which has the trace,
 * too. The history is required. Unknown fields are ignored on reading; the name of a rule set
 * is refused, as its rules are not known here. A fresh request, or NULL with *fault. */
void request_to_json (const request_t *self, strbuf_t *out);
void request_to_row (const request_t *self, strbuf_t *out);
request_t *request_from_json (const char *text, size_t length, json_fault_t *fault);
request_t *request_from_row (const char *text, size_t length, json_fault_t *fault);

#endif

/* Asking the actors for recommendations: reading the body, sending the request, waiting.
 * What /predict, /recommend and /users/{user_id}/recommendations have in common.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_ACTORS_HTTP_ASK_H
#define SASREC_ACTORS_HTTP_ASK_H

#include "actors/http/context.h"
#include "proto/result.h"

/* A request with the exchange's id and trace; read: from the body, with the stored history where
 * that is asked for, NULL when the problem has been replied. Fresh. */
request_t *ask_new (exchange_t *exchange);
request_t *ask_read (http_context_t *context, exchange_t *exchange);

/* The same of a body of another route: its fields (ended by NULL), and what reads them:
 * -1 with *fault. own: the route's. */
typedef int (ask_read_fn) (
    request_t *request, const json_t *object, void *own, json_fault_t *fault);
request_t *ask_read_as (http_context_t *context, exchange_t *exchange,
    const char *const *fields, ask_read_fn *read, void *own);

/* The request leaves something to the database: the user's history, what of it is seen, or
 * rules by their name. */
bool ask_needs_store (const request_t *request);

/* Puts the rules of the set that it names beside its own (rules_merge), before what is stored
 * is read. *good false: they cannot be, and *fault says why. */
db_status_t ask_read_rules (
    db_t *db, request_t *request, bool *good, json_fault_t *fault);

/* Puts the user's stored history before the one that was given, where the request is
 * from_store: all that /users/{user_id}/history tells, up to limit in all, without the events
 * that the model in use was trained without, which are excluded instead. None is stored: it
 * stays as it is, and is answered like any short history. What the user had with its
 * seen_event is added to what is excluded. */
db_status_t ask_read_stored (
    http_context_t *context, db_t *db, request_t *request, size_t limit);

/* Puts integers in place of the keys in a request's lists, for who compares them with those
 * of an answer: the model's in use; of a key that it does not know, what follows from it. */
void ask_resolve_keys (http_context_t *context, request_t *request);

/* ,"item_keys":[...] of these items, or ,"item_key":"..." of one; nothing where the model's
 * have none, or there is no model (NULL). */
void ask_add_keys (
    const model_ref_t *model, const int64_t *ids, size_t count, strbuf_t *body);
void ask_add_key (const model_ref_t *model, int64_t id, strbuf_t *body);

/* False: there is no model, the 503 has been replied. */
bool ask_has_model (http_context_t *context, exchange_t *exchange);

/* Puts a reference of the ticket into the request and sends it. The request is taken in
 * any case. TICKET_DONE: sent; TICKET_FULL: it could not be. */
ticket_status_t ask_send (outlet_t *outlet, request_t **request_p, ticket_t *ticket);

/* A request on its way to an answer at once. */
typedef struct {
    ticket_t *ticket;
    ticket_status_t sent;
    int64_t deadline_ms; /* of the wait, clock_monotonic_ms */
} asked_t;

/* Sends the request, taken; every start needs its finish. */
asked_t ask_start (http_context_t *context, request_t **request_p);

/* Waits for the answer: fresh, or NULL with *problem, which borrows reason. */
result_t *ask_finish (asked_t *asked, problem_t *problem, char reason[160]);

/* Both, with the problem replied when there is no answer. The request is taken. */
result_t *ask_result (
    http_context_t *context, exchange_t *exchange, request_t **request_p);

/* Both, and replies with the answer, and its items (expand.h). Taken. */
void ask_once (http_context_t *context, exchange_t *exchange, request_t **request_p);

/* The members that say for whom an answer is, and who made it of what; then those of a
 * recommendation. */
void ask_add_provenance (const result_t *result, strbuf_t *body);
void ask_add_result (const result_t *result, strbuf_t *body);

#endif

/* The message "this is the answer": from a worker into the ticket of who waits at once, or
 * through the result_router to streams and the db_writer. On Kafka the same message is JSON on inference.results.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_PROTO_RESULT_H
#define SASREC_PROTO_RESULT_H

#include <czmq.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/jsonread.h"
#include "base/strbuf.h"
#include "proto/request.h"

#define PROTO_VERSION_SIZE 65
#define PROTO_ERROR_SIZE   160

typedef enum { RESULT_COMPLETED, RESULT_FAILED } result_status_t;
/* RESULT_FROM_UNKNOWN: whoever made it does not say. */
typedef enum {
    RESULT_FROM_MODEL,
    RESULT_FROM_POPULAR,
    RESULT_FROM_UNKNOWN
} result_source_t;

/* Rules that remove items, in the order in which they are applied. */
typedef enum {
    REMOVED_BY_SEEN,
    REMOVED_BY_EXCLUDE,
    REMOVED_BY_ALLOW,
    REMOVED_BY_CATEGORIES,
    REMOVED_BY_HIDDEN,
    REMOVED_BY_MIN_SCORE,
    REMOVED_BY_COUNT
} removed_by_t;

typedef struct result {
    char request_id[PROTO_ID_SIZE];
    char user_id[PROTO_ID_SIZE];
    result_status_t status;
    char error[PROTO_ERROR_SIZE]; /* why it failed; "" when completed */
    int64_t *item_ids;            /* count of them, best first; owned */
    float *scores;                /* count of them, descending; owned */
    char *item_keys; /* NULL: the catalogue has none; else count texts, each
                                     ended by a NUL, "" for an item without; owned */
    size_t count;
    bool counts_removed;              /* whoever made it says what was removed */
    size_t removed[REMOVED_BY_COUNT]; /* items, each by the first rule that does */
    char model_version[PROTO_VERSION_SIZE];
    result_source_t source;
    size_t history_used;    /* known items of the history inside the window */
    size_t unknown_dropped; /* items of the history that the model does not know */
    bool job;               /* has a row in predictions */
    int64_t accepted_us;    /* copied from the request, as is the trace */
    int64_t received_us;    /* when the db_writer had it, as accepted_us; 0 before */
    int64_t queue_us;       /* how long it waited for a worker, and was computed; */
    int64_t compute_us;     /* not on Kafka */
    trace_t trace;          /* on Kafka a header */
    receipt_t receipt;
} result_t;

#define RESULT_TAG "result_t" /* on a wire */

result_t *result_new (void);
void result_destroy (result_t **self_p);
result_t *result_copy (const result_t *self); /* without receipt */

/* The ticket is done, with the result, which is given away. */
void result_answer (result_t **self_p, ticket_t *ticket);

int result_send (result_t **self_p, zsock_t *socket); /* as request_send */
result_t *result_recv (zsock_t *socket);

/* {"item_ids":[...],"item_keys":[...],"scores":[...],"model_version":...,"source":...,"history_used":...,
 * "unknown_dropped":...,"removed":{"seen":...,...}}: predictions.result_json and the member
 * "result" on HTTP. */
void result_payload_to_json (const result_t *self, strbuf_t *out);

/* The JSON of inference.results: {"request_id","user_id","result":{...}|null,"error",
 * "model_version","source",...}. */
void result_to_json (const result_t *self, strbuf_t *out);
result_t *result_from_json (const char *text, size_t length, json_fault_t *fault);

const char *result_source_word (result_source_t source); /* "model", "popular"; NULL */

#endif

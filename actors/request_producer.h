/* The request_producer actor: the only way into the table predictions. Accepted requests
 * are taken in groups, whatever waits: tickets whose client gave up are skipped, the rows
 * are inserted in one transaction, only then the tickets are answered DONE (202), and the
 * requests are sent on. A request that does not fit into the pool's pipe, or that comes
 * back from the bridge undelivered, is marked unsent in its row: the reconciler sends it.
 *
 * commands      START; $TERM, after http
 * messages in   request_t from accept; request_t from returned (not delivered)
 * messages out  request_t to jobs
 *
 * Owns the checks "postgres" and "schema" (db_watch.h). SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_ACTORS_REQUEST_PRODUCER_H
#define SASREC_ACTORS_REQUEST_PRODUCER_H

#include <czmq.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "actors/spans.h"

typedef struct {
    const char *accept_endpoint;
    const char *jobs_endpoint;
    const char *conninfo;
    int statement_timeout_ms;
    int deadline_s;                /* of requests that name none */
    const char *returned_endpoint; /* NULL without Kafka */
    atomic_size_t *backlog;        /* out: more by each row that is accepted */
    atomic_bool *unsent;           /* out: there are rows for the reconciler to send */
    spans_t *spans;                /* NULL: no tracing */
} request_producer_args_t;

/* args: request_producer_args_t, borrowed until the actor ends. */
void request_producer_actor (zsock_t *pipe, void *args);

#endif

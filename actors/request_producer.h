/* The request_producer actor: the only way into the table predictions. Accepted requests
 * are taken in groups, whatever waits: tickets whose client gave up are skipped, the rows
 * are inserted in one transaction, only then the tickets are answered DONE (202), and the
 * requests are sent on. A request that does not fit into the pool's pipe is marked unsent
 * in its row. It also sends again what needs it, and is the only one to write EXPIRED.
 *
 * commands      START; $TERM, after http
 * messages in   request_t from accept; request_t from returned (not delivered)
 * messages out  request_t to jobs
 *
 * Rows never sent leave at the speed of the pipe, as long as the pool's queue is less
 * than half full. Rows sent but not answered (from 15 s on) are sent again only while
 * there is a model and nearly nothing waits in the pool: a full queue explains them.
 * Without Kafka the first connection makes every PENDING row unsent: whatever was in the
 * memory of an earlier process is gone. Another process of role all on the same database
 * may then compute some twice, which its guard on PENDING makes harmless.
 *
 * With Kafka the pipe leads to the bridge, `waiting` counts what it has not delivered and
 * what the workers have not read, and what cannot be delivered comes back and is unsent.
 *
 * Owns the checks "postgres" and "schema" (db_watch.h). SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_ACTORS_REQUEST_PRODUCER_H
#define SASREC_ACTORS_REQUEST_PRODUCER_H

#include <czmq.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "actors/model_slot.h"

typedef struct {
    const char *accept_endpoint;
    const char *jobs_endpoint;
    const char *conninfo;
    int statement_timeout_ms;
    int deadline_s;                /* of requests that name none */
    int max_attempts;              /* sendings of a row before it is FAILED */
    size_t job_limit;              /* jobs that may wait in the pool */
    size_t backlog_limit;          /* counting the backlog stops beyond it */
    bool reset_at_start;           /* without Kafka */
    const char *returned_endpoint; /* NULL without Kafka */
    model_slot_t *slot;            /* only asked whether there is a model */
    atomic_size_t *waiting;        /* in: jobs waiting in the pool */
    atomic_size_t *backlog;        /* out: rows accepted and unfinished */
} request_producer_args_t;

/* args: request_producer_args_t, borrowed until the actor ends. */
void request_producer_actor (zsock_t *pipe, void *args);

#endif

/* The result_router actor: a job's result is shown to who waits for it and passed on to be
 * written. It never waits: when the writer's pipe is full, a result without receipt is dropped and counted;
 * its row stays PENDING and is sent again. With Kafka, what this process computed for a
 * job is published instead, and comes back to all that listen.
 *
 * commands      START; $TERM (what waits is still routed), after the workers, before the
 *               db_writer
 * messages in   result_t from results
 * messages out  result_t to write, to answers (those with a receipt)
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_ACTORS_RESULT_ROUTER_H
#define SASREC_ACTORS_RESULT_ROUTER_H

#include <czmq.h>

#include "actors/ended.h"

typedef struct {
    const char *results_endpoint;
    const char *write_endpoint;   /* NULL: nobody writes in this process */
    const char *answers_endpoint; /* NULL: nothing is published */
    ended_t *ended;               /* who waits for a result */
} result_router_args_t;

/* args: result_router_args_t, borrowed until the actor ends. */
void result_router_actor (zsock_t *pipe, void *args);

#endif

/* The reconciler actor: what was accepted must end. It looks at the table predictions once
 * a second and sends again what needs it, makes EXPIRED what is past its deadline (nobody
 * else does) and counts what is unfinished. It has a connection of its own: a look that
 * takes long, beside a report say, holds up no accepted request.
 *
 * commands      START; $TERM, after http
 * messages out  request_t to jobs
 *
 * Rows never sent leave at the speed of the pipe, as long as the pool's queue is less
 * than half full. Rows sent but not answered (from 15 s on) are sent again only while
 * there is a model and nearly nothing waits in the pool: a full queue explains them.
 * Without Kafka the first connection makes every PENDING row unsent: whatever was in the
 * memory of an earlier process is gone. Rows that were with two processes that died are
 * suspects: from a second after the start on they are sent one at a time, each counted
 * before, so that a request that kills its process is known, FAILED after max_attempts,
 * and blames no other. Another process of role all on the same database
 * may then compute some twice, which its guard on PENDING makes harmless.
 *
 * With Kafka the pipe leads to the bridge, and `waiting` counts what it has not delivered
 * and what the workers have not read.
 *
 * A row that PostgreSQL refuses to change is set aside (store/row_writer.h); rows that
 * somebody has locked are left for another look.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_ACTORS_RECONCILER_H
#define SASREC_ACTORS_RECONCILER_H

#include <czmq.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "actors/ended.h"
#include "actors/model_slot.h"

typedef struct {
    const char *jobs_endpoint;
    const char *conninfo;
    int statement_timeout_ms;
    int max_attempts;       /* sendings of a row before it is FAILED */
    size_t job_limit;       /* jobs that may wait in the pool */
    size_t repeat_limit;    /* repeats in one look */
    size_t backlog_limit;   /* counting the backlog stops beyond it */
    bool reset_at_start;    /* without Kafka */
    model_slot_t *slot;     /* only asked whether there is a model */
    ended_t *ended;         /* told of each row that ended, after COMMIT; or NULL */
    atomic_size_t *waiting; /* in: jobs waiting in the pool */
    atomic_size_t *backlog; /* out: rows accepted and unfinished */
    atomic_bool *unsent;    /* in, out: there may be rows that were never sent */
} reconciler_args_t;

/* args: reconciler_args_t, borrowed until the actor ends. */
void reconciler_actor (zsock_t *pipe, void *args);

#endif

/* The pruner actor: deletes finished requests that are older than SASREC_RETENTION, and after
 * a day what Idempotency-Keys were kept for (store/once.h), a portion at a time with long
 * pauses in between, so that those who wait for an answer do not notice. Each process has
 * one; an advisory lock lets one at a time delete requests.
 *
 * commands      START; $TERM
 * messages in   none
 * messages out  none
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_ACTORS_PRUNER_H
#define SASREC_ACTORS_PRUNER_H

#include <czmq.h>
#include <stdint.h>

typedef struct {
    const char *conninfo;
    int statement_timeout_ms;
    int64_t retention_s; /* 0: no request is deleted */
    int sweep_ms;        /* from the end of a sweep to the next one */
} pruner_args_t;

/* args: pruner_args_t, borrowed until the actor ends. */
void pruner_actor (zsock_t *pipe, void *args);

#endif

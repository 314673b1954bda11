/* The ended_watch actor: what ended elsewhere, for who waits here. It hears what other
 * processes publish (inference.ended), and once a second asks PostgreSQL for all that wait
 * at once: the row may be a stranger's to write, or another process's of role all on the
 * same database, or the database was away when it was looked at first. While nobody waits
 * it asks nothing.
 *
 * commands      START; $TERM
 * messages in   ending_t from endings
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_ACTORS_ENDED_WATCH_H
#define SASREC_ACTORS_ENDED_WATCH_H

#include <czmq.h>

#include "actors/ended.h"
#include "store/pool.h"

typedef struct {
    const char *endings_endpoint; /* NULL without Kafka */
    ended_t *ended;
    pool_t *pool;
} ended_watch_args_t;

/* args: ended_watch_args_t, borrowed until the actor ends. */
void ended_watch_actor (zsock_t *pipe, void *args);

#endif

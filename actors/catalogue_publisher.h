/* The catalogue_publisher actor: makes the topic catalogue.items say what PostgreSQL does,
 * for processes that recommend and have no database. It hears the topic from its beginning,
 * looks at the database as the catalogue_watch does, and publishes what differs; so several
 * of them do no harm, whatever was lost comes again, and a topic that began afresh (the
 * broker lost its data) is filled again. When nothing differs it says so, "complete": before
 * that nobody recommends by the topic. "Alive", every half a minute, is for itself: by
 * its offset it hears that a topic began afresh.
 *
 * commands      START; $TERM
 * messages in   fact_message_t from heard
 * messages out  fact_message_t to facts
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_ACTORS_CATALOGUE_PUBLISHER_H
#define SASREC_ACTORS_CATALOGUE_PUBLISHER_H

#include <czmq.h>

#include "bridge/bridge.h"

typedef struct {
    const char *heard_endpoint;
    const char *facts_endpoint;
    const char *conninfo;
    int statement_timeout_ms;
    const listener_until_t *until; /* all before it is heard before anything is said */
    int walk_ms;       /* from what was published to the next look at all: was it heard?
                    Longer and longer while nothing is. */
    int contradict_ms; /* ... from what was heard and is not so; not at once, since another
                          publisher may have looked at the database later */
} catalogue_publisher_args_t;

/* args: catalogue_publisher_args_t, borrowed until the actor ends. */
void catalogue_publisher_actor (zsock_t *pipe, void *args);

#endif

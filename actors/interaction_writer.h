/* The interaction_writer actor: interactions from Kafka into their table, whatever waits
 * in one statement, or as much of it as fits into the time-out. One that PostgreSQL
 * refuses becomes a dead letter with the reason; one that is in the way for now is set
 * aside and tried again (store/row_writer.h). An event that comes again changes nothing.
 * While the database is away it takes no more from its pipe than it holds. A receipt is
 * given back only after COMMIT.
 *
 * commands      START; $TERM (what is not written comes again)
 * messages in   interaction_t from interactions
 * messages out  settlements to settle
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_ACTORS_INTERACTION_WRITER_H
#define SASREC_ACTORS_INTERACTION_WRITER_H

#include <czmq.h>

typedef struct {
    const char *interactions_endpoint;
    const char *settle_endpoint;
    const char *conninfo;
    int statement_timeout_ms;
} interaction_writer_args_t;

/* args: interaction_writer_args_t, borrowed until the actor ends. */
void interaction_writer_actor (zsock_t *pipe, void *args);

#endif

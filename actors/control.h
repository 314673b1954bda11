/* Commands between main and an actor: one word on the pipe, one reply, one in flight.
 * Every command but $TERM gets its reply, unknown ones too; data never travels here.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_ACTORS_CONTROL_H
#define SASREC_ACTORS_CONTROL_H

#include <czmq.h>

#define CONTROL_ERROR_SIZE 160

typedef enum {
    CONTROL_TERM, /* stop; also when the pipe is gone */
    CONTROL_START,
    CONTROL_QUIESCE, /* take no new work, finish or give back what runs */
    CONTROL_UNKNOWN
} control_t;

/* Actor side. */
control_t control_recv (zsock_t *pipe);
void control_reply (zsock_t *pipe, const char *error); /* NULL: "OK" */
void control_refuse (zsock_t *pipe);                   /* to an unknown word */

/* Main's side: 0, or -1 with the actor's own sentence, or that it gave no reply in
 * time. */
int control_ask (
    zactor_t *actor, const char *word, int timeout_ms, char error[CONTROL_ERROR_SIZE]);

#endif

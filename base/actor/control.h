/* Commands between main and an actor: one word on the pipe, one reply, one in flight.
 * Every command but $TERM gets its reply, unknown ones too; data never travels here. All
 * actors lead the same life between START and $TERM, and bring what is their own in it.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_BASE_ACTOR_CONTROL_H
#define SASREC_BASE_ACTOR_CONTROL_H

#include <czmq.h>
#include <stdbool.h>

#define CONTROL_ERROR_SIZE 160

/* What is an actor's own; context is the actor. */
typedef struct {
    /* START acquires ports, files, connections. NULL, or what failed: a sentence that
     * the actor keeps until it is replied. */
    const char *(*start) (void *context);
    /* One round, after a START that went well: waits for the pipe, the actor's inputs
     * and its next deadline, and handles them; what is on the pipe stays there. True:
     * that is a command. */
    bool (*serve) (void *context, zsock_t *pipe);
    /* QUIESCE, in any state: take no new work, finish or give back what runs. NULL: not
     * a word of this actor. */
    void (*quiesce) (void *context);
} control_life_t;

/* Actor side: signals 0, then obeys and serves until $TERM comes or the pipe is gone.
 * Without a START that went well it only obeys; after one, the next is refused. All is
 * borrowed for the call: the actor drains and frees what it holds afterwards. */
void control_run (zsock_t *pipe, void *context, const control_life_t *life);

/* Main's side: 0, or -1 with the actor's own sentence, or that it gave no reply in
 * time. */
int control_ask (
    zactor_t *actor, const char *word, int timeout_ms, char error[CONTROL_ERROR_SIZE]);

#endif

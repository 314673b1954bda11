/* The key_watch actor: keeps the keyring at what the table api_keys says, by one look at the
 * keys that hold every two seconds, and says in /readyz (check "keys") when it could not
 * read the table yet, and when the service listens for others and has no key to let them in.
 * While the database is away the keys that are known go on.
 *
 * commands      START -> "OK" after the first look, whatever that found; $TERM
 * messages      none
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_ACTORS_KEY_WATCH_H
#define SASREC_ACTORS_KEY_WATCH_H

#include <czmq.h>
#include <stdbool.h>

#include "actors/keyring.h"

typedef struct {
    const char *conninfo;
    int statement_timeout_ms;
    int look_ms;
    keyring_t *keyring;
    bool open;   /* everybody is let in, whatever the keys: there is no check */
    bool needed; /* without a key nobody is let in */
} key_watch_args_t;

/* args: key_watch_args_t, borrowed until the actor ends. */
void key_watch_actor (zsock_t *pipe, void *args);

#endif

/* The catalogue_watch actor: keeps the catalogue of the model slot at what PostgreSQL says,
 * so that an item that is hidden is not recommended from the next second on. It reads all
 * items at its start, and whenever the database was away; then twice a second what is new
 * (store/facts.h): one look into an index while nothing is. That an item's time comes or
 * goes needs nobody's word: who recommends has a clock (actors/model_slot.h). While the
 * database is away what was known last goes on. The check "catalogue" fails until all has
 * been read once; nothing is recommended before.
 *
 * commands      START; $TERM
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_ACTORS_CATALOGUE_WATCH_H
#define SASREC_ACTORS_CATALOGUE_WATCH_H

#include <czmq.h>

#include "actors/model_slot.h"

typedef struct {
    const char *conninfo;
    int statement_timeout_ms;
    model_slot_t *slot;
} catalogue_watch_args_t;

/* args: catalogue_watch_args_t, borrowed until the actor ends. */
void catalogue_watch_actor (zsock_t *pipe, void *args);

#endif

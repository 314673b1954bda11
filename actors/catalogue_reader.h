/* The catalogue_reader actor: the catalogue of the model slot as the topic catalogue.items
 * says it, for processes without a database. It hears the topic from its beginning; once it
 * has heard all that was there at its start, and that this is complete, the slot has a
 * catalogue, and then each change. The check "catalogue" fails until then, and nothing is
 * recommended.
 *
 * commands      START; $TERM
 * messages in   fact_message_t from heard
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_ACTORS_CATALOGUE_READER_H
#define SASREC_ACTORS_CATALOGUE_READER_H

#include <czmq.h>

#include "actors/model_slot.h"
#include "bridge/bridge.h"

typedef struct {
    const char *heard_endpoint;
    const listener_until_t *until;
    model_slot_t *slot;
} catalogue_reader_args_t;

/* args: catalogue_reader_args_t, borrowed until the actor ends. */
void catalogue_reader_actor (zsock_t *pipe, void *args);

#endif

/* The reload_controller actor: keeps the model slot at what `current` names. It looks at
 * the start, every check_ms, and when asked; a new version is loaded beside the old one,
 * verified (load_model: checks, hashes, canary) and only then put in its place. A file
 * that was refused is not tried again until it changes or somebody asks; the old model
 * stays, and log, metrics and /readyz say why. When there is no model at all, previous
 * versions are tried, newest first. They also say when its encoder is in bf16.
 *
 * commands      START; $TERM
 * messages in   reload_t from reload
 * messages out  none; event "model" on live: {"version","previous"}
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_ACTORS_RELOAD_CONTROLLER_H
#define SASREC_ACTORS_RELOAD_CONTROLLER_H

#include <czmq.h>

#include "actors/live.h"
#include "actors/model_slot.h"

typedef struct {
    const char *reload_endpoint;
    const char *folder; /* of checkpoints */
    int check_ms;       /* 5000 */
    size_t cache_bytes; /* model_keep_histories */
    bool bf16;          /* the encoder's precision, where the trial says so */
    model_slot_t *slot;
    live_t *live;
} reload_controller_args_t;

/* args: reload_controller_args_t, borrowed until the actor ends. */
void reload_controller_actor (zsock_t *pipe, void *args);

#endif

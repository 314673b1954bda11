/* SPDX-License-Identifier: Apache-2.0 */
#include "base/actor/control.h"

#include <stdio.h>
#include <string.h>

typedef struct {
    zsock_t *pipe;              /* main's */
    void *context;              /* the actor; borrowed */
    const control_life_t *life; /* borrowed */
    bool started;               /* START was answered OK */
    bool terminated;            /* $TERM came */
} self_t;

/* Returns the reply. */
static const char *
s_start (self_t *self)
{
    if (self->started)
        return "already started";
    const char *failed = self->life->start (self->context);
    self->started = !failed;
    return failed ? failed : "OK";
}

static const char *
s_quiesce (self_t *self)
{
    self->life->quiesce (self->context);
    return "OK";
}

static void
s_handle_command (self_t *self)
{
    char *word = zstr_recv (self->pipe);
    const char *reply = "unknown command";
    if (!word || strcmp (word, "$TERM") == 0)
        self->terminated = true;
    else if (strcmp (word, "START") == 0)
        reply = s_start (self);
    else if (strcmp (word, "QUIESCE") == 0 && self->life->quiesce)
        reply = s_quiesce (self);
    if (!self->terminated)
        zstr_send (self->pipe, reply);
    zstr_free (&word);
}

void
control_run (zsock_t *pipe, void *context, const control_life_t *life)
{
    self_t self = {.pipe = pipe, .context = context, .life = life};
    zsock_signal (pipe, 0);
    while (!self.terminated)
        if (!self.started || life->serve (context, pipe))
            s_handle_command (&self);
}

int
control_ask (
    zactor_t *actor, const char *word, int timeout_ms, char error[CONTROL_ERROR_SIZE])
{
    zsock_set_rcvtimeo (actor, timeout_ms);
    char *reply = zstr_send (actor, word) ? NULL : zstr_recv (actor);
    zsock_set_rcvtimeo (actor, -1); /* zactor_destroy waits as long as it takes */
    int rc = reply && strcmp (reply, "OK") == 0 ? 0 : -1;
    if (rc)
        snprintf (error, CONTROL_ERROR_SIZE, "%s",
            reply ? reply : "it gave no reply in time");
    zstr_free (&reply);
    return rc;
}

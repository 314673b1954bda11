/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/reload.h"

#include <assert.h>
#include <stdlib.h>

#include "base/actor/wire.h"

reload_t *
reload_new (void)
{
    reload_t *self = calloc (1, sizeof *self);
    assert (self);
    return self;
}

void
reload_destroy (reload_t **self_p)
{
    reload_t *self = *self_p;
    if (!self)
        return;
    ticket_release (&self->ticket);
    free (self);
    *self_p = NULL;
}

int
reload_send (reload_t **self_p, zsock_t *socket)
{
    if (wire_send (socket, RELOAD_TAG, *self_p))
        return -1;
    *self_p = NULL;
    return 0;
}

reload_t *
reload_recv (zsock_t *socket)
{
    return wire_recv (socket, RELOAD_TAG);
}

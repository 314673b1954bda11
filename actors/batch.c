/* SPDX-License-Identifier: Apache-2.0 */
#include "actors/batch.h"

#include <assert.h>
#include <stdlib.h>

#include "base/actor/wire.h"

batch_t *
batch_new (size_t worker, size_t limit)
{
    batch_t *self = calloc (1, sizeof *self + limit * sizeof (request_t *));
    assert (self);
    self->worker = worker;
    self->limit = limit;
    return self;
}

void
batch_destroy (batch_t **self_p)
{
    batch_t *self = *self_p;
    if (!self)
        return;
    for (size_t i = 0; i < self->count; i++)
        request_destroy (&self->requests[i]);
    free (self);
    *self_p = NULL;
}

int
batch_send (batch_t **self_p, zsock_t *socket)
{
    if (wire_send (socket, BATCH_TAG, *self_p))
        return -1;
    *self_p = NULL;
    return 0;
}

batch_t *
batch_recv (zsock_t *socket)
{
    return wire_recv (socket, BATCH_TAG);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "actors/http/outlet.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>

struct outlet {
    pthread_mutex_t mutex; /* a zsock has one owner at a time */
    zsock_t *socket;
};

outlet_t *
outlet_new (const char *endpoint)
{
    outlet_t *self = calloc (1, sizeof *self);
    assert (self);
    pthread_mutex_init (&self->mutex, NULL);
    self->socket = zsock_new (ZMQ_PUSH);
    assert (self->socket);
    if (zsock_connect (self->socket, "%s", endpoint) != 0)
        outlet_destroy (&self);
    return self;
}

void
outlet_destroy (outlet_t **self_p)
{
    outlet_t *self = *self_p;
    if (!self)
        return;
    zsock_destroy (&self->socket);
    pthread_mutex_destroy (&self->mutex);
    free (self);
    *self_p = NULL;
}

int
outlet_send_request (outlet_t *self, request_t **request_p)
{
    pthread_mutex_lock (&self->mutex);
    int status = request_send (request_p, self->socket);
    pthread_mutex_unlock (&self->mutex);
    return status;
}

int
outlet_send_reload (outlet_t *self, reload_t **reload_p)
{
    pthread_mutex_lock (&self->mutex);
    int status = reload_send (reload_p, self->socket);
    pthread_mutex_unlock (&self->mutex);
    return status;
}

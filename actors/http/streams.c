/* SPDX-License-Identifier: Apache-2.0 */
#include "actors/http/streams.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>

struct streams {
    pthread_mutex_t mutex;
    size_t in_all; /* limits */
    size_t per_client;
    size_t count;
    address_t *clients; /* of the open ones, in no order */
};

streams_t *
streams_new (size_t in_all, size_t per_client)
{
    streams_t *self = calloc (1, sizeof *self);
    assert (self);
    pthread_mutex_init (&self->mutex, NULL);
    self->in_all = in_all;
    self->per_client = per_client;
    self->clients = calloc (in_all + 1, sizeof *self->clients);
    assert (self->clients);
    return self;
}

void
streams_destroy (streams_t **self_p)
{
    streams_t *self = *self_p;
    if (!self)
        return;
    pthread_mutex_destroy (&self->mutex);
    free (self->clients);
    free (self);
    *self_p = NULL;
}

static size_t
s_of_client (const streams_t *self, const address_t *client)
{
    size_t count = 0;
    for (size_t i = 0; i < self->count; i++)
        count += address_same_client (&self->clients[i], client);
    return count;
}

streams_status_t
streams_enter (streams_t *self, const address_t *client)
{
    streams_status_t status = STREAMS_ENTERED;
    pthread_mutex_lock (&self->mutex);
    if (self->count >= self->in_all)
        status = STREAMS_FULL;
    else if (s_of_client (self, client) >= self->per_client)
        status = STREAMS_CLIENT_FULL;
    else
        self->clients[self->count++] = *client;
    pthread_mutex_unlock (&self->mutex);
    return status;
}

void
streams_leave (streams_t *self, const address_t *client)
{
    pthread_mutex_lock (&self->mutex);
    size_t at = 0;
    while (at < self->count && !address_equal (&self->clients[at], client))
        at++;
    assert (at < self->count);
    self->clients[at] = self->clients[--self->count];
    pthread_mutex_unlock (&self->mutex);
}

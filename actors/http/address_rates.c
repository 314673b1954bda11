/* SPDX-License-Identifier: Apache-2.0 */
#include "actors/http/address_rates.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>

#include "base/hash.h"

#define SET_COUNT 1024
#define SET_SIZE  8 /* places that a client may have */

typedef struct {
    address_t client; /* none: free */
    bucket_t bucket;
} place_t;

struct address_rates {
    pthread_mutex_t mutex;
    rate_t rate;
    place_t places[SET_COUNT][SET_SIZE];
};

address_rates_t *
address_rates_new (const rate_t *rate)
{
    if (rate->count == 0)
        return NULL;
    address_rates_t *self = calloc (1, sizeof *self);
    assert (self);
    pthread_mutex_init (&self->mutex, NULL);
    self->rate = *rate;
    return self;
}

void
address_rates_destroy (address_rates_t **self_p)
{
    address_rates_t *self = *self_p;
    if (!self)
        return;
    pthread_mutex_destroy (&self->mutex);
    free (self);
    *self_p = NULL;
}

/* Its place, or the one it takes over from who has been silent for longest. */
static place_t *
s_place (address_rates_t *self, const address_t *client)
{
    uint64_t hash = hash_bytes (HASH_START, client->bytes, sizeof client->bytes);
    place_t *set = self->places[(hash >> 32) % SET_COUNT], *oldest = set;
    for (size_t i = 0; i < SET_SIZE; i++) {
        if (address_equal (&set[i].client, client))
            return &set[i];
        if (set[i].bucket.at_us < oldest->bucket.at_us)
            oldest = &set[i];
    }
    *oldest = (place_t){.client = *client};
    return oldest;
}

int64_t
address_rates_take (address_rates_t *self, const address_t *client, int64_t now_us)
{
    address_t first = address_client (client);
    pthread_mutex_lock (&self->mutex);
    int64_t wait_us =
        bucket_take (&s_place (self, &first)->bucket, &self->rate, now_us);
    pthread_mutex_unlock (&self->mutex);
    return wait_us;
}

/* How many streams of /events are open, in all and of each client: a stream holds a thread
 * and a connection for long. Safe from any thread. SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_ACTORS_HTTP_STREAMS_H
#define SASREC_ACTORS_HTTP_STREAMS_H

#include <stddef.h>

#include "actors/http/address.h"

typedef enum { STREAMS_ENTERED, STREAMS_FULL, STREAMS_CLIENT_FULL } streams_status_t;

typedef struct streams streams_t;

streams_t *streams_new (size_t in_all, size_t per_client);
void streams_destroy (streams_t **self_p);

/* STREAMS_ENTERED: leave with the same client when it is over. */
streams_status_t streams_enter (streams_t *self, const address_t *client);
void streams_leave (streams_t *self, const address_t *client);

#endif

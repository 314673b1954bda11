/* The message "compute these": from the inference_pool to one worker and, emptied, back,
 * which says that the worker is free. Each worker makes the one batch that stands for it.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_ACTORS_BATCH_H
#define SASREC_ACTORS_BATCH_H

#include <czmq.h>

#include "proto/request.h"

typedef struct {
    size_t worker; /* index of the worker it stands for */
    size_t limit;  /* room for requests */
    size_t count;
    request_t *requests[]; /* count of them, owned */
} batch_t;

#define BATCH_TAG "batch_t" /* on a wire */

batch_t *batch_new (size_t worker, size_t limit);
void batch_destroy (batch_t **self_p);              /* with its requests */
int batch_send (batch_t **self_p, zsock_t *socket); /* as request_send */
batch_t *batch_recv (zsock_t *socket);

#endif

/* An outlet: the one PUSH socket through which all HTTP threads send to one endpoint. A
 * socket per request would abort czmq after a thousand quick ones, because sockets are
 * reaped asynchronously. Safe from any thread. SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_ACTORS_HTTP_OUTLET_H
#define SASREC_ACTORS_HTTP_OUTLET_H

#include "proto/reload.h"
#include "proto/request.h"

typedef struct outlet outlet_t;

outlet_t *outlet_new (const char *endpoint); /* NULL when it cannot be connected */
void outlet_destroy (outlet_t **self_p);     /* no thread may be sending any more */

/* As request_send and reload_send: 0 and given away, or -1 when full. */
int outlet_send_request (outlet_t *self, request_t **request_p);
int outlet_send_reload (outlet_t *self, reload_t **reload_p);

#endif

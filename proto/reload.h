/* The message "look at current": to the reload_controller, from HTTP (with a ticket) or
 * from system.control. SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_PROTO_RELOAD_H
#define SASREC_PROTO_RELOAD_H

#include <czmq.h>

#include "proto/receipt.h"
#include "base/actor/ticket.h"

typedef struct {
    ticket_t
        *ticket; /* owned reference, or NULL: answered DONE (reason: the version now
                          in use) or FAILED (reason: why the old one stays) */
    receipt_t receipt;
} reload_t;

#define RELOAD_TAG "reload_t" /* on a wire */

reload_t *reload_new (void);
void reload_destroy (reload_t **self_p);
int reload_send (reload_t **self_p, zsock_t *socket);
reload_t *reload_recv (zsock_t *socket);

#endif

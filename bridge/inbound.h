/* A consuming or listening wire: from a topic to a pipe. SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_BRIDGE_INBOUND_H
#define SASREC_BRIDGE_INBOUND_H

#include "bridge/bridge.h"
#include "bridge/codec.h"

typedef struct inbound inbound_t;

inbound_t *inbound_new (const bridge_wire_t *wire);
void inbound_destroy (inbound_t **self_p);

/* Reads the record and sends the message on; where it only listens, of a record that cannot
 * be read what codec_replace has. What does not fit into the pipe is kept:
 * inbound_socket is to be polled for output then, and inbound_retry called. A record
 * that comes meanwhile is not looked at: false. */
bool inbound_pass (inbound_t *self, const record_t *record, codec_status_t *status,
    codec_fault_t *fault);

/* Sends a message of ours on, if it fits. */
void inbound_offer (inbound_t *self, void **message_p);

/* The socket of a full pipe, or NULL: nothing is kept. */
zsock_t *inbound_socket (const inbound_t *self);
void inbound_retry (inbound_t *self);

#endif

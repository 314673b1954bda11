/* A publishing wire: from a pipe to the producer. SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_BRIDGE_OUTBOUND_H
#define SASREC_BRIDGE_OUTBOUND_H

#include "bridge/bridge.h"
#include "bridge/producer.h"

typedef struct outbound outbound_t;

/* What the delivery report brings back: a duty, or a message, or both. */
typedef struct {
    receipt_t receipt; /* settled with outcome once delivered */
    receipt_outcome_t outcome;
    topic_t topic; /* of message */
    void *message; /* given back when not delivered; or NULL */
} parcel_t;

parcel_t *parcel_new (const receipt_t *receipt, receipt_outcome_t outcome);
void parcel_destroy (parcel_t **self_p);

/* NULL: an endpoint of its name is taken. */
outbound_t *outbound_new (const bridge_wire_t *wire);
void outbound_destroy (outbound_t **self_p); /* what still waits is let go */

/* To poll for input; NULL while it waits for the producer. */
zsock_t *outbound_socket (const outbound_t *self);
topic_t outbound_topic (const outbound_t *self);

/* Hands messages to the producer until none waits, it takes no more, or budget passed. */
void outbound_serve (outbound_t *self, producer_t *producer, size_t budget);

/* An undelivered message goes back where it came from, or is let go. */
void outbound_give_back (outbound_t *self, void **message_p);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/outbound.h"

#include <assert.h>
#include <stdlib.h>

#include "bridge/codec.h"
#include "base/actor/wire.h"

struct outbound {
    const bridge_wire_t *wire; /* borrowed */
    zsock_t *in;               /* PULL */
    zsock_t *returned;         /* PUSH, or NULL */
    void *held;                /* the producer said "later" */
    strbuf_t value;            /* scratch */
};

parcel_t *
parcel_new (const receipt_t *receipt, receipt_outcome_t outcome)
{
    parcel_t *self = calloc (1, sizeof *self);
    assert (self);
    self->receipt = *receipt;
    self->outcome = outcome;
    return self;
}

void
parcel_destroy (parcel_t **self_p)
{
    parcel_t *self = *self_p;
    if (!self)
        return;
    codec_destroy (self->topic, &self->message);
    free (self);
    *self_p = NULL;
}

outbound_t *
outbound_new (const bridge_wire_t *wire)
{
    outbound_t *self = calloc (1, sizeof *self);
    assert (self);
    self->wire = wire;
    self->in = wire_pull_new (wire->endpoint, wire->limit);
    if (!self->in)
        outbound_destroy (&self);
    else if (wire->returned)
        self->returned = wire_push_new (wire->returned, wire->returned_limit);
    return self;
}

void
outbound_destroy (outbound_t **self_p)
{
    outbound_t *self = *self_p;
    if (!self)
        return;
    codec_destroy (self->wire->topic, &self->held);
    while (
        self->in && (self->held = wire_recv (self->in, codec_tag (self->wire->topic))))
        codec_destroy (self->wire->topic, &self->held);
    wire_destroy (&self->in);
    wire_destroy (&self->returned);
    strbuf_free (&self->value);
    free (self);
    *self_p = NULL;
}

zsock_t *
outbound_socket (const outbound_t *self)
{
    return self->held ? NULL : self->in;
}

topic_t
outbound_topic (const outbound_t *self)
{
    return self->wire->topic;
}

/* True: it is the producer's now. A wire that gives back keeps the message beside it. */
static bool
s_send (outbound_t *self, producer_t *producer)
{
    record_t record;
    topic_t topic = self->wire->topic;
    codec_encode (topic, self->held, &self->value, &record);
    parcel_t *parcel = parcel_new (codec_receipt (topic, self->held), RECEIPT_DONE);
    parcel->topic = topic;
    parcel->message = self->returned ? self->held : NULL;
    bool taken = producer_send (producer, &record, parcel);
    if (!taken) {
        parcel->message = NULL;
        parcel_destroy (&parcel);
    } else if (!self->returned) {
        codec_destroy (topic, &self->held);
    }
    return taken;
}

void
outbound_serve (outbound_t *self, producer_t *producer, size_t budget)
{
    for (size_t i = 0; i < budget; i++) {
        if (!self->held)
            self->held = wire_recv (self->in, codec_tag (self->wire->topic));
        if (!self->held || !s_send (self, producer))
            return;
        self->held = NULL;
    }
}

void
outbound_give_back (outbound_t *self, void **message_p)
{
    if (!self->returned ||
        wire_send (self->returned, codec_tag (self->wire->topic), *message_p))
        codec_destroy (self->wire->topic, message_p);
    *message_p = NULL;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/inbound.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/metrics.h"
#include "base/actor/wire.h"

struct inbound {
    const bridge_wire_t *wire; /* borrowed */
    zsock_t *out;              /* PUSH */
    void *kept;                /* did not fit */
    metric_t *dropped;         /* listening: did not fit */
};

inbound_t *
inbound_new (const bridge_wire_t *wire)
{
    inbound_t *self = calloc (1, sizeof *self);
    char labels[64];
    assert (self);
    self->wire = wire;
    self->out = wire_push_new (wire->endpoint, wire->limit);
    snprintf (labels, sizeof labels, "topic=\"%s\"", topic_name (wire->topic));
    self->dropped = metrics_counter ("sasrec_kafka_dropped_total",
        "Messages heard while their reader was full.", labels);
    return self;
}

void
inbound_destroy (inbound_t **self_p)
{
    inbound_t *self = *self_p;
    if (!self)
        return;
    codec_destroy (self->wire->topic, &self->kept);
    wire_destroy (&self->out);
    free (self);
    *self_p = NULL;
}

void
inbound_retry (inbound_t *self)
{
    if (self->kept &&
        wire_send (self->out, codec_tag (self->wire->topic), self->kept) == 0)
        self->kept = NULL;
}

void
inbound_offer (inbound_t *self, void **message_p)
{
    if (!self->kept &&
        wire_send (self->out, codec_tag (self->wire->topic), *message_p) == 0) {
        *message_p = NULL;
        return;
    }
    metric_add (self->dropped, 1);
    codec_destroy (self->wire->topic, message_p);
}

bool
inbound_pass (inbound_t *self, const record_t *record, codec_status_t *status,
    codec_fault_t *fault)
{
    void *message = NULL;
    if (self->kept)
        return false;
    *status = codec_decode (record, &message, fault);
    if (*status != CODEC_READ && self->wire->way == BRIDGE_LISTEN)
        message = codec_replace (record);
    if (!message)
        return true;
    if (self->wire->way == BRIDGE_LISTEN && !topic_row (self->wire->topic)->compacted) {
        inbound_offer (self, &message);
    } else {
        self->kept = message;
        inbound_retry (self);
    }
    return true;
}

zsock_t *
inbound_socket (const inbound_t *self)
{
    return self->kept ? self->out : NULL;
}

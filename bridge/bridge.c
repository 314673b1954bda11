/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/bridge.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/actor/control.h"
#include "base/actor/wire.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "bridge/backlog.h"
#include "bridge/broker.h"
#include "bridge/inbound.h"
#include "bridge/outbound.h"
#include "bridge/poison.h"

#define BUDGET    256 /* messages of one wire before the others get their turn */
#define GAUGES_MS 1000

typedef struct {
    const bridge_args_t *args; /* borrowed */
    zsock_t *settlements;      /* PULL, or NULL */
    producer_args_t producer_args;
    producer_t *producer;
    outbound_t *outbound[BRIDGE_WIRE_LIMIT]; /* of publishing wires, else NULL */
    inbound_t *inbound[BRIDGE_WIRE_LIMIT];   /* of the others, else NULL */
    groups_t *groups;                        /* what is consumed */
    inbound_t *consumes[TOPIC_COUNT];
    inbound_t *listens[TOPIC_COUNT];
    broker_args_t broker_args;
    broker_t *broker; /* NULL before START, like the next */
    poison_t *poison;
    backlog_t *backlog;
    bool quiesced;
    char error[160];      /* why START went wrong */
    int64_t serve_ms;     /* when consumers want to be served next */
    int64_t gauges_ms;    /* when the gauges are due */
    metric_t *unreadable; /* heard, and let go */
    metric_t *queued;
} self_t;

/* Life */

static void
s_plan_wire (self_t *self, const bridge_wire_t *wire)
{
    self->broker_args.wanted[wire->topic] = true;
    if (wire->way == BRIDGE_CONSUME) {
        groups_add (self->groups, wire->group, wire->topic);
        self->broker_args.wanted[TOPIC_DEAD_LETTERS] = true;
    } else if (wire->way == BRIDGE_LISTEN) {
        listener_args_t *args = &self->broker_args.listener;
        args->topics[args->topic_count++] = wire->topic;
    }
}

static self_t *
s_new (const bridge_args_t *args)
{
    self_t *self = calloc (1, sizeof *self);
    assert (self && args->wire_count <= BRIDGE_WIRE_LIMIT);
    self->args = args;
    const consumer_args_t like = {.bootstrap_servers = args->bootstrap_servers,
        .client_id = args->client_id,
        .outstanding_limit = args->outstanding_limit,
        .delivery_limit = args->delivery_limit};
    self->groups = groups_new (&like);
    self->broker_args.groups = self->groups;
    self->broker_args.required = args->required;
    self->broker_args.listener.bootstrap_servers = args->bootstrap_servers;
    self->broker_args.listener.client_id = args->client_id;
    self->broker_args.listener.until = args->catalogue_until;
    for (size_t i = 0; i < args->wire_count; i++)
        s_plan_wire (self, &args->wires[i]);
    self->backlog = backlog_new (args);
    self->unreadable = metrics_counter ("sasrec_kafka_unreadable_total",
        "Messages that were only listened to and could not be read.", "");
    self->queued = metrics_gauge (
        "sasrec_kafka_queued", "Messages that wait for Kafka's delivery report.", "");
    return self;
}

/* Settling */

static void
s_handle_settlements (self_t *self)
{
    settlement_t settlement;
    while (self->settlements && settlement_recv (&settlement, self->settlements) == 0)
        if (settlement.outcome == RECEIPT_DEAD)
            poison_bury_receipt (self->poison, &settlement.receipt, DEAD_LETTER_REFUSED,
                settlement.reason);
        else
            groups_settle (self->groups, &settlement.receipt, settlement.outcome);
}

static void
s_give_back (self_t *self, parcel_t *parcel)
{
    for (size_t i = 0; i < self->args->wire_count; i++)
        if (parcel->message && !self->quiesced && self->outbound[i] &&
            outbound_topic (self->outbound[i]) == parcel->topic)
            outbound_give_back (self->outbound[i], &parcel->message);
}

/* A result that no broker takes makes its request a dead letter; a dead letter that none
 * takes ends here. */
static void
s_settle_delivered (self_t *self, const parcel_t *parcel, producer_outcome_t outcome)
{
    if (outcome == PRODUCER_LOST)
        groups_settle (self->groups, &parcel->receipt, RECEIPT_RETRY);
    else if (outcome == PRODUCER_UNFIT && parcel->outcome != RECEIPT_DEAD)
        poison_bury_receipt (self->poison, &parcel->receipt, DEAD_LETTER_UNFIT,
            "its result is larger than the broker takes");
    else
        groups_settle (self->groups, &parcel->receipt, parcel->outcome);
}

/* The producer's report. */
static void
s_delivered (void *context, topic_t topic, void *opaque, producer_outcome_t outcome)
{
    self_t *self = context;
    parcel_t *parcel = opaque;
    (void)topic;
    if (!parcel)
        return;
    if (parcel->receipt.held)
        s_settle_delivered (self, parcel, outcome);
    if (outcome != PRODUCER_SAFE)
        s_give_back (self, parcel);
    parcel_destroy (&parcel);
}

/* From Kafka */

/* What comes after QUIESCE all the same is read again by the next member. */
static void
s_handle_consumed (self_t *self, const record_t *record)
{
    codec_status_t status;
    codec_fault_t fault;
    if (self->quiesced)
        return;
    if (record->deliveries > 0)
        poison_bury_deadly (self->poison, record);
    else if (!inbound_pass (self->consumes[record->topic], record, &status, &fault))
        groups_settle (self->groups, &record->receipt, RECEIPT_RETRY);
    else if (status == CODEC_UNREADABLE)
        poison_bury (self->poison, record, DEAD_LETTER_UNREADABLE, &fault);
    else if (status == CODEC_TOO_LARGE)
        poison_bury (self->poison, record, DEAD_LETTER_TOO_LARGE, &fault);
    else if (status == CODEC_IGNORED)
        groups_settle (self->groups, &record->receipt, RECEIPT_DONE);
}

static bool
s_blocked (const self_t *self, size_t group)
{
    size_t count;
    bool blocked = false;
    const topic_t *topics = groups_topics (self->groups, group, &count);
    for (size_t i = 0; i < count && !self->quiesced; i++)
        blocked |= inbound_socket (self->consumes[topics[i]]) != NULL;
    return blocked;
}

static void
s_serve_group (self_t *self, size_t group)
{
    consumer_t *consumer = groups_consumer (self->groups, group);
    record_t record;
    if (!consumer)
        return;
    consumer_wake (consumer);
    consumer_block (consumer, s_blocked (self, group));
    for (int i = 0; i < BUDGET && consumer_next (consumer, &record); i++) {
        s_handle_consumed (self, &record);
        consumer_block (consumer, s_blocked (self, group));
    }
}

/* A reader that must miss nothing is full. */
static bool
s_listener_blocked (const self_t *self)
{
    bool blocked = false;
    for (int i = 0; i < TOPIC_COUNT && !self->quiesced; i++)
        blocked |= self->listens[i] && inbound_socket (self->listens[i]);
    return blocked;
}

static void
s_serve_listener (self_t *self)
{
    listener_t *listener = broker_listener (self->broker);
    record_t record;
    codec_status_t status;
    codec_fault_t fault;
    if (listener)
        listener_wake (listener);
    for (int i = 0; i < BUDGET && listener && !s_listener_blocked (self) &&
                    listener_next (listener, &record);
         i++) {
        inbound_pass (self->listens[record.topic], &record, &status, &fault);
        if (status != CODEC_READ && status != CODEC_IGNORED)
            metric_add (self->unreadable, 1);
        record_release (&record);
    }
}

static void
s_set_gauges (self_t *self)
{
    size_t queued = producer_queued (self->producer);
    metric_set (self->queued, (double)queued);
    groups_set_gauges (self->groups);
    self->gauges_ms = clock_monotonic_ms () + GAUGES_MS;
}

/* Once every CONSUMER_SERVE_MS. */
static void
s_upkeep (self_t *self)
{
    int64_t now_ms = clock_monotonic_ms ();
    groups_serve (self->groups, now_ms);
    broker_serve (self->broker, now_ms);
    backlog_serve (self->backlog, broker_up (self->broker), now_ms);
    if (now_ms >= self->gauges_ms)
        s_set_gauges (self);
    self->serve_ms = clock_monotonic_ms () + CONSUMER_SERVE_MS;
}

/* Commands */

static int
s_open_wires (self_t *self)
{
    for (size_t i = 0; i < self->args->wire_count; i++) {
        const bridge_wire_t *wire = &self->args->wires[i];
        if (wire->way == BRIDGE_PUBLISH) {
            self->outbound[i] = outbound_new (wire);
            if (!self->outbound[i])
                return -1;
            continue;
        }
        self->inbound[i] = inbound_new (wire);
        inbound_t **by_topic =
            wire->way == BRIDGE_CONSUME ? self->consumes : self->listens;
        by_topic[wire->topic] = self->inbound[i];
    }
    if (self->args->settlements)
        self->settlements =
            wire_pull_new (self->args->settlements, self->args->settlements_limit);
    return self->args->settlements && !self->settlements ? -1 : 0;
}

static const char *
s_start (void *context)
{
    self_t *self = context;
    self->producer_args = (producer_args_t){
        self->args->bootstrap_servers, self->args->client_id, s_delivered, self};
    self->producer = producer_new (&self->producer_args, self->error);
    if (!self->producer)
        return self->error;
    if (s_open_wires (self))
        return "bridge: an endpoint of its name is taken";
    self->poison = poison_new (self->groups, self->producer);
    self->broker_args.producer = self->producer;
    self->broker = broker_new (&self->broker_args);
    return NULL;
}

static void
s_quiesce (void *context)
{
    self_t *self = context;
    self->quiesced = true;
    groups_quiesce (self->groups);
    broker_quiesce (self->broker);
    for (size_t i = 0; i < self->args->wire_count; i++)
        inbound_destroy (&self->inbound[i]);
}

/* Publishes what waits and settles what it can, while the broker takes it. False: it
 * does not. */
static bool
s_flush (self_t *self)
{
    int64_t deadline_ms =
        clock_monotonic_ms () + (broker_up (self->broker) ? BRIDGE_FLUSH_MS : 0);
    bool idle = false;
    while (!idle && clock_monotonic_ms () < deadline_ms) {
        for (size_t i = 0; i < self->args->wire_count; i++)
            if (self->outbound[i])
                outbound_serve (self->outbound[i], self->producer, SIZE_MAX);
        idle = producer_flush (self->producer, 50);
    }
    s_handle_settlements (self);
    size_t unpublished = producer_queued (self->producer);
    if (unpublished > 0)
        log_warn (
            "bridge.stopped_early", log_int ("unpublished", (int64_t)unpublished));
    return idle;
}

static void
s_destroy (self_t **self_p)
{
    self_t *self = *self_p;
    bool leave = self->broker && s_flush (self) && broker_up (self->broker);
    backlog_destroy (&self->backlog);
    producer_destroy (&self->producer);
    groups_destroy (&self->groups, leave);
    broker_destroy (&self->broker);
    poison_destroy (&self->poison);
    for (size_t i = 0; i < self->args->wire_count; i++) {
        outbound_destroy (&self->outbound[i]);
        inbound_destroy (&self->inbound[i]);
    }
    settlement_t settlement;
    while (self->settlements && settlement_recv (&settlement, self->settlements) == 0)
        continue;
    wire_destroy (&self->settlements);
    free (self);
    *self_p = NULL;
}

/* Rounds */

/* What the loop waits for: the pipe, the producer, and up to one item per wire, group,
 * listener and for the settlements. */
typedef struct {
    zmq_pollitem_t items[BRIDGE_WIRE_LIMIT + GROUPS_LIMIT + 4];
    int count;
} waits_t;

static void
s_add_socket (waits_t *waits, zsock_t *socket, short events)
{
    if (socket)
        waits->items[waits->count++] =
            (zmq_pollitem_t){zsock_resolve (socket), 0, events, 0};
}

static void
s_add_fd (waits_t *waits, int fd)
{
    waits->items[waits->count++] = (zmq_pollitem_t){NULL, fd, ZMQ_POLLIN, 0};
}

static bool
s_ready (const self_t *self)
{
    const listener_t *listener = broker_listener (self->broker);
    return groups_ready (self->groups) ||
           (listener && listener_ready (listener) && !s_listener_blocked (self));
}

/* True: there is a command. */
static bool
s_wait (self_t *self, zsock_t *pipe)
{
    waits_t waits = {.count = 0};
    int64_t wait_ms = s_ready (self) ? 0 : self->serve_ms - clock_monotonic_ms ();
    s_add_socket (&waits, pipe, ZMQ_POLLIN);
    s_add_socket (&waits, self->settlements, ZMQ_POLLIN);
    s_add_fd (&waits, producer_fd (self->producer));
    for (size_t i = 0; i < self->args->wire_count; i++) {
        if (self->outbound[i])
            s_add_socket (&waits, outbound_socket (self->outbound[i]), ZMQ_POLLIN);
        if (self->inbound[i])
            s_add_socket (&waits, inbound_socket (self->inbound[i]), ZMQ_POLLOUT);
    }
    for (size_t i = 0; i < groups_count (self->groups); i++)
        if (groups_consumer (self->groups, i))
            s_add_fd (&waits, consumer_fd (groups_consumer (self->groups, i)));
    if (broker_listener (self->broker))
        s_add_fd (&waits, listener_fd (broker_listener (self->broker)));
    zmq_poll (waits.items, waits.count, wait_ms > 0 ? (long)wait_ms : 0);
    return waits.items[0].revents != 0;
}

static bool
s_serve (void *context, zsock_t *pipe)
{
    self_t *self = context;
    bool command = s_wait (self, pipe);
    producer_serve (self->producer);
    s_handle_settlements (self);
    for (size_t i = 0; i < self->args->wire_count; i++) {
        if (self->outbound[i])
            outbound_serve (self->outbound[i], self->producer, BUDGET);
        if (self->inbound[i])
            inbound_retry (self->inbound[i]);
    }
    for (size_t i = 0; i < groups_count (self->groups); i++)
        s_serve_group (self, i);
    s_serve_listener (self);
    if (self->args->waiting)
        atomic_store (self->args->waiting,
            producer_queued (self->producer) + backlog_messages (self->backlog));
    if (clock_monotonic_ms () >= self->serve_ms)
        s_upkeep (self);
    return command;
}

void
bridge_actor (zsock_t *pipe, void *args)
{
    const control_life_t life = {s_start, s_serve, s_quiesce};
    self_t *self = s_new (args);
    control_run (pipe, self, &life);
    s_destroy (&self);
}

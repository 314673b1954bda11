/* The bridge actor. SPDX-License-Identifier: Apache-2.0 */
#include "bridge/bridge.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/health.h"
#include "base/log.h"
#include "base/metrics.h"
#include "bridge/dead_letter.h"
#include "bridge/groups.h"
#include "bridge/inbound.h"
#include "bridge/lag.h"
#include "bridge/listener.h"
#include "bridge/outbound.h"
#include "base/actor/control.h"
#include "proto/result.h"
#include "base/actor/wire.h"

#define BUDGET         256  /* messages of one wire before the others get their turn */
#define PROBE_MS       5000 /* how often the broker is asked while all is well */
#define PROBE_AWAY_MS  500  /* ... and while it is not */
#define PROBE_MISSES   3    /* in a row: a busy machine may miss one */
#define PROBE_WAIT_MS  100  /* how long an answer may take: the loop stands still */
#define FOLLOW_WAIT_MS 1000 /* the same, once, for the listener's start */
#define GAUGES_MS      1000

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
    listener_args_t listener_args;
    listener_t *listener;     /* NULL until the broker has the topics */
    bool wanted[TOPIC_COUNT]; /* topics that must exist */
    bool up;                  /* the last probes went well */
    int misses;               /* probes since that did not */
    bool quiesced;
    bool started;      /* START went well */
    char error[160];   /* ... or not: why */
    int64_t probe_ms;  /* when the next is due */
    int64_t serve_ms;  /* when consumers want to be served next */
    int64_t gauges_ms; /* when the gauges are due */
    lag_t *lags[BRIDGE_WATCH_LIMIT];
    int64_t lag_ms; /* when to look at the groups next */
    size_t behind;  /* messages that lagging groups have not done */
    health_t *health;
    metric_t *dead_letters[3]; /* by class */
    metric_t *unreadable;      /* heard, and let go */
    metric_t *queued;
} self_t;

/* Life */

static void
s_register_metrics (self_t *self)
{
    char labels[64];
    for (int i = 0; i < 3; i++) {
        snprintf (labels, sizeof labels, "class=\"%s\"",
            dead_letter_word ((dead_letter_class_t)i));
        self->dead_letters[i] = metrics_counter (
            "bridge_dead_letters_total", "Messages put aside as dead letters.", labels);
    }
    self->unreadable = metrics_counter ("bridge_unreadable_total",
        "Messages that were only listened to and could not be read.", "");
    self->queued = metrics_gauge (
        "bridge_queued", "Messages that wait for Kafka's delivery report.", "");
}

static void
s_plan_wire (self_t *self, const bridge_wire_t *wire)
{
    self->wanted[wire->topic] = true;
    if (wire->way == BRIDGE_CONSUME) {
        groups_add (self->groups, wire->group, wire->topic);
        self->wanted[TOPIC_DEAD_LETTERS] = true;
    } else if (wire->way == BRIDGE_LISTEN) {
        listener_args_t *args = &self->listener_args;
        args->topics[args->topic_count++] = wire->topic;
    }
}

static self_t *
s_new (const bridge_args_t *args)
{
    self_t *self = calloc (1, sizeof *self);
    assert (self && args->wire_count <= BRIDGE_WIRE_LIMIT);
    self->args = args;
    self->groups =
        groups_new (args->bootstrap_servers, args->client_id, args->outstanding_limit);
    self->listener_args.bootstrap_servers = args->bootstrap_servers;
    self->listener_args.client_id = args->client_id;
    for (size_t i = 0; i < args->wire_count; i++)
        s_plan_wire (self, &args->wires[i]);
    self->health = health_check ("kafka", args->required);
    s_register_metrics (self);
    return self;
}

/* Settling */

static void
s_handle_settlements (self_t *self)
{
    settlement_t settlement;
    while (self->settlements && settlement_recv (&settlement, self->settlements) == 0)
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

/* The producer's report. A message that can never be delivered is done with. */
static void
s_delivered (void *context, topic_t topic, void *opaque, producer_outcome_t outcome)
{
    static const receipt_outcome_t failed[] = {
        [PRODUCER_LOST] = RECEIPT_RETRY, [PRODUCER_UNFIT] = RECEIPT_DEAD};
    self_t *self = context;
    parcel_t *parcel = opaque;
    (void)topic;
    if (!parcel)
        return;
    if (parcel->receipt.held)
        groups_settle (self->groups, &parcel->receipt,
            outcome == PRODUCER_SAFE ? parcel->outcome : failed[outcome]);
    if (outcome != PRODUCER_SAFE)
        s_give_back (self, parcel);
    parcel_destroy (&parcel);
}

/* Poison */

/* The request, if at least its id could be read, ends with the reason. Should this be
 * lost, its row is sent again, from a good copy. */
static void
s_fail_request (self_t *self, const record_t *record, const codec_fault_t *fault)
{
    if (!fault->request_id[0])
        return;
    void *message = result_new ();
    result_t *result = message;
    snprintf (result->request_id, sizeof result->request_id, "%s", fault->request_id);
    snprintf (result->user_id, sizeof result->user_id, "%s", PROTO_USER_DEFAULT);
    snprintf (result->error, sizeof result->error, "%s", fault->reason);
    result->status = RESULT_FAILED;
    result->job = true;
    if (record->topic == TOPIC_RESULTS) {
        inbound_offer (self->consumes[TOPIC_RESULTS], &message);
    } else {
        strbuf_t value = STRBUF_EMPTY;
        record_t answer;
        codec_encode (TOPIC_RESULTS, message, &value, &answer);
        producer_send (self->producer, &answer, NULL);
        strbuf_free (&value);
        codec_destroy (TOPIC_RESULTS, &message);
    }
}

/* When the producer has no room, the partition is read again later. */
static void
s_bury (self_t *self, const record_t *record, dead_letter_class_t class,
    const codec_fault_t *fault)
{
    parcel_t *parcel = parcel_new (&record->receipt, RECEIPT_DEAD);
    if (!dead_letter_send (self->producer, record, class, fault->reason, parcel)) {
        parcel_destroy (&parcel);
        groups_settle (self->groups, &record->receipt, RECEIPT_RETRY);
        return;
    }
    s_fail_request (self, record, fault);
    metric_add (self->dead_letters[class], 1);
    log_warn ("bridge.dead_letter", log_str ("topic", topic_name (record->topic)),
        log_int ("partition", record->partition), log_int ("offset", record->offset),
        log_str ("reason", fault->reason));
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
    if (!inbound_pass (self->consumes[record->topic], record, &status, &fault))
        groups_settle (self->groups, &record->receipt, RECEIPT_RETRY);
    else if (status == CODEC_UNREADABLE)
        s_bury (self, record, DEAD_LETTER_UNREADABLE, &fault);
    else if (status == CODEC_TOO_LARGE)
        s_bury (self, record, DEAD_LETTER_TOO_LARGE, &fault);
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
        record_release (&record);
    }
}

static void
s_serve_listener (self_t *self)
{
    record_t record;
    codec_status_t status;
    codec_fault_t fault;
    for (int i = 0; i < BUDGET && listener_next (self->listener, &record); i++) {
        inbound_pass (self->listens[record.topic], &record, &status, &fault);
        if (status != CODEC_READ && status != CODEC_IGNORED)
            metric_add (self->unreadable, 1);
        record_release (&record);
    }
}

/* The broker: is it there? */

static int
s_follow (self_t *self, char error[160])
{
    if (self->listener_args.topic_count == 0 || self->quiesced)
        return 0;
    if (!self->listener)
        self->listener = listener_new (&self->listener_args, error);
    if (!self->listener)
        return -1;
    bool follows = listener_follows (self->listener);
    int rc = listener_follow (
        self->listener, follows ? PROBE_WAIT_MS : FOLLOW_WAIT_MS, error);
    return follows ? 0 : rc;
}

static void
s_probe (self_t *self)
{
    char text[160] = "";
    bool up = producer_probe (self->producer, self->wanted, PROBE_WAIT_MS, text) == 0 &&
              groups_open (self->groups, text) == 0 && s_follow (self, text) == 0;
    self->misses = up ? 0 : self->misses + 1;
    self->up = up || (self->up && self->misses < PROBE_MISSES);
    if (up || !self->up)
        health_set (self->health, up, up ? "" : text);
    producer_suspicious (self->producer);
    self->probe_ms = clock_monotonic_ms () + (up ? PROBE_MS : PROBE_AWAY_MS);
}

/* How far the groups are behind explains why rows are not answered yet. */
static void
s_look_at_groups (self_t *self)
{
    char error[160];
    self->lag_ms = clock_monotonic_ms () + LAG_LOOK_MS;
    self->behind = 0;
    for (size_t i = 0; i < self->args->watch_count; i++) {
        const bridge_watch_t *watch = &self->args->watches[i];
        if (!self->lags[i])
            self->lags[i] = lag_new (self->args->bootstrap_servers,
                self->args->client_id, watch->group, watch->topic, error);
        if (self->lags[i] && self->up)
            lag_look (self->lags[i], PROBE_WAIT_MS);
        else if (self->lags[i])
            lag_lose (self->lags[i]);
        if (self->lags[i] && lag_lags (self->lags[i]))
            self->behind += (size_t)lag_messages (self->lags[i]);
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
    if (self->listener)
        listener_wake (self->listener);
    if (now_ms >= self->probe_ms || (self->up && producer_suspicious (self->producer)))
        s_probe (self);
    if (now_ms >= self->gauges_ms)
        s_set_gauges (self);
    if (now_ms >= self->lag_ms)
        s_look_at_groups (self);
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
    if (self->producer && s_open_wires (self))
        snprintf (self->error, sizeof self->error,
            "bridge: an endpoint of its name is taken");
    else
        self->started = self->producer != NULL;
    return self->started ? NULL : self->error;
}

static void
s_quiesce (void *context)
{
    self_t *self = context;
    self->quiesced = true;
    groups_quiesce (self->groups);
    listener_destroy (&self->listener);
    for (size_t i = 0; i < self->args->wire_count; i++)
        inbound_destroy (&self->inbound[i]);
}

/* Publishes what waits and settles what it can, while the broker takes it. */
static void
s_flush (self_t *self)
{
    int64_t deadline_ms = clock_monotonic_ms () + (self->up ? BRIDGE_FLUSH_MS : 0);
    bool idle = false;
    while (!idle && clock_monotonic_ms () < deadline_ms) {
        for (size_t i = 0; i < self->args->wire_count; i++)
            if (self->outbound[i])
                outbound_serve (self->outbound[i], self->producer, SIZE_MAX);
        idle = producer_flush (self->producer, 50);
    }
    s_handle_settlements (self);
    if (!idle)
        log_warn ("bridge.stopped_early",
            log_int ("unpublished", (int64_t)producer_queued (self->producer)));
}

static void
s_destroy (self_t **self_p)
{
    self_t *self = *self_p;
    if (self->started)
        s_flush (self);
    listener_destroy (&self->listener);
    for (size_t i = 0; i < self->args->watch_count; i++)
        lag_destroy (&self->lags[i]);
    producer_destroy (&self->producer);
    s_handle_settlements (self);
    groups_destroy (&self->groups, self->up);
    for (size_t i = 0; i < self->args->wire_count; i++) {
        outbound_destroy (&self->outbound[i]);
        inbound_destroy (&self->inbound[i]);
    }
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
    return groups_ready (self->groups) ||
           (self->listener && listener_ready (self->listener));
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
    if (self->listener)
        s_add_fd (&waits, listener_fd (self->listener));
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
    if (self->listener) {
        listener_wake (self->listener);
        s_serve_listener (self);
    }
    if (self->args->waiting)
        atomic_store (
            self->args->waiting, producer_queued (self->producer) + self->behind);
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

/* The bridge actor: joins Kafka's topics to the pipes of the process. What it joins is a
 * list of wires; each publishes what comes from a pipe, consumes a topic as a member of a
 * group, or listens to a topic as every process does. The only user of librdkafka.
 *
 * Messages of a group come with receipts. Each is settled once: by a settlement (the
 * effect is durable), or by the delivery report of the published message that carries
 * it. What cannot be read becomes a dead letter and its request FAILED; what could not be
 * delivered is read again. While a reader's pipe or the broker's queue is full nothing is
 * read on that side; nothing is dropped but what is only listened to (counted), and that not
 * of a topic that is heard as a whole (compacted). A broker
 * that is away, or topics that do not exist yet: the check "kafka" says so, and the
 * bridge joins when they appear.
 *
 * commands      START; QUIESCE (reads nothing any more and writes to no pipe; publishing
 *               and settling go on), before the readers are stopped; $TERM, after them
 *               (what waits is published, at most BRIDGE_FLUSH_MS; offsets are committed)
 * messages in   request_t, result_t, reload_t from the publishing wires; settlements
 * messages out  the same to the other wires; what was not published to returned
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_BRIDGE_BRIDGE_H
#define SASREC_BRIDGE_BRIDGE_H

#include <czmq.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "bridge/topics.h"

#define BRIDGE_FLUSH_MS    1500
#define BRIDGE_WIRE_LIMIT  12
#define BRIDGE_WATCH_LIMIT 2
#define BRIDGE_QUEUE_LIMIT 10000 /* messages without their delivery report */

typedef enum {
    BRIDGE_PUBLISH, /* the bridge owns the PULL side of endpoint */
    BRIDGE_CONSUME, /* endpoint is read by another; receipts come back */
    BRIDGE_LISTEN   /* endpoint is read by another; no receipts */
} bridge_way_t;

typedef struct {
    bridge_way_t way;
    topic_t topic;        /* says the type of the messages, too */
    const char *endpoint; /* of the pipe */
    int limit;            /* messages it holds; both ends name the same */
    const char *group;    /* consuming; wires of one group share a consumer */
    const char *returned; /* publishing: where undelivered messages go; NULL: nowhere */
    int returned_limit;
} bridge_wire_t;

/* A group whose progress is looked at from outside. */
typedef struct {
    const char *group;
    topic_t topic;
} bridge_watch_t;

/* An offset of the topic of which all before it is to be heard; -1: not known yet. */
typedef _Atomic int64_t listener_until_t;

typedef struct {
    const char *bootstrap_servers;
    const char *client_id;
    const bridge_wire_t *wires;
    size_t wire_count;        /* at most BRIDGE_WIRE_LIMIT */
    const char *settlements;  /* endpoint; NULL: none come */
    int settlements_limit;    /* above all that can be out */
    size_t outstanding_limit; /* per group; what the readers hold is the most */
    int delivery_limit; /* of a message that ends its process each time; 0 = none */
    bool required;      /* a broker that is away makes the process unready */
    bridge_watch_t watches[BRIDGE_WATCH_LIMIT];
    size_t watch_count;
    atomic_size_t
        *waiting; /* out: in the producer's queue, plus what the watched groups
                               are behind by when they lag; or NULL */
    listener_until_t
        *catalogue_until; /* out: where TOPIC_CATALOGUE ended at the start; or NULL */
} bridge_args_t;

/* args: bridge_args_t, borrowed until the actor ends. */
void bridge_actor (zsock_t *pipe, void *args);

#endif

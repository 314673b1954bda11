/* The listener: hears every message of some topics from now on, of a compacted one from its
 * beginning, in every process that has one: all partitions, no group, nothing to settle. "Now" is a concrete offset per
 * partition, asked of the broker once, so that a lost connection skips nothing. One
 * thread uses it. SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_BRIDGE_LISTENER_H
#define SASREC_BRIDGE_LISTENER_H

#include <stdbool.h>
#include <stddef.h>

#include "bridge/bridge.h"
#include "bridge/record.h"

typedef struct listener listener_t;

typedef struct {
    const char *bootstrap_servers;
    const char *client_id;
    topic_t topics[TOPIC_COUNT];
    size_t topic_count;
    listener_until_t *until; /* out: what of a compacted topic was there when it began;
                                0: nothing; less once its end is reached and the last of
                                it is nothing that can be heard; or NULL */
} listener_args_t;

/* args: copied but for the strings. Hears nothing before listener_follow. NULL with
 * error. */
listener_t *listener_new (const listener_args_t *args, char error[160]);
void listener_destroy (listener_t **self_p);

/* Starts at the present ends, or the beginning; later calls only take up partitions that were added since
 * (from their beginning). Asks the broker, each question at most timeout_ms. -1 with
 * error: try again later. */
int listener_follow (listener_t *self, int timeout_ms, char error[160]);

/* It hears all that comes (but for partitions added lately). */
bool listener_follows (const listener_t *self);

/* As a consumer's. */
int listener_fd (const listener_t *self);
void listener_wake (listener_t *self);
bool listener_ready (const listener_t *self);
bool listener_next (listener_t *self, record_t *record);

#endif

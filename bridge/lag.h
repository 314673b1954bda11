/* How far a group is behind on a topic, seen from outside: the ends of the partitions
 * minus what the group has committed. A group that keeps up is always a little behind;
 * it lags when it has not yet done what was there LAG_PATIENCE_MS ago, or when that is
 * not known and it is behind at all: its members need a while after an outage.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_BRIDGE_LAG_H
#define SASREC_BRIDGE_LAG_H

#include <stdbool.h>
#include <stdint.h>

#include "bridge/topics.h"

#define LAG_LOOK_MS     2000 /* how often to look */
#define LAG_PATIENCE_MS 8000
#define LAG_UNKNOWN     1000

typedef struct lag lag_t;

/* NULL with error: the list of servers is none. */
lag_t *lag_new (const char *bootstrap_servers, const char *client_id, const char *group,
    topic_t topic, char error[160]);
void lag_destroy (lag_t **self_p);

/* To be called every LAG_LOOK_MS. Asks the broker three things, each at most timeout_ms.
 * -1: no answer, as lag_lose. */
int lag_look (lag_t *self, int timeout_ms);

/* The broker is away: counts as lagging by LAG_UNKNOWN messages until the next look. */
void lag_lose (lag_t *self);

int64_t lag_messages (const lag_t *self); /* behind, as seen last */
bool lag_lags (const lag_t *self);

#endif

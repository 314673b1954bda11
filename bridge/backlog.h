/* The backlog: messages that the groups further on have not done. How far they are behind
 * explains why rows are not answered yet. SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_BRIDGE_BACKLOG_H
#define SASREC_BRIDGE_BACKLOG_H

#include "bridge/bridge.h"

typedef struct backlog backlog_t;

/* args: borrowed; its watches are what is looked at. */
backlog_t *backlog_new (const bridge_args_t *args);
void backlog_destroy (backlog_t **self_p);

/* Looks at the groups when it is time to. up: the broker answers. */
void backlog_serve (backlog_t *self, bool up, int64_t now_ms);

size_t backlog_messages (const backlog_t *self); /* of the groups that lag */

#endif

/* What `sasrec status` has found out, and how it is shown: one screen for people, one
 * object for programs. SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_CLI_STATUS_VIEW_H
#define SASREC_CLI_STATUS_VIEW_H

#include "cli/peer.h"
#include "store/overview.h"

#define STATUS_PEER_LIMIT 32

typedef struct {
    peer_t peers[STATUS_PEER_LIMIT];
    size_t peer_count;
    char *database; /* its name for people; owned */
    bool database_read;
    char database_error[160];
    overview_t overview; /* when it was read */
    json_t *problems;    /* sentences; empty: all is well; owned */
} status_view_t;

void status_view_print (const status_view_t *self);
json_t *status_view_json (const status_view_t *self); /* fresh */

#endif

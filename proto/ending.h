/* The message "these requests have ended": their rows are committed as COMPLETED, FAILED or
 * EXPIRED. From whoever ended them, once for what one transaction ended so, to whoever
 * waits; the row says the rest.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_PROTO_ENDING_H
#define SASREC_PROTO_ENDING_H

#include <czmq.h>

#include "base/jsonread.h"
#include "base/strbuf.h"
#include "proto/receipt.h"
#include "proto/request.h"

#define ENDING_ROOM 500 /* ids in one message, the longest of which fit the topic */

typedef struct {
    char status[16]; /* "COMPLETED", "FAILED", "EXPIRED" */
    size_t count;    /* at most ENDING_ROOM */
    char (*request_ids)[PROTO_ID_SIZE];
    receipt_t receipt;
} ending_t;

#define ENDING_TAG "ending_t" /* on a wire */

/* Of nobody yet; a status is cut. */
ending_t *ending_new (const char *status);
void ending_destroy (ending_t **self_p);

/* A copy of the id; false when there is no room. */
bool ending_add (ending_t *self, const char *request_id);

int ending_send (ending_t **self_p, zsock_t *socket);
ending_t *ending_recv (zsock_t *socket);

/* {"status","request_ids"}: as on inference.ended. Both are required; NULL with *fault. */
void ending_to_json (const ending_t *self, strbuf_t *out);
ending_t *ending_from_json (const char *json, size_t length, json_fault_t *fault);

#endif

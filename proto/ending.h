/* The message "this request has ended": its row is committed as COMPLETED, FAILED or
 * EXPIRED. From whoever ended it to whoever waits; the row says the rest.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_PROTO_ENDING_H
#define SASREC_PROTO_ENDING_H

#include <czmq.h>

#include "base/jsonread.h"
#include "base/strbuf.h"
#include "proto/receipt.h"
#include "proto/request.h"

typedef struct {
    char request_id[PROTO_ID_SIZE];
    char status[16]; /* "COMPLETED", "FAILED", "EXPIRED" */
    receipt_t receipt;
} ending_t;

#define ENDING_TAG "ending_t" /* on a wire */

/* Both are copied; a status is cut. */
ending_t *ending_new (const char *request_id, const char *status);
void ending_destroy (ending_t **self_p);
int ending_send (ending_t **self_p, zsock_t *socket);
ending_t *ending_recv (zsock_t *socket);

/* {"request_id","status"}: as on inference.ended. Both are required; NULL with *fault. */
void ending_to_json (const ending_t *self, strbuf_t *out);
ending_t *ending_from_json (const char *json, size_t length, json_fault_t *fault);

#endif

/* The message "this user did something with this item", from interactions.events to the
 * table. On Kafka it is JSON: {"user_id","item_id"}, the item's integer or its key, and
 * optionally "event_id" (a UUID), "created_at" (RFC 3339), "event" (what was done) and
 * "value" (a number). SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_PROTO_INTERACTION_H
#define SASREC_PROTO_INTERACTION_H

#include <czmq.h>
#include <stdint.h>

#include "base/item_key.h"
#include "base/jsonread.h"
#include "base/uuid.h"
#include "proto/receipt.h"
#include "proto/request.h"

#define PROTO_TIME_SIZE 41

typedef struct {
    char user_id[PROTO_ID_SIZE];
    int64_t item_id;               /* -1: item_key says which */
    char item_key[ITEM_KEY_SIZE];  /* "": item_id does */
    char event_id[UUID_TEXT_SIZE]; /* an event that comes twice counts once; "": none */
    char created_at[PROTO_TIME_SIZE]; /* "" = when it is written */
    char event[PROTO_EVENT_SIZE];     /* "" = not said */
    bool has_value;
    double value; /* 0 without one */
    receipt_t receipt;
} interaction_t;

#define INTERACTION_TAG "interaction_t" /* on a wire */

void interaction_destroy (interaction_t **self_p);
interaction_t *interaction_recv (zsock_t *socket);

/* The fields of an object. name as below; NULL: without an event_id it stays "". -1 with
 * *fault. */
int interaction_read (
    interaction_t *self, const json_t *object, const char *name, json_fault_t *fault);
extern const char *const interaction_fields[]; /* ends with NULL */

/* name: identifies the message; without an event_id it becomes one. A fresh interaction,
 * or NULL with *fault. */
interaction_t *interaction_from_json (
    const char *text, size_t length, const char *name, json_fault_t *fault);

#endif

/* The message "this is what concerns recommending this item": on offer or not, from when
 * until when, and its categories; for processes that recommend and have no database. On
 * Kafka it is one message of catalogue.items with the item's id as key, so that the last of
 * an item stays: {"item_id"}, and where they are not the default "hidden", "available_from",
 * "expires_at" (RFC 3339), "categories". {"complete":true} under a key of its own says that
 * all items had been told when it was written, {"complete":false} under another nothing at
 * all. SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_PROTO_FACT_H
#define SASREC_PROTO_FACT_H

#include <czmq.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/jsonread.h"
#include "base/strbuf.h"
#include "proto/receipt.h"

#define FACT_SEPARATOR '\x1f' /* between the names of categories */
#define FACT_ALWAYS    INT64_MIN
#define FACT_NEVER     INT64_MAX

typedef struct {
    int64_t item_id;
    bool hidden;            /* or deleted */
    int64_t from_ms;        /* unix ms, on offer from then on; FACT_ALWAYS */
    int64_t until_ms;       /* unix ms, no longer from then on; FACT_NEVER */
    const char *categories; /* names; "": none. Borrowed for the call */
} fact_t;

/* Times that cannot be written (before the year 1, after 9999) become none, or hide. */
void fact_settle_times (fact_t *self);

/* A fact on its way. */
typedef struct {
    fact_t fact;     /* its categories are ours */
    bool about_item; /* else it says complete, or nothing */
    bool complete;
    bool unreadable; /* about_item: what the topic says of it is none of ours */
    char key[24];
    int64_t offset; /* in the topic, of one that came */
    receipt_t receipt;
} fact_message_t;

#define FACT_TAG "fact_message_t" /* on a wire */

fact_message_t *fact_message_new (const fact_t *fact); /* copies */
fact_message_t *fact_message_new_complete (bool complete);
/* In place of what cannot be read; about the item of its key, if that is one. */
fact_message_t *fact_message_new_unreadable (const char *key, size_t length);
void fact_message_destroy (fact_message_t **self_p);
int fact_message_send (fact_message_t **self_p, zsock_t *socket);
fact_message_t *fact_message_recv (zsock_t *socket);

void fact_message_to_json (const fact_message_t *self, strbuf_t *out);
/* Fresh, or NULL with *fault. */
fact_message_t *fact_message_from_json (
    const char *text, size_t length, json_fault_t *fault);

#endif

/* How the messages of each topic look on Kafka: what proto/ encodes, chosen by topic, so
 * that the bridge itself knows no message. SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_BRIDGE_CODEC_H
#define SASREC_BRIDGE_CODEC_H

#include "base/strbuf.h"
#include "bridge/record.h"
#include "proto/request.h"

/* Values beyond this are not parsed: the largest of ours is a body of 256 KiB, with 10,000
 * stored items of 17 bytes before its history. */
#define CODEC_VALUE_LIMIT 524288

typedef enum {
    CODEC_READ,
    CODEC_IGNORED, /* fine, and not for us */
    CODEC_UNREADABLE,
    CODEC_TOO_LARGE
} codec_status_t;

/* Why a record could not be read. */
typedef struct {
    char reason[160];
    char request_id[PROTO_ID_SIZE]; /* of the request that it was; "" = it was none, or
                                       not even that could be read */
} codec_fault_t;

/* CODEC_READ: *message_p is a fresh message of the topic's type, with the record's
 * receipt. */
codec_status_t codec_decode (
    const record_t *record, void **message_p, codec_fault_t *fault);

/* A fresh message in place of one that could not be read, for readers of a topic who count
 * its offsets; NULL: those of this topic do not. */
void *codec_replace (const record_t *record);

/* fault->request_id. */
void codec_find_request (const record_t *record, codec_fault_t *fault);

/* The record of a message: topic, key, value and trace. The key lives with the message, the
 * value with *value. */
void codec_encode (
    topic_t topic, const void *message, strbuf_t *value, record_t *record);

const char *codec_tag (topic_t topic); /* of its messages on a wire */
const receipt_t *codec_receipt (topic_t topic, const void *message);
void codec_destroy (topic_t topic, void **message_p);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/poison.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/metrics.h"
#include "base/utf8.h"
#include "bridge/outbound.h"
#include "proto/result.h"

struct poison {
    groups_t *groups;     /* borrowed */
    producer_t *producer; /* borrowed */
    metric_t *dead_letters[DEAD_LETTER_CLASS_COUNT];
};

poison_t *
poison_new (groups_t *groups, producer_t *producer)
{
    poison_t *self = calloc (1, sizeof *self);
    char labels[64];
    assert (self);
    self->groups = groups;
    self->producer = producer;
    for (int i = 0; i < DEAD_LETTER_CLASS_COUNT; i++) {
        snprintf (labels, sizeof labels, "class=\"%s\"",
            dead_letter_word ((dead_letter_class_t)i));
        self->dead_letters[i] = metrics_counter ("sasrec_kafka_dead_letters_total",
            "Messages put aside as dead letters.", labels);
    }
    return self;
}

void
poison_destroy (poison_t **self_p)
{
    free (*self_p);
    *self_p = NULL;
}

/* Should this be lost, the row of the request is sent again, from a good copy. */
static void
s_fail_request (poison_t *self, const record_t *record, const codec_fault_t *fault)
{
    if (!fault->request_id[0])
        return;
    result_t *result = result_new ();
    utf8_copy (result->request_id, sizeof result->request_id, fault->request_id);
    utf8_copy (result->user_id, sizeof result->user_id, PROTO_USER_DEFAULT);
    utf8_copy (result->error, sizeof result->error, fault->reason);
    result->status = RESULT_FAILED;
    result->source = RESULT_FROM_UNKNOWN;
    result->job = true;
    result->trace = record->trace;
    strbuf_t value = STRBUF_EMPTY;
    record_t answer;
    codec_encode (TOPIC_RESULTS, result, &value, &answer);
    producer_send (self->producer, &answer, NULL);
    strbuf_free (&value);
    result_destroy (&result);
}

void
poison_bury (poison_t *self, const record_t *record, dead_letter_class_t class,
    const codec_fault_t *fault)
{
    parcel_t *parcel = parcel_new (&record->receipt, RECEIPT_DEAD);
    if (!dead_letter_send (self->producer, record, class, fault->reason, parcel)) {
        parcel_destroy (&parcel);
        groups_settle (self->groups, &record->receipt, RECEIPT_RETRY);
        return;
    }
    s_fail_request (self, record, fault);
    metric_add (self->dead_letters[class], 1);
    log_warn ("bridge.dead_letter", log_str ("topic", topic_name (record->topic)),
        log_int ("partition", record->partition), log_int ("offset", record->offset),
        log_str ("class", dead_letter_word (class)), log_str ("reason", fault->reason),
        log_optional ("request_id", fault->request_id), log_trace (&record->trace));
}

void
poison_bury_receipt (poison_t *self, const receipt_t *receipt,
    dead_letter_class_t class, const char *reason)
{
    record_t record;
    codec_fault_t fault;
    if (!groups_record (self->groups, receipt, &record))
        return;
    utf8_copy (fault.reason, sizeof fault.reason, reason);
    codec_find_request (&record, &fault);
    poison_bury (self, &record, class, &fault);
}

void
poison_bury_deadly (poison_t *self, const record_t *record)
{
    codec_fault_t fault;
    snprintf (fault.reason, sizeof fault.reason,
        "each of the %d processes that it was given to ended while working on it",
        record->deliveries);
    codec_find_request (record, &fault);
    poison_bury (self, record, DEAD_LETTER_DEADLY, &fault);
}

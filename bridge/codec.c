/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/codec.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "proto/ending.h"
#include "proto/fact.h"
#include "proto/interaction.h"
#include "proto/reload.h"
#include "proto/result.h"

/* requests */

static codec_status_t
s_decode_request (const record_t *record, void **message_p, json_fault_t *fault)
{
    request_t *request = request_from_json (record->value, record->value_size, fault);
    if (!request)
        return CODEC_UNREADABLE;
    request->receipt = record->receipt;
    request->accepted_us = clock_monotonic_us ();
    request->sent_ms = record->timestamp_ms > 0 ? record->timestamp_ms : 0;
    request->trace = record->trace;
    *message_p = request;
    return CODEC_READ;
}

/* One user's requests stay in order; those of nobody are spread. */
static const char *
s_encode_request (const void *message, strbuf_t *value)
{
    const request_t *request = message;
    request_to_json (request, value);
    return strcmp (request->user_id, PROTO_USER_DEFAULT) == 0 ? request->request_id
                                                              : request->user_id;
}

static const receipt_t *
s_request_receipt (const void *message)
{
    return &((const request_t *)message)->receipt;
}

static const trace_t *
s_request_trace (const void *message)
{
    return &((const request_t *)message)->trace;
}

static void
s_destroy_request (void *message)
{
    request_t *request = message;
    request_destroy (&request);
}

/* results */

static codec_status_t
s_decode_result (const record_t *record, void **message_p, json_fault_t *fault)
{
    result_t *result = result_from_json (record->value, record->value_size, fault);
    if (!result)
        return CODEC_UNREADABLE;
    result->receipt = record->receipt;
    result->trace = record->trace;
    *message_p = result;
    return CODEC_READ;
}

static const char *
s_encode_result (const void *message, strbuf_t *value)
{
    const result_t *result = message;
    result_to_json (result, value);
    return result->request_id;
}

static const receipt_t *
s_result_receipt (const void *message)
{
    return &((const result_t *)message)->receipt;
}

static const trace_t *
s_result_trace (const void *message)
{
    return &((const result_t *)message)->trace;
}

static void
s_destroy_result (void *message)
{
    result_t *result = message;
    result_destroy (&result);
}

/* endings */

static codec_status_t
s_decode_ending (const record_t *record, void **message_p, json_fault_t *fault)
{
    ending_t *ending = ending_from_json (record->value, record->value_size, fault);
    if (!ending)
        return CODEC_UNREADABLE;
    ending->receipt = record->receipt;
    *message_p = ending;
    return CODEC_READ;
}

static const char *
s_encode_ending (const void *message, strbuf_t *value)
{
    const ending_t *ending = message;
    ending_to_json (ending, value);
    return ending->request_ids[0];
}

static const receipt_t *
s_ending_receipt (const void *message)
{
    return &((const ending_t *)message)->receipt;
}

static void
s_destroy_ending (void *message)
{
    ending_t *ending = message;
    ending_destroy (&ending);
}

/* control: only one event is for us, and it means "look at current" */

static codec_status_t
s_decode_control (const record_t *record, void **message_p, json_fault_t *fault)
{
    json_t *object = json_read_object (record->value, record->value_size, fault);
    if (!object)
        return CODEC_UNREADABLE;
    const char *event = json_string_value (json_object_get (object, "event"));
    bool ours = event && strcmp (event, "MODEL_UPDATED") == 0;
    json_decref (object);
    if (!ours)
        return CODEC_IGNORED;
    reload_t *reload = reload_new ();
    reload->receipt = record->receipt;
    *message_p = reload;
    return CODEC_READ;
}

static const char *
s_encode_control (const void *message, strbuf_t *value)
{
    (void)message;
    strbuf_add (value, "{\"event\":\"MODEL_UPDATED\",\"timestamp\":");
    strbuf_add_json_int (value, clock_unix_ms ());
    strbuf_add (value, "}");
    return NULL;
}

static const receipt_t *
s_control_receipt (const void *message)
{
    return &((const reload_t *)message)->receipt;
}

static void
s_destroy_control (void *message)
{
    reload_t *reload = message;
    reload_destroy (&reload);
}

/* interactions: only read */

/* The time is part of the name: after a loss of Kafka's data offsets begin again. */
static codec_status_t
s_decode_interaction (const record_t *record, void **message_p, json_fault_t *fault)
{
    char name[96];
    snprintf (name, sizeof name, "%s/%d/%lld/%lld", topic_name (record->topic),
        record->partition, (long long)record->offset, (long long)record->timestamp_ms);
    interaction_t *interaction =
        interaction_from_json (record->value, record->value_size, name, fault);
    if (!interaction)
        return CODEC_UNREADABLE;
    interaction->receipt = record->receipt;
    *message_p = interaction;
    return CODEC_READ;
}

static const receipt_t *
s_interaction_receipt (const void *message)
{
    return &((const interaction_t *)message)->receipt;
}

static void
s_destroy_interaction (void *message)
{
    interaction_t *interaction = message;
    interaction_destroy (&interaction);
}

/* facts */

static codec_status_t
s_decode_fact (const record_t *record, void **message_p, json_fault_t *fault)
{
    fact_message_t *message =
        fact_message_from_json (record->value, record->value_size, fault);
    if (!message)
        return CODEC_UNREADABLE;
    message->offset = record->offset;
    message->receipt = record->receipt;
    *message_p = message;
    return CODEC_READ;
}

static void *
s_replace_fact (const record_t *record)
{
    fact_message_t *message =
        fact_message_new_unreadable (record->key, record->key_size);
    message->offset = record->offset;
    message->receipt = record->receipt;
    return message;
}

static const char *
s_encode_fact (const void *message, strbuf_t *value)
{
    fact_message_to_json (message, value);
    return ((const fact_message_t *)message)->key;
}

static const receipt_t *
s_fact_receipt (const void *message)
{
    return &((const fact_message_t *)message)->receipt;
}

static void
s_destroy_fact (void *message)
{
    fact_message_t *fact = message;
    fact_message_destroy (&fact);
}

static const struct {
    const char *tag;
    codec_status_t (*decode) (const record_t *, void **, json_fault_t *);
    const char *(*encode) (const void *, strbuf_t *); /* returns the key */
    const receipt_t *(*receipt) (const void *);
    void (*destroy) (void *);
    const trace_t *(*trace) (const void *); /* NULL: it has none */
    void *(*replace) (const record_t *);    /* NULL: it is passed over */
} s_codecs[TOPIC_COUNT] = {
    [TOPIC_REQUESTS] = {REQUEST_TAG, s_decode_request, s_encode_request,
        s_request_receipt, s_destroy_request, s_request_trace, NULL},
    [TOPIC_RESULTS] = {RESULT_TAG, s_decode_result, s_encode_result, s_result_receipt,
        s_destroy_result, s_result_trace, NULL},
    [TOPIC_ENDED] = {ENDING_TAG, s_decode_ending, s_encode_ending, s_ending_receipt,
        s_destroy_ending, NULL, NULL},
    [TOPIC_CONTROL] = {RELOAD_TAG, s_decode_control, s_encode_control,
        s_control_receipt, s_destroy_control, NULL, NULL},
    [TOPIC_INTERACTIONS] = {INTERACTION_TAG, s_decode_interaction, NULL,
        s_interaction_receipt, s_destroy_interaction, NULL, NULL},
    [TOPIC_CATALOGUE] = {FACT_TAG, s_decode_fact, s_encode_fact, s_fact_receipt,
        s_destroy_fact, NULL, s_replace_fact},
};

/* Only a message of this topic can end a request, whatever ids others name. */
void
codec_find_request (const record_t *record, codec_fault_t *out)
{
    json_fault_t ignored;
    const char *id = NULL;
    out->request_id[0] = '\0';
    if (record->topic != TOPIC_REQUESTS)
        return;
    json_t *object = json_read_object (record->value, record->value_size, &ignored);
    if (object)
        json_read_string (object, "request_id", 1, PROTO_ID_SIZE - 1, &id, &ignored);
    snprintf (out->request_id, sizeof out->request_id, "%s", id ? id : "");
    json_decref (object);
}

codec_status_t
codec_decode (const record_t *record, void **message_p, codec_fault_t *out)
{
    json_fault_t fault = {0};
    assert (s_codecs[record->topic].decode);
    *out = (codec_fault_t){0};
    if (!record->value || record->value_size == 0) {
        snprintf (out->reason, sizeof out->reason, "the message has no value");
        return CODEC_UNREADABLE;
    }
    if (record->value_size > CODEC_VALUE_LIMIT) {
        snprintf (out->reason, sizeof out->reason, "%zu bytes are more than %d",
            record->value_size, CODEC_VALUE_LIMIT);
        codec_find_request (record, out);
        return CODEC_TOO_LARGE;
    }
    codec_status_t status = s_codecs[record->topic].decode (record, message_p, &fault);
    if (status == CODEC_UNREADABLE) {
        snprintf (out->reason, sizeof out->reason, "%s", fault.detail);
        codec_find_request (record, out);
    }
    return status;
}

void *
codec_replace (const record_t *record)
{
    void *(*replace) (const record_t *) = s_codecs[record->topic].replace;
    return replace ? replace (record) : NULL;
}

void
codec_encode (topic_t topic, const void *message, strbuf_t *value, record_t *record)
{
    assert (s_codecs[topic].encode);
    strbuf_clear (value);
    const char *key = s_codecs[topic].encode (message, value);
    *record = (record_t){.topic = topic,
        .key = key,
        .key_size = key ? strlen (key) : 0,
        .value = value->data,
        .value_size = value->length};
    if (s_codecs[topic].trace)
        record->trace = *s_codecs[topic].trace (message);
}

const char *
codec_tag (topic_t topic)
{
    return s_codecs[topic].tag;
}

const receipt_t *
codec_receipt (topic_t topic, const void *message)
{
    return s_codecs[topic].receipt (message);
}

void
codec_destroy (topic_t topic, void **message_p)
{
    if (*message_p)
        s_codecs[topic].destroy (*message_p);
    *message_p = NULL;
}

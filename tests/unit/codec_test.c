/* How messages look on Kafka. SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bridge/codec.h"
#include "proto/fact.h"

static codec_status_t
s_decode (topic_t topic, const char *value, codec_fault_t *fault)
{
    void *message = NULL;
    const record_t record = {
        .topic = topic, .value = value, .value_size = strlen (value)};
    codec_status_t status = codec_decode (&record, &message, fault);
    codec_destroy (topic, &message);
    return status;
}

static void
test_an_unreadable_request_says_which_it_was (void **state)
{
    (void)state;
    codec_fault_t fault;
    assert_int_equal (
        s_decode (TOPIC_REQUESTS, "{\"request_id\":\"r-1\",\"history\":{}}", &fault),
        CODEC_UNREADABLE);
    assert_string_equal (fault.request_id, "r-1");
    assert_non_null (strstr (fault.reason, "history"));
}

/* Whoever writes a click, a result or an announcement must not end a request by it. */
static void
test_no_other_topic_names_a_request (void **state)
{
    (void)state;
    const topic_t topics[] = {TOPIC_RESULTS, TOPIC_CONTROL, TOPIC_INTERACTIONS};
    for (size_t i = 0; i < sizeof topics / sizeof topics[0]; i++) {
        codec_fault_t fault;
        codec_status_t status =
            s_decode (topics[i], "{\"request_id\":\"r-1\",\"user_id\":7}", &fault);
        assert_true (status == CODEC_UNREADABLE || topics[i] == TOPIC_CONTROL);
        assert_string_equal (fault.request_id, "");
    }
}

static void
test_too_large_a_request_says_which_it_was (void **state)
{
    (void)state;
    codec_fault_t fault;
    const char *head = "{\"request_id\":\"big\",\"history\":[1],\"more\":\"";
    size_t size = CODEC_VALUE_LIMIT + 100;
    char *value = malloc (size + 1);
    memset (value, 'x', size);
    memcpy (value, head, strlen (head));
    memcpy (value + size - 2, "\"}", 3);
    assert_int_equal (s_decode (TOPIC_REQUESTS, value, &fault), CODEC_TOO_LARGE);
    assert_string_equal (fault.request_id, "big");
    assert_non_null (strstr (fault.reason, "bytes"));
    free (value);
}

/* From the header of the record, and back there; those of no request have none. */
static void
test_messages_keep_their_trace (void **state)
{
    (void)state;
    static const struct {
        topic_t topic;
        const char *value;
    } rows[] = {{TOPIC_REQUESTS, "{\"request_id\":\"r\",\"history\":[1]}"},
        {TOPIC_RESULTS, "{\"request_id\":\"r\",\"error\":\"e\"}"},
        {TOPIC_CONTROL, "{\"event\":\"MODEL_UPDATED\"}"}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        void *message = NULL;
        codec_fault_t fault;
        strbuf_t value = STRBUF_EMPTY;
        record_t out, in = {.topic = rows[i].topic,
                          .value = rows[i].value,
                          .value_size = strlen (rows[i].value)};
        trace_make (&in.trace);
        assert_int_equal (codec_decode (&in, &message, &fault), CODEC_READ);
        codec_encode (rows[i].topic, message, &value, &out);
        assert_int_equal (trace_exists (&out.trace), rows[i].topic != TOPIC_CONTROL);
        if (trace_exists (&out.trace))
            assert_memory_equal (&out.trace, &in.trace, sizeof in.trace);
        codec_destroy (rows[i].topic, &message);
        strbuf_free (&value);
    }
}

/* Of the topic whose readers count offsets; "10" is an item, "010" and others are none. */
static void
test_what_is_unreadable_of_the_catalogue_is_not_lost (void **state)
{
    (void)state;
    static const struct {
        const char *key;
        size_t size;
        bool item;
    } rows[] = {{"10", 2, true}, {"010", 3, false}, {"complete", 8, false},
        {NULL, 0, false}, {"9007199254740992", 16, false}, {"-1", 2, false},
        {"1\0001", 3, false}, {"10x", 2, true}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const record_t record = {.topic = TOPIC_CATALOGUE,
            .key = rows[i].key,
            .key_size = rows[i].size,
            .offset = 7};
        void *message = codec_replace (&record);
        const fact_message_t *fact = message;
        assert_true (fact->unreadable && !fact->complete);
        assert_int_equal (fact->offset, 7);
        assert_int_equal (fact->about_item, rows[i].item);
        if (rows[i].item)
            assert_int_equal (fact->fact.item_id, 10);
        codec_destroy (TOPIC_CATALOGUE, &message);
    }
    const record_t other = {.topic = TOPIC_RESULTS, .offset = 7};
    assert_null (codec_replace (&other));
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_messages_keep_their_trace),
        cmocka_unit_test (test_an_unreadable_request_says_which_it_was),
        cmocka_unit_test (test_no_other_topic_names_a_request),
        cmocka_unit_test (test_what_is_unreadable_of_the_catalogue_is_not_lost),
        cmocka_unit_test (test_too_large_a_request_says_which_it_was),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

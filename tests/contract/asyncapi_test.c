/* proto/asyncapi.yaml and the code say the same. lint.mjs has made JSON of it, without
 * references. SPDX-License-Identifier: Apache-2.0 */
#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

#include "bridge/codec.h"
#include "bridge/dead_letter.h"

#define LIMIT_MS 10000

static json_t *s_description;

static int
s_setup (void **state)
{
    (void)state;
    s_description = json_load_file (ASYNCAPI, 0, NULL);
    return s_description ? 0 : -1;
}

static int
s_teardown (void **state)
{
    (void)state;
    json_decref (s_description);
    return 0;
}

static json_t *
s_channel (topic_t topic)
{
    const char *name;
    json_t *channel;
    json_object_foreach (json_object_get (s_description, "channels"), name, channel)
    {
        const char *address = json_string_value (json_object_get (channel, "address"));
        if (strcmp (address, topic_name (topic)) == 0)
            return channel;
    }
    fail_msg ("%s is not described", topic_name (topic));
    return NULL;
}

/* Each topic has one kind of message. */
static json_t *
s_message (topic_t topic)
{
    json_t *messages = json_object_get (s_channel (topic), "messages");
    assert_int_equal (json_object_size (messages), 1);
    return json_object_iter_value (json_object_iter (messages));
}

static json_t *
s_examples (topic_t topic)
{
    return json_object_get (s_message (topic), "examples");
}

/* A copy of the first example, which is the one called "least". */
static json_t *
s_least (topic_t topic)
{
    const json_t *example = json_array_get (s_examples (topic), 0);
    const char *name = json_string_value (json_object_get (example, "name"));
    assert_string_equal (name, "least");
    return json_deep_copy (json_object_get (example, "payload"));
}

static json_int_t
s_integer (const json_t *object, const char *key)
{
    const json_t *value = json_object_get (object, key);
    if (!json_is_integer (value))
        fail_msg ("%s is no integer", key);
    return json_integer_value (value);
}

/* What the code makes of the value. READ: *message_p is fresh. */
static codec_status_t
s_decode (topic_t topic, const json_t *value, void **message_p, codec_fault_t *fault)
{
    char *text = json_dumps (value, JSON_COMPACT | JSON_ENCODE_ANY);
    const record_t record = {
        .topic = topic, .value = text, .value_size = strlen (text)};
    codec_status_t status = codec_decode (&record, message_p, fault);
    free (text);
    return status;
}

static bool
s_reads (topic_t topic, const json_t *value)
{
    void *message = NULL;
    codec_fault_t fault;
    bool reads = s_decode (topic, value, &message, &fault) == CODEC_READ;
    codec_destroy (topic, &message);
    return reads;
}

static void
test_the_topics_are_the_table (void **state)
{
    (void)state;
    assert_int_equal (
        json_object_size (json_object_get (s_description, "channels")), TOPIC_COUNT);
    for (int i = 0; i < TOPIC_COUNT; i++) {
        const topic_row_t *row = topic_row ((topic_t)i);
        const json_t *kafka = json_object_get (
            json_object_get (s_channel ((topic_t)i), "bindings"), "kafka");
        const json_t *settings = json_object_get (kafka, "topicConfiguration");
        assert_int_equal (s_integer (kafka, "partitions"), row->partitions);
        assert_int_equal (s_integer (settings, "retention.ms"), row->retention_ms);
        assert_int_equal (
            s_integer (settings, "retention.bytes"), row->retention_bytes);
        assert_int_equal (s_integer (settings, "segment.bytes"), row->segment_bytes);
        assert_int_equal (
            s_integer (settings, "max.message.bytes"), row->message_bytes);
    }
}

static void
test_every_example_is_read (void **state)
{
    (void)state;
    for (int topic = 0; topic < TOPIC_DEAD_LETTERS; topic++) {
        size_t i;
        json_t *example;
        json_array_foreach (s_examples ((topic_t)topic), i, example) assert_true (
            s_reads ((topic_t)topic, json_object_get (example, "payload")));
    }
}

/* Whoever leaves out a field of the least message is refused: no less will do. */
static void
test_the_least_message_is_the_least (void **state)
{
    (void)state;
    for (int topic = 0; topic < TOPIC_DEAD_LETTERS; topic++) {
        const char *key;
        json_t *value, *least = s_least ((topic_t)topic);
        json_object_foreach (least, key, value)
        {
            json_t *less = json_copy (least);
            json_object_del (less, key);
            if (s_reads ((topic_t)topic, less))
                fail_msg ("%s: %s is not required", topic_name ((topic_t)topic), key);
            json_decref (less);
        }
        json_decref (least);
    }
}

static void
s_check_round_trip (topic_t topic, const json_t *payload)
{
    void *message = NULL;
    codec_fault_t fault;
    strbuf_t text = STRBUF_EMPTY;
    record_t record;
    assert_int_equal (s_decode (topic, payload, &message, &fault), CODEC_READ);
    codec_encode (topic, message, &text, &record);
    json_t *written = json_loadb (record.value, record.value_size, 0, NULL);
    if (!json_equal (written, payload))
        fail_msg ("%s is not what we write", (const char *)record.value);
    json_decref (written);
    codec_destroy (topic, &message);
    strbuf_free (&text);
}

/* Requests and results but the least are what sasrec sends itself, member by member. */
static void
test_examples_are_what_we_write (void **state)
{
    (void)state;
    for (int topic = TOPIC_REQUESTS; topic <= TOPIC_RESULTS; topic++)
        for (size_t i = 1; i < json_array_size (s_examples ((topic_t)topic)); i++)
            s_check_round_trip ((topic_t)topic,
                json_object_get (
                    json_array_get (s_examples ((topic_t)topic), i), "payload"));
    for (size_t i = 0; i < json_array_size (s_examples (TOPIC_CATALOGUE)); i++)
        s_check_round_trip (TOPIC_CATALOGUE,
            json_object_get (
                json_array_get (s_examples (TOPIC_CATALOGUE), i), "payload"));
}

/* So the examples above prove every field. */
static void
test_every_field_is_in_an_example (void **state)
{
    (void)state;
    for (int topic = 0; topic < TOPIC_DEAD_LETTERS; topic++) {
        size_t i;
        json_t *example, *shown = json_object ();
        const char *key;
        json_t *value;
        const json_t *schema = json_object_get (s_message ((topic_t)topic), "payload");
        json_array_foreach (s_examples ((topic_t)topic), i, example)
            json_object_update (shown, json_object_get (example, "payload"));
        json_object_foreach (shown, key, value) assert_non_null (
            json_object_get (json_object_get (schema, "properties"), key));
        assert_int_equal (json_object_size (shown),
            json_object_size (json_object_get (schema, "properties")));
        json_decref (shown);
    }
}

/* The least message with one more field, whose value is given away. */
static bool
s_reads_with (topic_t topic, const char *key, json_t *value)
{
    json_t *message = s_least (topic);
    json_object_set_new (message, key, value);
    bool reads = s_reads (topic, message);
    json_decref (message);
    return reads;
}

static json_t *
s_digits (json_int_t count)
{
    char *text = malloc ((size_t)count);
    memset (text, '1', (size_t)count);
    json_t *string = json_stringn (text, (size_t)count);
    free (text);
    return string;
}

static json_t *
s_zeros (json_int_t count)
{
    json_t *array = json_array ();
    for (json_int_t i = 0; i < count; i++)
        json_array_append_new (array, json_integer (0));
    return array;
}

static json_t *
s_words (json_int_t count)
{
    json_t *array = json_array ();
    for (json_int_t i = 0; i < count; i++)
        json_array_append_new (array, json_string ("0"));
    return array;
}

typedef json_t *(s_make_f)(json_int_t size);

static s_make_f *
s_array_of (const json_t *schema)
{
    const json_t *items = json_object_get (schema, "items");
    const char *type = json_string_value (json_object_get (items, "type"));
    return type && strcmp (type, "string") == 0 ? s_words : s_zeros;
}

/* The bound is taken, and what is beyond it (by step) is not. True: there is a bound. */
static bool
s_check_bound (topic_t topic, const char *key, const json_t *schema, const char *word,
    json_int_t step, s_make_f *make)
{
    if (!json_object_get (schema, word))
        return false;
    json_int_t bound = s_integer (schema, word);
    if (!s_reads_with (topic, key, make (bound)) ||
        s_reads_with (topic, key, make (bound + step)))
        fail_msg ("%s: the %s of %s is not %lld", topic_name (topic), word, key,
            (long long)bound);
    return true;
}

static void
test_the_bounds_are_the_codes (void **state)
{
    (void)state;
    int count = 0;
    for (int i = 0; i < TOPIC_DEAD_LETTERS; i++) {
        topic_t topic = (topic_t)i;
        const char *key;
        json_t *schema;
        json_t *payload = json_object_get (s_message (topic), "payload");
        json_object_foreach (json_object_get (payload, "properties"), key, schema)
        {
            count += s_check_bound (topic, key, schema, "minimum", -1, json_integer);
            count += s_check_bound (topic, key, schema, "maximum", 1, json_integer);
            count += s_check_bound (topic, key, schema, "minLength", -1, s_digits);
            count += s_check_bound (topic, key, schema, "maxLength", 1, s_digits);
            count +=
                s_check_bound (topic, key, schema, "maxItems", 1, s_array_of (schema));
        }
    }
    assert_true (count >= 20);
}

/* Workers know what the api was asked, but for what it answers itself. */
static void
test_requests_have_the_fields_of_the_api (void **state)
{
    (void)state;
    const json_t *fields = json_object_get (
        json_object_get (s_message (TOPIC_REQUESTS), "payload"), "properties");
    static const char *const own[] = {"append", "deadline_s", "rules", NULL};
    for (size_t i = 0; request_body_fields[i]; i++) {
        size_t j = 0;
        while (own[j] && strcmp (own[j], request_body_fields[i]))
            j++;
        if (!own[j] && !json_object_get (fields, request_body_fields[i]))
            fail_msg ("%s is not in asyncapi.yaml", request_body_fields[i]);
    }
}

static topic_t
s_topic (const char *name)
{
    for (int i = 0; i < TOPIC_COUNT; i++)
        if (strcmp (topic_name ((topic_t)i), name) == 0)
            return (topic_t)i;
    fail_msg ("there is no topic %s", name);
    return TOPIC_COUNT;
}

/* What waits in the topics, and other people's programs, when a release comes. */
static void
test_messages_of_the_last_release_are_read (void **state)
{
    (void)state;
    FILE *file = fopen (FIXTURES "/messages/0.1.0.jsonl", "r");
    char line[1000];
    int count = 0;
    assert_non_null (file);
    for (; fgets (line, sizeof line, file); count++) {
        json_t *message = json_loads (line, 0, NULL);
        const char *text = json_string_value (json_object_get (message, "value"));
        json_t *value = json_loads (text, 0, NULL);
        if (!s_reads (s_topic (json_string_value (json_object_get (message, "topic"))),
                value))
            fail_msg ("%s is refused", text);
        json_decref (value);
        json_decref (message);
    }
    fclose (file);
    assert_true (count >= 14);
}

static void
test_defaults_are_the_codes (void **state)
{
    (void)state;
    request_t *request = request_new ();
    const json_t *fields = json_object_get (
        json_object_get (s_message (TOPIC_REQUESTS), "payload"), "properties");
    const json_t *user_id = json_object_get (fields, "user_id");
    assert_int_equal (s_integer (json_object_get (fields, "k"), "default"), request->k);
    assert_int_equal (
        s_integer (json_object_get (fields, "attempt"), "default"), request->attempt);
    assert_string_equal (
        json_string_value (json_object_get (user_id, "default")), request->user_id);
    request_destroy (&request);
}

/* dead letters */

static json_t *
s_letter_headers (void)
{
    return json_object_get (
        json_object_get (s_message (TOPIC_DEAD_LETTERS), "headers"), "properties");
}

static void
test_the_classes_of_dead_letters_are_the_codes (void **state)
{
    (void)state;
    json_t *words = json_object_get (
        json_object_get (s_letter_headers (), "dlq-error-class"), "enum");
    assert_int_equal (json_array_size (words), DEAD_LETTER_UNFIT + 1);
    for (size_t i = 0; i < json_array_size (words); i++)
        assert_string_equal (json_string_value (json_array_get (words, i)),
            dead_letter_word ((dead_letter_class_t)i));
}

/* The example is a request that the code refuses, with the reason it gives. */
static void
test_the_dead_letter_says_why (void **state)
{
    (void)state;
    void *message = NULL;
    codec_fault_t fault;
    const json_t *example = json_array_get (s_examples (TOPIC_DEAD_LETTERS), 0);
    const char *text = json_string_value (json_object_get (example, "payload"));
    const char *reason = json_string_value (
        json_object_get (json_object_get (example, "headers"), "dlq-error"));
    const record_t record = {
        .topic = TOPIC_REQUESTS, .value = text, .value_size = strlen (text)};
    assert_int_equal (codec_decode (&record, &message, &fault), CODEC_UNREADABLE);
    assert_string_equal (fault.reason, reason);
}

static void
s_delivered (void *context, topic_t topic, void *parcel, producer_outcome_t outcome)
{
    (void)topic, (void)parcel;
    *(bool *)context = outcome == PRODUCER_SAFE;
}

static void
s_bury_one (const char *servers)
{
    char error[160];
    bool safe = false;
    const producer_args_t args = {servers, "contract-test", s_delivered, &safe};
    record_t record = {.topic = TOPIC_REQUESTS, .value = "{", .value_size = 1};
    trace_make (&record.trace);
    producer_t *producer = producer_new (&args, error);
    assert_non_null (producer);
    assert_int_equal (producer_meet (producer, TOPIC_DEAD_LETTERS, LIMIT_MS, error), 0);
    assert_true (
        dead_letter_send (producer, &record, DEAD_LETTER_UNREADABLE, "no JSON", NULL));
    assert_true (producer_flush (producer, LIMIT_MS));
    assert_true (safe);
    producer_destroy (&producer);
}

/* The one letter of the topic; free it, then *rk. */
static rd_kafka_message_t *
s_dig_up (const char *servers, rd_kafka_t **rk)
{
    char reason[256];
    rd_kafka_conf_t *conf = rd_kafka_conf_new ();
    rd_kafka_conf_set (conf, "bootstrap.servers", servers, reason, sizeof reason);
    rd_kafka_conf_set (conf, "group.id", "contract-test", reason, sizeof reason);
    *rk = rd_kafka_new (RD_KAFKA_CONSUMER, conf, reason, sizeof reason);
    assert_non_null (*rk);
    rd_kafka_topic_partition_list_t *parts = rd_kafka_topic_partition_list_new (1);
    rd_kafka_topic_partition_list_add (parts, topic_name (TOPIC_DEAD_LETTERS), 0)
        ->offset = RD_KAFKA_OFFSET_BEGINNING;
    assert_int_equal (rd_kafka_assign (*rk, parts), 0);
    rd_kafka_topic_partition_list_destroy (parts);
    return rd_kafka_consumer_poll (*rk, LIMIT_MS);
}

static void
s_check_headers (const rd_kafka_message_t *letter)
{
    rd_kafka_headers_t *headers = NULL;
    const char *name;
    const void *value;
    size_t size, count = 0;
    assert_int_equal (rd_kafka_message_headers (letter, &headers), 0);
    for (; rd_kafka_header_get_all (headers, count, &name, &value, &size) == 0; count++)
        if (!json_object_get (s_letter_headers (), name))
            fail_msg ("the header %s is not described", name);
    assert_int_equal (count, json_object_size (s_letter_headers ()));
    assert_int_equal (count, /* not every message is part of a trace */
        json_array_size (json_object_get (
            json_object_get (s_message (TOPIC_DEAD_LETTERS), "headers"), "required")) +
            1);
}

static void
test_dead_letters_have_the_headers (void **state)
{
    char reason[256];
    rd_kafka_t *consumer;
    rd_kafka_conf_t *conf = rd_kafka_conf_new ();
    (void)state;
    rd_kafka_conf_set (conf, "test.mock.num.brokers", "1", reason, sizeof reason);
    rd_kafka_t *broker = rd_kafka_new (RD_KAFKA_PRODUCER, conf, reason, sizeof reason);
    rd_kafka_mock_cluster_t *cluster = rd_kafka_handle_mock_cluster (broker);
    const char *servers = rd_kafka_mock_cluster_bootstraps (cluster);
    rd_kafka_mock_topic_create (cluster, topic_name (TOPIC_DEAD_LETTERS), 1, 1);
    s_bury_one (servers);
    rd_kafka_message_t *letter = s_dig_up (servers, &consumer);
    assert_true (letter && !letter->err);
    s_check_headers (letter);
    rd_kafka_message_destroy (letter);
    rd_kafka_consumer_close (consumer);
    rd_kafka_destroy (consumer);
    rd_kafka_destroy (broker);
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_the_topics_are_the_table),
        cmocka_unit_test (test_every_example_is_read),
        cmocka_unit_test (test_the_least_message_is_the_least),
        cmocka_unit_test (test_examples_are_what_we_write),
        cmocka_unit_test (test_every_field_is_in_an_example),
        cmocka_unit_test (test_the_bounds_are_the_codes),
        cmocka_unit_test (test_requests_have_the_fields_of_the_api),
        cmocka_unit_test (test_messages_of_the_last_release_are_read),
        cmocka_unit_test (test_defaults_are_the_codes),
        cmocka_unit_test (test_the_classes_of_dead_letters_are_the_codes),
        cmocka_unit_test (test_the_dead_letter_says_why),
        cmocka_unit_test (test_dead_letters_have_the_headers),
    };
    return cmocka_run_group_tests (tests, s_setup, s_teardown);
}

/* For tests beside a real broker. SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_TESTS_KAFKA_H
#define SASREC_TESTS_KAFKA_H

#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/clock.h"
#include "bridge/admin.h"
#include "bridge/consumer.h"
#include "bridge/dead_letter.h"
#include "bridge/listener.h"
#include "bridge/producer.h"

#define LIMIT_MS 60000 /* what must happen happens before */

static inline const char *
kafka_servers (void)
{
    const char *servers = getenv ("KAFKA_BOOTSTRAP_SERVERS");
    assert_non_null (servers);
    return servers;
}

static inline void
kafka_topics (void)
{
    topics_report_t reports[TOPIC_COUNT];
    char error[160] = "";
    const topics_options_t options = {kafka_servers (), 0, 0, LIMIT_MS};
    int rc = topics_create (&options, reports, error);
    assert_string_equal (error, "");
    assert_int_equal (rc, 0);
}

/* A group of its own for each test. */
static inline consumer_t *
kafka_consumer (const char *group, topic_t topic, size_t limit)
{
    char error[160] = "";
    const consumer_args_t args = {.bootstrap_servers = kafka_servers (),
        .client_id = "test",
        .group = group,
        .topics = {topic},
        .topic_count = 1,
        .outstanding_limit = limit};
    consumer_t *consumer = consumer_new (&args, error);
    assert_string_equal (error, "");
    return consumer;
}

/* The same member each time, without waiting for the one before to be given up. */
static inline consumer_t *
kafka_member (const char *group, topic_t topic, int delivery_limit)
{
    char error[160] = "";
    const consumer_args_t args = {.bootstrap_servers = kafka_servers (),
        .client_id = "test",
        .group = group,
        .instance = group,
        .topics = {topic},
        .topic_count = 1,
        .outstanding_limit = 1000,
        .delivery_limit = delivery_limit};
    consumer_t *consumer = consumer_new (&args, error);
    assert_string_equal (error, "");
    return consumer;
}

/* Serves the consumer until a record came (true) or the limit passed. */
static inline bool
kafka_next (consumer_t *consumer, record_t *record, int limit_ms)
{
    int64_t deadline_ms = clock_monotonic_ms () + limit_ms;
    struct pollfd item = {consumer_fd (consumer), POLLIN, 0};
    do {
        consumer_serve (consumer, clock_monotonic_ms ());
        if (consumer_next (consumer, record))
            return true;
        if (poll (&item, 1, CONSUMER_SERVE_MS) > 0)
            consumer_wake (consumer);
    } while (clock_monotonic_ms () < deadline_ms);
    return false;
}

typedef struct {
    producer_args_t args;
    producer_t *producer;
    size_t safe;
    size_t lost;
    size_t unfit;
} sender_t;

static inline void
sender_delivered (
    void *context, topic_t topic, void *parcel, producer_outcome_t outcome)
{
    sender_t *self = context;
    (void)topic, (void)parcel;
    self->safe += outcome == PRODUCER_SAFE;
    self->lost += outcome == PRODUCER_LOST;
    self->unfit += outcome == PRODUCER_UNFIT;
}

static inline void
sender_open (sender_t *self)
{
    char error[160] = "";
    *self =
        (sender_t){.args = {kafka_servers (), "test-sender", sender_delivered, self}};
    self->producer = producer_new (&self->args, error);
    assert_string_equal (error, "");
    assert_int_equal (
        producer_meet (self->producer, TOPIC_CONTROL, LIMIT_MS, error), 0);
}

static inline bool
sender_send (sender_t *self, topic_t topic, const char *key, const char *value)
{
    const record_t record = {.topic = topic,
        .key = key,
        .key_size = strlen (key),
        .value = value,
        .value_size = strlen (value)};
    return producer_send (self->producer, &record, NULL);
}

#endif

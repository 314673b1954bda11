/* The partitions of a member, against librdkafka's mock cluster.
 * SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

#include "bridge/assignment.h"
#include "bridge/topics.h"

#define LIMIT_MS 20000
#define TOPIC    TOPIC_REQUESTS

typedef struct {
    rd_kafka_t *producer; /* carries the cluster */
    rd_kafka_t *member;
    rd_kafka_topic_partition_list_t *parts;
    assignment_t *assignment;
} world_t;

static rd_kafka_t *
s_client (rd_kafka_type_t type, const char *(*pairs)[2], size_t count)
{
    char reason[256];
    rd_kafka_conf_t *conf = rd_kafka_conf_new ();
    for (size_t i = 0; i < count; i++)
        assert_int_equal (
            rd_kafka_conf_set (conf, pairs[i][0], pairs[i][1], reason, sizeof reason),
            RD_KAFKA_CONF_OK);
    rd_kafka_t *rk = rd_kafka_new (type, conf, reason, sizeof reason);
    assert_non_null (rk);
    return rk;
}

static void
s_send (world_t *world, const char *text)
{
    rd_kafka_producev (world->producer, RD_KAFKA_V_TOPIC (topic_name (TOPIC)),
        RD_KAFKA_V_PARTITION (0), RD_KAFKA_V_VALUE ((void *)text, strlen (text)),
        RD_KAFKA_V_MSGFLAGS (RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_END);
    assert_int_equal (rd_kafka_flush (world->producer, LIMIT_MS), 0);
}

static int
s_set_up (void **state)
{
    static world_t world;
    const char *of_producer[][2] = {{"test.mock.num.brokers", "1"}};
    world.producer = s_client (RD_KAFKA_PRODUCER, of_producer, 1);
    rd_kafka_mock_cluster_t *cluster = rd_kafka_handle_mock_cluster (world.producer);
    rd_kafka_mock_topic_create (cluster, topic_name (TOPIC), 1, 1);
    const char *of_member[][2] = {
        {"bootstrap.servers", rd_kafka_mock_cluster_bootstraps (cluster)},
        {"group.id", "members"}, {"auto.offset.reset", "earliest"},
        {"enable.auto.commit", "false"}};
    world.member = s_client (RD_KAFKA_CONSUMER, of_member, 4);
    rd_kafka_poll_set_consumer (world.member);
    world.parts = rd_kafka_topic_partition_list_new (1);
    rd_kafka_topic_partition_list_add (world.parts, topic_name (TOPIC), 0);
    world.assignment = assignment_new (world.member);
    *state = &world;
    return 0;
}

static int
s_tear_down (void **state)
{
    world_t *world = *state;
    assignment_destroy (&world->assignment);
    rd_kafka_topic_partition_list_destroy (world->parts);
    rd_kafka_consumer_close (world->member);
    rd_kafka_destroy (world->member);
    rd_kafka_destroy (world->producer);
    return 0;
}

static void
s_expect (world_t *world, const char *text)
{
    rd_kafka_message_t *message = rd_kafka_consumer_poll (world->member, LIMIT_MS);
    assert_non_null (message);
    assert_int_equal (message->err, 0);
    assert_int_equal (message->len, strlen (text));
    assert_memory_equal (message->payload, text, message->len);
    rd_kafka_message_destroy (message);
}

/* A broker dies, the member stalls and pauses, loses its partitions, stalls no longer,
 * and is given them again. */
static void
test_a_pause_does_not_outlive_what_it_was_for (void **state)
{
    world_t *world = *state;
    s_send (world, "first");
    assignment_set (world->assignment, world->parts);
    s_expect (world, "first");
    assignment_pause (world->assignment, true);
    assignment_set (world->assignment, NULL);
    assignment_pause (world->assignment, false);
    assignment_set (world->assignment, world->parts);
    s_expect (world, "first"); /* nothing was committed */
    s_send (world, "second");
    s_expect (world, "second");
}

static void
test_a_pause_holds_for_what_is_given_meanwhile (void **state)
{
    world_t *world = *state;
    assignment_pause (world->assignment, true);
    assignment_set (world->assignment, world->parts);
    assert_true (assignment_paused (world->assignment));
    s_send (world, "first");
    assert_null (rd_kafka_consumer_poll (world->member, 500));
    assignment_pause (world->assignment, false);
    s_expect (world, "first");
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown (
            test_a_pause_does_not_outlive_what_it_was_for, s_set_up, s_tear_down),
        cmocka_unit_test_setup_teardown (
            test_a_pause_holds_for_what_is_given_meanwhile, s_set_up, s_tear_down),
    };
    return cmocka_run_group_tests_name ("assignment", tests, NULL, NULL);
}

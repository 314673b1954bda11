/* The bridge actor beside librdkafka's mock cluster. One bridge plays a worker and an api
 * at once: joining a group takes the mock three seconds. SPDX-License-Identifier: Apache-2.0 */
#include "tests/actors/actors.h"

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

#include "base/health.h"
#include "base/metrics.h"
#include "bridge/bridge.h"
#include "proto/fact.h"
#include "proto/reload.h"
#include "base/actor/wire.h"

#define JOBS     "inproc://bridge-test-jobs"
#define PUBLISH  "inproc://bridge-test-publish"
#define SEND     "inproc://bridge-test-send"
#define RETURNED "inproc://bridge-test-returned"
#define RESULTS  "inproc://bridge-test-results"
#define RELOAD   "inproc://bridge-test-reload"
#define HEARD    "inproc://bridge-test-heard"
#define SETTLE   "inproc://bridge-test-settle"
#define ROOM     1024

static const bridge_wire_t s_wires[] = {
    {BRIDGE_CONSUME, TOPIC_REQUESTS, JOBS, ROOM, "test-workers", NULL, 0},
    {BRIDGE_PUBLISH, TOPIC_RESULTS, PUBLISH, ROOM, NULL, NULL, 0},
    {BRIDGE_PUBLISH, TOPIC_REQUESTS, SEND, ROOM, NULL, RETURNED, ROOM},
    {BRIDGE_LISTEN, TOPIC_RESULTS, RESULTS, ROOM, NULL, NULL, 0},
    {BRIDGE_LISTEN, TOPIC_CONTROL, RELOAD, ROOM, NULL, NULL, 0},
    {BRIDGE_LISTEN, TOPIC_CATALOGUE, HEARD, ROOM, NULL, NULL, 0},
};

typedef struct {
    rd_kafka_t *rk; /* carries the cluster, produces as a stranger does */
    rd_kafka_mock_cluster_t *cluster;
    bridge_args_t args;
    zsock_t *jobs;    /* we are the pool */
    zsock_t *results; /* the router */
    zsock_t *reload;
    zsock_t *heard; /* the catalogue_reader */
    zsock_t *returned;
    zsock_t *publish; /* the workers */
    zsock_t *send;    /* the request_producer */
    zsock_t *settle;
    zactor_t *actor;
} world_t;

static world_t s_world;

static void
s_open_cluster (world_t *world)
{
    char reason[256];
    rd_kafka_conf_t *conf = rd_kafka_conf_new ();
    rd_kafka_conf_set (conf, "test.mock.num.brokers", "1", reason, sizeof reason);
    world->rk = rd_kafka_new (RD_KAFKA_PRODUCER, conf, reason, sizeof reason);
    assert_non_null (world->rk);
    world->cluster = rd_kafka_handle_mock_cluster (world->rk);
    for (int i = 0; i < TOPIC_COUNT; i++)
        rd_kafka_mock_topic_create (
            world->cluster, topic_name ((topic_t)i), i == TOPIC_CONTROL ? 1 : 4, 1);
}

static bool
s_wait_health (bool ok)
{
    int64_t deadline_ms = clock_monotonic_ms () + LIMIT_MS;
    health_t *health = health_check ("kafka", true);
    while (health_ok (health) != ok && clock_monotonic_ms () < deadline_ms)
        zclock_sleep (10);
    return health_ok (health) == ok;
}

static bool
s_wait_metric (metric_t *metric, double value)
{
    int64_t deadline_ms = clock_monotonic_ms () + LIMIT_MS;
    while (metric_value (metric) < value && clock_monotonic_ms () < deadline_ms)
        zclock_sleep (10);
    return metric_value (metric) >= value;
}

static int
s_set_up (void **state)
{
    world_t *world = &s_world;
    (void)state;
    s_open_cluster (world);
    world->jobs = wire_pull_new (JOBS, ROOM);
    world->results = wire_pull_new (RESULTS, ROOM);
    world->reload = wire_pull_new (RELOAD, ROOM);
    world->heard = wire_pull_new (HEARD, ROOM);
    world->returned = wire_pull_new (RETURNED, ROOM);
    world->publish = wire_push_new (PUBLISH, ROOM);
    world->send = wire_push_new (SEND, ROOM);
    world->settle = wire_push_new (SETTLE, ROOM);
    world->args = (bridge_args_t){
        .bootstrap_servers = rd_kafka_mock_cluster_bootstraps (world->cluster),
        .client_id = "bridge-test",
        .wires = s_wires,
        .wire_count = sizeof s_wires / sizeof s_wires[0],
        .settlements = SETTLE,
        .settlements_limit = ROOM,
        .outstanding_limit = 100,
        .required = true};
    world->actor = actor_start (bridge_actor, &world->args);
    assert_true (s_wait_health (true));
    return s_wait_metric (
               metrics_gauge ("sasrec_kafka_partitions", "", "group=\"test-workers\""),
               4)
               ? 0
               : -1;
}

static void
s_close_sockets (world_t *world)
{
    wire_destroy (&world->jobs);
    wire_destroy (&world->results);
    wire_destroy (&world->reload);
    wire_destroy (&world->heard);
    wire_destroy (&world->returned);
    wire_destroy (&world->publish);
    wire_destroy (&world->send);
    wire_destroy (&world->settle);
}

static int
s_tear_down (void **state)
{
    world_t *world = &s_world;
    (void)state;
    zactor_destroy (&world->actor);
    s_close_sockets (world);
    rd_kafka_destroy (world->rk);
    return 0;
}

/* A stranger's message. */
static void
s_produce (topic_t topic, const char *value)
{
    rd_kafka_resp_err_t rc = rd_kafka_producev (s_world.rk,
        RD_KAFKA_V_TOPIC (topic_name (topic)),
        RD_KAFKA_V_MSGFLAGS (RD_KAFKA_MSG_F_COPY),
        RD_KAFKA_V_VALUE ((void *)(uintptr_t)value, strlen (value)), RD_KAFKA_V_END);
    assert_int_equal (rc, 0);
    assert_int_equal (rd_kafka_flush (s_world.rk, LIMIT_MS), 0);
}

static request_t *
s_next_job (void)
{
    assert_true (arrives (s_world.jobs, LIMIT_MS));
    return request_recv (s_world.jobs);
}

static result_t *
s_next_result (void)
{
    assert_true (arrives (s_world.results, LIMIT_MS));
    return result_recv (s_world.results);
}

/* Plays a worker: the result of the job, with its receipt. */
static void
s_answer (request_t *job)
{
    result_t *result = result_sample (job->request_id, true);
    result->receipt = job->receipt;
    assert_int_equal (result_send (&result, s_world.publish), 0);
    request_destroy (&job);
}

static double
s_outstanding (void)
{
    return metric_value (
        metrics_gauge ("sasrec_kafka_outstanding", "", "group=\"test-workers\""));
}

static bool
s_all_settled (void)
{
    int64_t deadline_ms = clock_monotonic_ms () + LIMIT_MS;
    zclock_sleep (1100); /* the gauge is set once a second */
    while (s_outstanding () > 0 && clock_monotonic_ms () < deadline_ms)
        zclock_sleep (50);
    return s_outstanding () == 0;
}

static void
test_a_strangers_request_becomes_a_result (void **state)
{
    (void)state;
    s_produce (TOPIC_REQUESTS, "{\"request_id\":\"r-1\",\"history\":[1,2],\"k\":5}");
    request_t *job = s_next_job ();
    assert_string_equal (job->request_id, "r-1");
    assert_int_equal (job->k, 5);
    assert_true (job->job && job->receipt.held);
    s_answer (job);
    result_t *result = s_next_result ();
    assert_string_equal (result->request_id, "r-1");
    assert_int_equal (result->item_ids[0], 7);
    assert_false (result->receipt.held);
    result_destroy (&result);
    assert_true (s_all_settled ());
}

static void
test_an_accepted_request_travels_to_a_worker (void **state)
{
    (void)state;
    request_t *request = request_sample ("r-2", true);
    assert_int_equal (request_send (&request, s_world.send), 0);
    request_t *job = s_next_job ();
    assert_string_equal (job->request_id, "r-2");
    assert_int_equal (job->history_count, 2);
    assert_int_equal (settlement_send (&job->receipt, RECEIPT_DONE, s_world.settle), 0);
    request_destroy (&job);
    assert_true (s_all_settled ());
}

static void
test_a_retry_comes_again (void **state)
{
    (void)state;
    request_t *request = request_sample ("r-3", true);
    assert_int_equal (request_send (&request, s_world.send), 0);
    request_t *job = s_next_job ();
    settlement_send (&job->receipt, RECEIPT_RETRY, s_world.settle);
    request_destroy (&job);
    job = s_next_job ();
    assert_string_equal (job->request_id, "r-3");
    settlement_send (&job->receipt, RECEIPT_DONE, s_world.settle);
    request_destroy (&job);
    assert_true (s_all_settled ());
}

static void
test_poison_is_put_aside_and_its_request_fails (void **state)
{
    (void)state;
    metric_t *letters =
        metrics_counter ("sasrec_kafka_dead_letters_total", "", "class=\"unreadable\"");
    double before = metric_value (letters);
    s_produce (TOPIC_REQUESTS, "not JSON");
    s_produce (TOPIC_REQUESTS, "{\"request_id\":\"r-4\",\"history\":\"none\"}");
    result_t *result = s_next_result ();
    assert_string_equal (result->request_id, "r-4");
    assert_int_equal (result->status, RESULT_FAILED);
    assert_non_null (strstr (result->error, "history"));
    result_destroy (&result);
    assert_true (s_wait_metric (letters, before + 2));
    assert_true (s_all_settled ());
    assert_false (arrives (s_world.jobs, 0));
}

/* By whoever works on it, with a reason; what was in Kafka is kept until then. */
static void
test_what_is_refused_later_is_put_aside_with_the_reason (void **state)
{
    (void)state;
    metric_t *letters =
        metrics_counter ("sasrec_kafka_dead_letters_total", "", "class=\"refused\"");
    s_produce (TOPIC_REQUESTS, "{\"request_id\":\"r-5\",\"history\":[1]}");
    request_t *job = s_next_job ();
    assert_int_equal (
        settlement_send_dead (&job->receipt, "no such day", s_world.settle), 0);
    result_t *result = s_next_result ();
    assert_string_equal (result->request_id, "r-5");
    assert_string_equal (result->error, "no such day");
    result_destroy (&result);
    assert_true (s_wait_metric (letters, 1));
    assert_true (s_all_settled ());
    assert_int_equal (/* it is settled: nothing more comes of it */
        settlement_send_dead (&job->receipt, "twice", s_world.settle), 0);
    request_destroy (&job);
    assert_false (arrives (s_world.results, 300));
}

static void
test_too_large_a_message_is_put_aside (void **state)
{
    (void)state;
    metric_t *letters =
        metrics_counter ("sasrec_kafka_dead_letters_total", "", "class=\"too_large\"");
    char *value = malloc (900001);
    memset (value, '7', 900000);
    value[900000] = '\0';
    s_produce (TOPIC_REQUESTS, value);
    free (value);
    assert_true (s_wait_metric (letters, 1));
    assert_true (s_all_settled ());
}

static void
test_control_means_look_at_current (void **state)
{
    (void)state;
    s_produce (TOPIC_CONTROL, "{\"event\":\"SOMETHING_ELSE\"}");
    s_produce (TOPIC_CONTROL, "{{{");
    s_produce (TOPIC_CONTROL, "{\"event\":\"MODEL_UPDATED\"}");
    assert_true (arrives (s_world.reload, LIMIT_MS));
    reload_t *reload = reload_recv (s_world.reload);
    assert_non_null (reload);
    reload_destroy (&reload);
    assert_false (arrives (s_world.reload, 200));
}

/* Its readers wait for the last of what was there: who writes nonsense must not stop them. */
static void
test_of_the_catalogue_nothing_is_passed_over (void **state)
{
    (void)state;
    const char *const values[] = {"{\"item_id\":7,\"hidden\":true}", "{{{", ""};
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        s_produce (TOPIC_CATALOGUE, values[i]);
        assert_true (arrives (s_world.heard, LIMIT_MS));
        fact_message_t *message = fact_message_recv (s_world.heard);
        assert_int_equal (message->about_item, i == 0);
        assert_int_equal (message->unreadable, i > 0);
        fact_message_destroy (&message);
    }
}

/* More than may be out at once: the rest waits in Kafka until something is settled. */
static void
test_no_more_is_taken_than_may_be_out (void **state)
{
    (void)state;
    receipt_t receipts[100];
    for (int i = 0; i < 250; i++) {
        request_t *request = request_sample ("many", true);
        assert_int_equal (request_send (&request, s_world.send), 0);
    }
    for (int i = 0; i < 100; i++) {
        request_t *job = s_next_job ();
        receipts[i] = job->receipt;
        request_destroy (&job);
    }
    assert_false (arrives (s_world.jobs, 1500));
    for (int i = 0; i < 100; i++)
        settlement_send (&receipts[i], RECEIPT_DONE, s_world.settle);
    for (int i = 0; i < 150; i++) {
        request_t *job = s_next_job ();
        settlement_send (&job->receipt, RECEIPT_DONE, s_world.settle);
        request_destroy (&job);
    }
    assert_true (s_all_settled ());
}

static void
test_a_broker_that_comes_back_gets_what_waited (void **state)
{
    (void)state;
    rd_kafka_mock_broker_set_down (s_world.cluster, -1);
    assert_true (s_wait_health (false));
    for (int i = 0; i < 10; i++) {
        request_t *request = request_sample ("patient", true);
        assert_int_equal (request_send (&request, s_world.send), 0);
    }
    rd_kafka_mock_broker_set_up (s_world.cluster, -1);
    assert_true (s_wait_health (true));
    for (int i = 0; i < 10; i++) {
        request_t *job = s_next_job ();
        assert_string_equal (job->request_id, "patient");
        settlement_send (&job->receipt, RECEIPT_DONE, s_world.settle);
        request_destroy (&job);
    }
    assert_false (arrives (s_world.returned, 0));
}

static void
test_a_topic_that_is_missing_is_told (void **state)
{
    (void)state;
    rd_kafka_mock_topic_set_error (
        s_world.cluster, "inference.results", RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART);
    assert_true (s_wait_health (false));
    char reason[200];
    health_ready (reason, sizeof reason);
    assert_non_null (strstr (reason, "sasrec topics create"));
    rd_kafka_mock_topic_set_error (s_world.cluster, "inference.results", 0);
    assert_true (s_wait_health (true));
}

static void
test_unknown_commands_are_answered (void **state)
{
    (void)state;
    actor_refuses_unknown (s_world.actor);
}

/* Last of those that share the bridge. */
static void
test_quiesced_it_reads_no_more_jobs (void **state)
{
    (void)state;
    actor_ask (s_world.actor, "QUIESCE");
    s_produce (TOPIC_REQUESTS, "{\"request_id\":\"late\",\"history\":[1]}");
    assert_false (arrives (s_world.jobs, 1500));
}

/* Nothing listens there. It must start, say so, and stop. */
static void
test_without_a_broker_it_starts_and_stops (void **state)
{
    (void)state;
    const bridge_wire_t wires[] = {
        {BRIDGE_PUBLISH, TOPIC_REQUESTS, "inproc://bridge-test-alone", ROOM, NULL, NULL,
            0},
        {BRIDGE_CONSUME, TOPIC_RESULTS, "inproc://bridge-test-none", ROOM, "g", NULL,
            0},
        {BRIDGE_LISTEN, TOPIC_CONTROL, "inproc://bridge-test-none", ROOM, NULL, NULL,
            0}};
    bridge_args_t args = {.bootstrap_servers = "127.0.0.1:1",
        .client_id = "alone",
        .wires = wires,
        .wire_count = 3,
        .outstanding_limit = 10,
        .required = true};
    zactor_t *actor = actor_start (bridge_actor, &args);
    zsock_t *send = wire_push_new ("inproc://bridge-test-alone", ROOM);
    request_t *request = request_sample ("stranded", true);
    assert_int_equal (request_send (&request, send), 0);
    assert_true (s_wait_health (false));
    int64_t start_ms = clock_monotonic_ms ();
    zactor_destroy (&actor);
    assert_true (clock_monotonic_ms () - start_ms < 8000);
    wire_destroy (&send);
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_a_strangers_request_becomes_a_result),
        cmocka_unit_test (test_an_accepted_request_travels_to_a_worker),
        cmocka_unit_test (test_a_retry_comes_again),
        cmocka_unit_test (test_poison_is_put_aside_and_its_request_fails),
        cmocka_unit_test (test_what_is_refused_later_is_put_aside_with_the_reason),
        cmocka_unit_test (test_too_large_a_message_is_put_aside),
        cmocka_unit_test (test_control_means_look_at_current),
        cmocka_unit_test (test_of_the_catalogue_nothing_is_passed_over),
        cmocka_unit_test (test_no_more_is_taken_than_may_be_out),
        cmocka_unit_test (test_a_broker_that_comes_back_gets_what_waited),
        cmocka_unit_test (test_a_topic_that_is_missing_is_told),
        cmocka_unit_test (test_unknown_commands_are_answered),
        cmocka_unit_test (test_quiesced_it_reads_no_more_jobs),
        cmocka_unit_test (test_without_a_broker_it_starts_and_stops),
    };
    zsys_handler_set (NULL);
    return cmocka_run_group_tests (tests, s_set_up, s_tear_down);
}

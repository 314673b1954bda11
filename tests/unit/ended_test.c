/* Tests of actors/ended, actors/recent and actors/http/streams.
 * SPDX-License-Identifier: Apache-2.0 */
#include "actors/ended.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "actors/http/streams.h"
#include "actors/recent.h"
#include "base/metrics.h"
#include "base/actor/wire.h"

#define LONG_MS 20000
#define LOWER   "0190a0b0-c0d0-7000-8000-00000000abcd"
#define UPPER   "0190A0B0-C0D0-7000-8000-00000000ABCD"

static result_t *
s_result (const char *request_id, int64_t item_id)
{
    result_t *result = result_new ();
    snprintf (result->request_id, sizeof result->request_id, "%s", request_id);
    snprintf (result->model_version, sizeof result->model_version, "v1");
    result->item_ids = calloc (1, sizeof *result->item_ids);
    result->scores = calloc (1, sizeof *result->scores);
    result->item_ids[0] = item_id;
    result->count = 1;
    return result;
}

static void
s_show (ended_t *ended, const char *request_id, int64_t item_id)
{
    result_t *result = s_result (request_id, item_id);
    ended_show (ended, result);
    result_destroy (&result);
}

static void
s_tell (ended_t *ended, const char *request_id, const char *status)
{
    ended_tell (ended, &request_id, 1, status);
}

static void
s_expect_result (ended_waiter_t *waiter, int timeout_ms, int64_t item_id)
{
    result_t *result = NULL;
    assert_int_equal (ended_next (waiter, timeout_ms, &result), ENDED_RESULT);
    assert_int_equal (result->item_ids[0], item_id);
    result_destroy (&result);
}

static void
s_expect (ended_waiter_t *waiter, int timeout_ms, ended_news_t news)
{
    result_t *result = NULL;
    assert_int_equal (ended_next (waiter, timeout_ms, &result), news);
    assert_null (result);
}

static void
test_who_comes_late_gets_the_result_once (void **state)
{
    (void)state;
    ended_t *ended = ended_new (4, NULL);
    s_show (ended, "r1", 7);
    ended_waiter_t *waiter = ended_wait (ended, "r1");
    s_expect_result (waiter, 0, 7);
    s_expect (waiter, 0, ENDED_NOTHING); /* shown, not ended */
    ended_leave (&waiter);
    assert_null (waiter);
    ended_destroy (&ended);
}

static void *
s_play (void *context)
{
    ended_t *ended = context;
    s_show (ended, "other", 1);
    s_tell (ended, "other", "COMPLETED");
    s_show (ended, "r2", 9);
    s_tell (ended, "r2", "COMPLETED");
    return NULL;
}

static void
test_a_result_comes_before_the_end_and_others_wake_nobody (void **state)
{
    (void)state;
    ended_t *ended = ended_new (4, NULL);
    ended_waiter_t *waiter = ended_wait (ended, "r2");
    pthread_t player;
    pthread_create (&player, NULL, s_play, ended);
    s_expect_result (waiter, LONG_MS, 9);
    s_expect (waiter, LONG_MS, ENDED_ROW);
    s_expect (waiter, 0, ENDED_NOTHING);
    pthread_join (player, NULL);
    ended_hear (ended, "r2"); /* the row could not be read: heard again */
    s_expect (waiter, 0, ENDED_ROW);
    ended_leave (&waiter);
    ended_destroy (&ended);
}

static void
test_an_end_without_a_result_is_an_end (void **state)
{
    (void)state;
    ended_t *ended = ended_new (4, NULL);
    ended_waiter_t *waiter = ended_wait (ended, "r");
    s_tell (ended, "r", "EXPIRED");
    s_expect (waiter, 0, ENDED_ROW);
    ended_leave (&waiter);
    ended_destroy (&ended);
}

static void
test_uuids_match_in_either_case (void **state)
{
    (void)state;
    ended_t *ended = ended_new (4, NULL);
    ended_waiter_t *upper = ended_wait (ended, UPPER);
    ended_waiter_t *lower = ended_wait (ended, LOWER);
    s_show (ended, LOWER, 3);
    s_tell (ended, UPPER, "COMPLETED");
    s_expect_result (upper, 0, 3);
    s_expect_result (lower, 0, 3);
    s_expect (upper, 0, ENDED_ROW);
    s_expect (lower, 0, ENDED_ROW);
    ended_leave (&upper);
    ended_leave (&lower);
    ended_waiter_t *word = ended_wait (ended, "Word"); /* no UUID: as it is */
    s_tell (ended, "word", "COMPLETED");
    s_expect (word, 0, ENDED_NOTHING);
    ended_leave (&word);
    ended_destroy (&ended);
}

static void
test_all_that_wait_have_their_turn (void **state)
{
    (void)state;
    ended_t *ended = ended_new (4, NULL);
    char ids[2][PROTO_ID_SIZE];
    assert_int_equal (ended_waiting (ended, ids, 2), 0);
    ended_waiter_t *waiters[3] = {
        ended_wait (ended, "a"), ended_wait (ended, "b"), ended_wait (ended, "c")};
    assert_int_equal (ended_waiting (ended, ids, 2), 2);
    assert_string_equal (ids[0], "c");
    assert_string_equal (ids[1], "b");
    assert_int_equal (ended_waiting (ended, ids, 2), 1);
    assert_string_equal (ids[0], "a");
    assert_int_equal (ended_waiting (ended, ids, 2), 2);
    for (int i = 0; i < 3; i++)
        ended_leave (&waiters[i]);
    ended_destroy (&ended);
}

static void *
s_wait_long (void *waiter)
{
    result_t *result = NULL;
    return (void *)(intptr_t)ended_next (waiter, LONG_MS, &result);
}

static void
test_stopping_wakes_all_and_lets_nobody_in (void **state)
{
    (void)state;
    ended_t *ended = ended_new (3, NULL);
    ended_waiter_t *waiter = ended_wait (ended, "r");
    pthread_t reader;
    void *news;
    pthread_create (&reader, NULL, s_wait_long, waiter);
    ended_shutdown (ended);
    pthread_join (reader, &news);
    assert_int_equal ((intptr_t)news, ENDED_STOPPING);
    assert_null (ended_wait (ended, "r"));
    ended_leave (&waiter);
    ended_destroy (&ended);
}

static void
test_what_is_told_is_published_what_is_heard_is_not (void **state)
{
    (void)state;
    zsock_t *endings = wire_pull_new ("inproc://ended-test", 16384);
    ended_t *ended = ended_new (3, "inproc://ended-test");
    ended_hear (ended, "heard");
    s_tell (ended, "told", "FAILED");
    ending_t *ending = ending_recv (endings);
    assert_int_equal (ending->count, 1);
    assert_string_equal (ending->request_ids[0], "told");
    assert_string_equal (ending->status, "FAILED");
    ending_destroy (&ending);
    assert_null (ending_recv (endings));
    ended_destroy (&ended);
    wire_destroy (&endings);
}

static void
test_ends_are_counted_by_state_where_they_are_told (void **state)
{
    (void)state;
    ended_t *ended = ended_new (4, NULL);
    ended_count (ended, "FAILED");
    const metric_t *failed = metrics_find ("sasrec_results_total", "state=\"FAILED\"");
    assert_true (metric_value (failed) == 0);
    s_tell (ended, "r1", "FAILED");
    s_tell (ended, "r2", "EXPIRED"); /* nobody said that this happens here */
    ended_hear (ended, "r3");
    assert_true (metric_value (failed) == 1);
    assert_null (metrics_find ("sasrec_results_total", "state=\"EXPIRED\""));
    ended_destroy (&ended);
}

static void
test_what_is_told_at_once_is_one_message (void **state)
{
    (void)state;
    char texts[ENDING_ROOM + 1][8];
    const char *ids[ENDING_ROOM + 1];
    for (size_t i = 0; i < ENDING_ROOM + 1; i++) {
        snprintf (texts[i], sizeof texts[i], "r%zu", i);
        ids[i] = texts[i];
    }
    zsock_t *endings = wire_pull_new ("inproc://ended-test-many", 16384);
    ended_t *ended = ended_new (3, "inproc://ended-test-many");
    ended_waiter_t *last = ended_wait (ended, ids[ENDING_ROOM]);
    ended_tell (ended, ids, ENDING_ROOM + 1, "COMPLETED");
    s_expect (last, 0, ENDED_ROW);
    ending_t *ending = ending_recv (endings), *rest = ending_recv (endings);
    assert_int_equal (ending->count, ENDING_ROOM);
    assert_string_equal (ending->request_ids[ENDING_ROOM - 1], ids[ENDING_ROOM - 1]);
    assert_int_equal (rest->count, 1);
    assert_string_equal (rest->request_ids[0], ids[ENDING_ROOM]);
    assert_null (ending_recv (endings));
    ending_destroy (&ending);
    ending_destroy (&rest);
    ended_leave (&last);
    ended_destroy (&ended);
    wire_destroy (&endings);
}

static void
test_an_ending_survives_json_and_wants_ids (void **state)
{
    (void)state;
    strbuf_t json = STRBUF_EMPTY;
    json_fault_t fault = {0};
    ending_t *ending = ending_new ("EXPIRED");
    assert_true (ending_add (ending, "a \"b\""));
    assert_true (ending_add (ending, "c"));
    ending_to_json (ending, &json);
    assert_string_equal (
        json.data, "{\"status\":\"EXPIRED\",\"request_ids\":[\"a \\\"b\\\"\",\"c\"]}");
    ending_destroy (&ending);
    ending = ending_from_json (json.data, json.length, &fault);
    assert_int_equal (ending->count, 2);
    assert_string_equal (ending->request_ids[0], "a \"b\"");
    assert_string_equal (ending->request_ids[1], "c");
    assert_string_equal (ending->status, "EXPIRED");
    ending_destroy (&ending);
    const char *const bad[][2] = {{"", ""}, {"[]", ""}, {"{}", ""},
        {"{\"status\":\"EXPIRED\"}", "/request_ids"}, {"{\"request_ids\":[\"r\"]}", ""},
        {"{\"status\":\"EXPIRED\",\"request_ids\":\"r\"}", "/request_ids"},
        {"{\"status\":\"EXPIRED\",\"request_ids\":[\"r\",7]}", "/request_ids/1"},
        {"{\"status\":\"EXPIRED\",\"request_ids\":[\"\"]}", "/request_ids/0"},
        {"{\"status\":\"longer than any word\",\"request_ids\":[]}", "/status"}};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        fault = (json_fault_t){0};
        assert_null (ending_from_json (bad[i][0], strlen (bad[i][0]), &fault));
        assert_string_equal (fault.pointer, bad[i][1]);
        assert_true (fault.detail[0]);
    }
    strbuf_free (&json);
}

static void
test_recent_keeps_the_newest (void **state)
{
    (void)state;
    recent_t *recent = recent_new (5);
    char id[16];
    for (int i = 0; i < 1000; i++) {
        snprintf (id, sizeof id, "r%d", i % 7);
        result_t *result = s_result (id, i);
        recent_put (recent, &result);
        assert_null (result);
        assert_int_equal (recent_find (recent, id)->item_ids[0], i);
        snprintf (id, sizeof id, "r%d", (i + 2) % 7); /* five puts ago: gone */
        assert_null (recent_find (recent, id));
    }
    recent_destroy (&recent);
}

static void
test_recent_finds_the_newest_of_one_id (void **state)
{
    (void)state;
    recent_t *recent = recent_new (3);
    for (int i = 0; i < 7; i++) {
        result_t *result = s_result ("same", i);
        recent_put (recent, &result);
        assert_int_equal (recent_find (recent, "same")->item_ids[0], i);
    }
    recent_destroy (&recent);
}

static void
test_streams_are_limited_in_all_and_per_client (void **state)
{
    (void)state;
    streams_t *streams = streams_new (3, 2);
    address_t a, b;
    assert_true (address_parse ("192.0.2.1", 9, &a));
    assert_true (address_parse ("192.0.2.2", 9, &b));
    assert_int_equal (streams_enter (streams, &a), STREAMS_ENTERED);
    assert_int_equal (streams_enter (streams, &a), STREAMS_ENTERED);
    assert_int_equal (streams_enter (streams, &a), STREAMS_CLIENT_FULL);
    assert_int_equal (streams_enter (streams, &b), STREAMS_ENTERED);
    assert_int_equal (streams_enter (streams, &b), STREAMS_FULL);
    streams_leave (streams, &a);
    assert_int_equal (streams_enter (streams, &b), STREAMS_ENTERED);
    streams_leave (streams, &b);
    assert_int_equal (streams_enter (streams, &a), STREAMS_ENTERED);
    streams_destroy (&streams);
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_who_comes_late_gets_the_result_once),
        cmocka_unit_test (test_a_result_comes_before_the_end_and_others_wake_nobody),
        cmocka_unit_test (test_an_end_without_a_result_is_an_end),
        cmocka_unit_test (test_uuids_match_in_either_case),
        cmocka_unit_test (test_all_that_wait_have_their_turn),
        cmocka_unit_test (test_stopping_wakes_all_and_lets_nobody_in),
        cmocka_unit_test (test_what_is_told_is_published_what_is_heard_is_not),
        cmocka_unit_test (test_ends_are_counted_by_state_where_they_are_told),
        cmocka_unit_test (test_what_is_told_at_once_is_one_message),
        cmocka_unit_test (test_an_ending_survives_json_and_wants_ids),
        cmocka_unit_test (test_recent_keeps_the_newest),
        cmocka_unit_test (test_recent_finds_the_newest_of_one_id),
        cmocka_unit_test (test_streams_are_limited_in_all_and_per_client),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

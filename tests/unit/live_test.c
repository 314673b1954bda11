/* Tests of actors/live and actors/recent. SPDX-License-Identifier: Apache-2.0 */
#include "actors/live.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "actors/recent.h"
#include "base/clock.h"

#define LONG_MS 20000

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
s_publish (live_t *live, const char *request_id, int64_t item_id)
{
    result_t *result = s_result (request_id, item_id);
    live_publish_result (live, result);
    result_destroy (&result);
}

static void
test_a_late_stream_gets_its_result_once (void **state)
{
    (void)state;
    live_t *live = live_new (4, 4);
    strbuf_t text = STRBUF_EMPTY;
    s_publish (live, "r1", 7);
    live_stream_t *stream = live_open (live, "r1", 0);
    assert_int_equal (live_next (stream, 0, &text), 1);
    assert_non_null (strstr (text.data,
        "event: result\ndata: {\"request_id\":\"r1\",\"result\":{\"item_ids\":[7],"));
    assert_non_null (strstr (text.data, ",\"error\":null}\n\n"));
    assert_int_equal (live_next (stream, 0, &text), 0);
    live_close (&stream);
    assert_null (stream);
    live_destroy (&live);
    strbuf_free (&text);
}

static void
test_a_failed_result_says_why (void **state)
{
    (void)state;
    live_t *live = live_new (4, 4);
    strbuf_t text = STRBUF_EMPTY;
    result_t *result = result_new ();
    snprintf (result->request_id, sizeof result->request_id, "r");
    snprintf (result->error, sizeof result->error, "broken");
    result->status = RESULT_FAILED;
    live_publish_result (live, result);
    result_destroy (&result);
    live_stream_t *stream = live_open (live, "r", 0);
    live_next (stream, 0, &text);
    assert_non_null (strstr (
        text.data, "{\"request_id\":\"r\",\"result\":null,\"error\":\"broken\"}"));
    live_close (&stream);
    live_destroy (&live);
    strbuf_free (&text);
}

static void *
s_publish_r2 (void *live)
{
    s_publish (live, "other", 1);
    live_publish (live, "model", "{}");
    s_publish (live, "r2", 9);
    return NULL;
}

static void
test_an_early_stream_is_woken_by_its_result_only (void **state)
{
    (void)state;
    live_t *live = live_new (4, 4);
    strbuf_t text = STRBUF_EMPTY;
    live_stream_t *stream = live_open (live, "r2", 0);
    pthread_t publisher;
    pthread_create (&publisher, NULL, s_publish_r2, live);
    assert_int_equal (live_next (stream, LONG_MS, &text), 1);
    assert_non_null (strstr (text.data, "\"item_ids\":[9]"));
    assert_null (strstr (text.data, "model\n"));
    pthread_join (publisher, NULL);
    live_close (&stream);
    live_destroy (&live);
    strbuf_free (&text);
}

static void
test_waiting_for_a_result_finds_it_now_or_later (void **state)
{
    (void)state;
    live_t *live = live_new (4, 1);
    char *json = NULL;
    pthread_t publisher;
    pthread_create (&publisher, NULL, s_publish_r2, live);
    assert_true (live_wait_result (live, "r2", clock_monotonic_ms () + LONG_MS, &json));
    assert_non_null (strstr (json, "\"item_ids\":[9]"));
    free (json);
    pthread_join (publisher, NULL);
    assert_true (live_wait_result (live, "r2", 0, NULL));
    assert_false (live_wait_result (live, "r3", 0, &json));
    assert_null (json);
    live_destroy (&live);
}

static void
test_general_streams_get_events_in_order_and_replay (void **state)
{
    (void)state;
    live_t *live = live_new (4, 4);
    strbuf_t text = STRBUF_EMPTY;
    live_publish (live, "model", "{\"n\":0}");
    live_stream_t *stream = live_open (live, NULL, 0);
    assert_int_equal (live_next (stream, 0, &text), 0); /* from now on */
    live_publish (live, "model", "{\"n\":1}");
    live_publish (live, "stats", "{\"n\":2}");
    assert_int_equal (live_next (stream, 0, &text), 1);
    unsigned long long first = strtoull (text.data + strlen ("id: "), NULL, 10);
    char expected[200];
    snprintf (expected, sizeof expected,
        "id: %llu\nevent: model\ndata: {\"n\":1}\n\n"
        "id: %llu\nevent: stats\ndata: {\"n\":2}\n\n",
        first, first + 1);
    assert_string_equal (text.data, expected);
    live_close (&stream);
    strbuf_clear (&text);
    stream = live_open (live, NULL, first); /* Last-Event-ID */
    assert_int_equal (live_next (stream, 0, &text), 1);
    assert_non_null (strstr (text.data, "event: stats"));
    assert_null (strstr (text.data, "event: model"));
    live_close (&stream);
    live_destroy (&live);
    strbuf_free (&text);
}

static void
test_a_slow_reader_gets_what_is_still_kept (void **state)
{
    (void)state;
    live_t *live = live_new (3, 4);
    strbuf_t text = STRBUF_EMPTY;
    char json[32];
    live_stream_t *stream = live_open (live, NULL, 0);
    for (int i = 0; i < 10; i++) {
        snprintf (json, sizeof json, "{\"n\":%d}", i);
        live_publish (live, "stats", json);
    }
    assert_int_equal (live_next (stream, 0, &text), 1);
    assert_null (strstr (text.data, "{\"n\":6}"));
    assert_non_null (strstr (text.data, "{\"n\":7}"));
    assert_non_null (strstr (text.data, "{\"n\":9}"));
    live_close (&stream);
    live_destroy (&live);
    strbuf_free (&text);
}

static void
test_streams_are_limited (void **state)
{
    (void)state;
    live_t *live = live_new (3, 1);
    live_stream_t *stream = live_open (live, NULL, 0);
    assert_non_null (stream);
    assert_null (live_open (live, "r", 0));
    live_close (&stream);
    stream = live_open (live, "r", 0);
    assert_non_null (stream);
    live_close (&stream);
    live_destroy (&live);
}

static void *
s_next_long (void *stream)
{
    strbuf_t text = STRBUF_EMPTY;
    int rc = live_next (stream, LONG_MS, &text);
    strbuf_free (&text);
    return (void *)(intptr_t)rc;
}

static void
test_shutdown_ends_streams_and_waits (void **state)
{
    (void)state;
    live_t *live = live_new (3, 2);
    live_stream_t *stream = live_open (live, NULL, 0);
    pthread_t reader;
    void *rc;
    pthread_create (&reader, NULL, s_next_long, stream);
    live_shutdown (live);
    pthread_join (reader, &rc);
    assert_int_equal ((intptr_t)rc, -1);
    assert_false (live_wait_result (live, "r", clock_monotonic_ms () + LONG_MS, NULL));
    assert_null (live_open (live, NULL, 0));
    live_close (&stream);
    live_destroy (&live);
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

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_a_late_stream_gets_its_result_once),
        cmocka_unit_test (test_a_failed_result_says_why),
        cmocka_unit_test (test_an_early_stream_is_woken_by_its_result_only),
        cmocka_unit_test (test_waiting_for_a_result_finds_it_now_or_later),
        cmocka_unit_test (test_general_streams_get_events_in_order_and_replay),
        cmocka_unit_test (test_a_slow_reader_gets_what_is_still_kept),
        cmocka_unit_test (test_streams_are_limited),
        cmocka_unit_test (test_shutdown_ends_streams_and_waits),
        cmocka_unit_test (test_recent_keeps_the_newest),
        cmocka_unit_test (test_recent_finds_the_newest_of_one_id),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

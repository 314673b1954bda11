/* Tests of actors/live. SPDX-License-Identifier: Apache-2.0 */
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

#define LONG_MS 20000

static void
test_general_streams_get_events_in_order_and_replay (void **state)
{
    (void)state;
    live_t *live = live_new (4);
    strbuf_t text = STRBUF_EMPTY;
    live_publish (live, "model", "{\"n\":0}");
    live_stream_t *stream = live_open (live, 0);
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
    stream = live_open (live, first); /* Last-Event-ID */
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
    live_t *live = live_new (3);
    strbuf_t text = STRBUF_EMPTY;
    char json[32];
    live_stream_t *stream = live_open (live, 0);
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

/* Another process behind the same address gave it. */
static void
test_an_id_ahead_of_this_process_means_from_now_on (void **state)
{
    (void)state;
    live_t *live = live_new (4);
    strbuf_t text = STRBUF_EMPTY;
    live_stream_t *stream = live_open (live, UINT64_MAX / 2);
    live_publish (live, "model", "{\"n\":1}");
    assert_int_equal (live_next (stream, 0, &text), 1);
    assert_non_null (strstr (text.data, "{\"n\":1}"));
    live_close (&stream);
    live_destroy (&live);
    strbuf_free (&text);
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
test_shutdown_ends_streams (void **state)
{
    (void)state;
    live_t *live = live_new (3);
    live_stream_t *stream = live_open (live, 0);
    pthread_t reader;
    void *rc;
    pthread_create (&reader, NULL, s_next_long, stream);
    live_shutdown (live);
    pthread_join (reader, &rc);
    assert_int_equal ((intptr_t)rc, -1);
    assert_null (live_open (live, 0));
    live_close (&stream);
    live_destroy (&live);
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_general_streams_get_events_in_order_and_replay),
        cmocka_unit_test (test_a_slow_reader_gets_what_is_still_kept),
        cmocka_unit_test (test_an_id_ahead_of_this_process_means_from_now_on),
        cmocka_unit_test (test_shutdown_ends_streams),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

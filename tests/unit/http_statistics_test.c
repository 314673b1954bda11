/* The live event "stats". SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "actors/http/statistics.h"

/* What the stream got since the last time, "" for nothing; the caller frees. */
static char *
s_heard (live_stream_t *stream)
{
    strbuf_t text = STRBUF_EMPTY;
    live_next (stream, 0, &text);
    return strbuf_take (&text);
}

static void
test_changes_are_published_once_a_second_at_most (void **state)
{
    (void)state;
    live_t *live = live_new (8);
    live_stream_t *stream = live_open (live, 0);
    atomic_size_t backlog = 0;
    statistics_t statistics;
    metric_t *processed = metrics_counter ("worker_processed_total", "", "");
    statistics_init (&statistics, live, &backlog);

    statistics_publish (&statistics, 5000);
    char *text = s_heard (stream);
    assert_string_equal (text, ""); /* nothing changed */
    free (text);

    metric_add (processed, 30);
    atomic_store (&backlog, 4);
    statistics_publish (&statistics, 6000);
    text = s_heard (stream);
    assert_non_null (strstr (text, "event: stats\n"));
    assert_non_null (strstr (text, "\"processed_total\":30"));
    assert_non_null (strstr (text, "\"pending\":4}"));
    free (text);

    metric_add (processed, 20);
    statistics_publish (&statistics, 6400);
    text = s_heard (stream);
    assert_string_equal (text, "");
    free (text);
    statistics_publish (&statistics, 8000);
    text = s_heard (stream);
    assert_non_null (strstr (text, "\"processed_per_second\":10.0"));
    free (text);

    live_close (&stream);
    live_destroy (&live);
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_changes_are_published_once_a_second_at_most),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

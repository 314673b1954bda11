/* Tests of cli/files/timeline. SPDX-License-Identifier: Apache-2.0 */
#include "cli/files/timeline.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/strbuf.h"

static void
s_note (void *context, const char *user_id, int64_t item_id, const char *kind)
{
    strbuf_addf (context, "%s%lld%s ", user_id, (long long)item_id, kind);
}

static void
s_add (timeline_t *rows, const char *user_id, int64_t item_id, int64_t time_us,
    const char *event_id)
{
    reader_row_t row = {.item_id = item_id, .created_at_us = time_us};
    snprintf (row.user_id, sizeof row.user_id, "%s", user_id);
    snprintf (row.event_id, sizeof row.event_id, "%s", event_id);
    timeline_add (rows, &row);
}

static void
s_add_kind (timeline_t *rows, int64_t item_id, const char *kind)
{
    reader_row_t row = {.user_id = "a", .item_id = item_id, .created_at_us = 5};
    snprintf (row.kind, sizeof row.kind, "%s", kind);
    timeline_add (rows, &row);
}

static void
s_assert_each (timeline_t **rows_p, size_t count, const char *expected)
{
    strbuf_t got = STRBUF_EMPTY;
    assert_int_equal (timeline_each (*rows_p, s_note, &got), count);
    assert_string_equal (got.data, expected);
    strbuf_free (&got);
    timeline_destroy (rows_p);
}

static void
test_rows_come_oldest_first (void **state)
{
    (void)state;
    timeline_t *rows = timeline_new ();
    s_add (rows, "a", 3, 900, "");
    s_add (rows, "b", 9, 50, "");
    s_add (rows, "a", 2, 800, "");
    s_add (rows, "a", 7, 800, ""); /* one time: the order of the file */
    s_add (rows, "a", 1, 700, "");
    s_assert_each (&rows, 5, "b9 a1 a2 a7 a3 ");
}

static void
test_without_times_the_order_stays (void **state)
{
    (void)state;
    timeline_t *rows = timeline_new ();
    s_add (rows, "b", 2, READER_NO_TIME, "");
    s_add (rows, "a", 1, READER_NO_TIME, "");
    s_add (rows, "b", 2, READER_NO_TIME, ""); /* nothing says that it is the same */
    s_add (rows, "a", 5, 9, "");
    s_assert_each (&rows, 4, "a5 b2 a1 b2 ");
}

static void
test_an_event_counts_once (void **state)
{
    (void)state;
    static const char one[] = "0190b0a0-0000-7000-8000-000000000001";
    static const char two[] = "0190B0A0-0000-7000-8000-00000000000A";
    static const char two_again[] = "0190b0a0-0000-7000-8000-00000000000a";
    timeline_t *rows = timeline_new ();
    s_add (rows, "a", 1, 5, "");
    s_add (rows, "b", 1, 5, "");
    s_add (rows, "a", 1, 5, "");
    s_add (rows, "a", 2, 5, one);
    s_add (rows, "a", 3, 6, one);
    s_add (rows, "a", 2, 5, two);
    s_add (rows, "a", 2, 7, two_again);
    assert_int_equal (timeline_count (rows), 7);
    s_assert_each (&rows, 4, "a1 b1 a2 a2 ");
}

static void
test_of_one_time_each_kind_counts_once (void **state)
{
    (void)state;
    timeline_t *rows = timeline_new ();
    s_add_kind (rows, 1, "view");
    s_add_kind (rows, 1, "buy");
    s_add_kind (rows, 1, "view");
    s_add_kind (rows, 1, "");
    s_add_kind (rows, 2, "buy");
    s_add_kind (rows, 1, "buy");
    s_assert_each (&rows, 4, "a1view a1buy a1 a2buy ");
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_rows_come_oldest_first),
        cmocka_unit_test (test_without_times_the_order_stays),
        cmocka_unit_test (test_an_event_counts_once),
        cmocka_unit_test (test_of_one_time_each_kind_counts_once),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

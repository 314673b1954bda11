/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/sticky.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static void
test_nothing_is_chosen_before_the_number_is_known (void **state)
{
    (void)state;
    sticky_t sticky;
    sticky_init (&sticky, 1);
    assert_int_equal (sticky_partition (&sticky, 1000), -1);
}

static void
test_one_partition_for_a_while_then_another (void **state)
{
    (void)state;
    sticky_t sticky;
    sticky_init (&sticky, 1);
    sticky_set_count (&sticky, 12);
    int32_t before = sticky_partition (&sticky, 1000);
    for (int64_t now_ms = 1000; now_ms < 1000 + STICKY_MS; now_ms++)
        assert_int_equal (sticky_partition (&sticky, now_ms), before);
    assert_int_not_equal (sticky_partition (&sticky, 1000 + STICKY_MS), before);
}

static void
test_all_partitions_get_their_share (void **state)
{
    (void)state;
    sticky_t sticky;
    int hits[12] = {0};
    sticky_init (&sticky, 7);
    sticky_set_count (&sticky, 12);
    for (int64_t turn = 0; turn < 12000; turn++)
        hits[sticky_partition (&sticky, turn * STICKY_MS)]++;
    for (int i = 0; i < 12; i++)
        assert_in_range (hits[i], 850, 1150);
}

static void
test_a_partition_that_is_gone_is_left_at_once (void **state)
{
    (void)state;
    sticky_t sticky;
    sticky_init (&sticky, 1);
    sticky_set_count (&sticky, 12);
    while (sticky_partition (&sticky, 1000) == 0)
        sticky.until_ms = 0;
    sticky_set_count (&sticky, 1);
    assert_int_equal (sticky_partition (&sticky, 1000), 0);
    assert_int_equal (sticky_partition (&sticky, 5000), 0);
    sticky_set_count (&sticky, 0);
    assert_int_equal (sticky_partition (&sticky, 5000), -1);
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_nothing_is_chosen_before_the_number_is_known),
        cmocka_unit_test (test_one_partition_for_a_while_then_another),
        cmocka_unit_test (test_all_partitions_get_their_share),
        cmocka_unit_test (test_a_partition_that_is_gone_is_left_at_once),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

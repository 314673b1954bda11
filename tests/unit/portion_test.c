/* Tests of store/portion. SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
// clang-format off
#include <cmocka.h>
// clang-format on

#include "store/portion.h"

static void
test_a_write_that_took_too_long_is_halved_down_to_one (void **state)
{
    (void)state;
    portion_t portion = portion_make (1000, 2000);
    portion_note (&portion, 1000, 2000, false);
    assert_int_equal (portion.limit, 500);
    portion_note (&portion, 90, 3000, false); /* there were no more */
    assert_int_equal (portion.limit, 45);
    for (int i = 0; i < 10; i++)
        portion_note (&portion, portion.limit, 2000, false);
    assert_int_equal (portion.limit, 1);
}

static void
test_a_quick_failure_changes_nothing (void **state)
{
    (void)state;
    portion_t portion = portion_make (1000, 2000);
    portion_note (&portion, 1000, 1999, false); /* the server was restarted, say */
    assert_int_equal (portion.limit, 1000);
}

static void
test_only_a_full_and_quick_write_doubles (void **state)
{
    (void)state;
    portion_t portion = portion_make (1000, 2000);
    portion_note (&portion, 300, 2000, false);
    portion_note (&portion, 150, 1000, true);
    assert_int_equal (portion.limit, 150); /* not quick */
    portion_note (&portion, 149, 10, true);
    assert_int_equal (portion.limit, 150); /* not full */
    portion_note (&portion, 150, 499, true);
    assert_int_equal (portion.limit, 300);
}

static void
test_it_never_passes_the_most (void **state)
{
    (void)state;
    portion_t portion = portion_make (5, 2000);
    portion_note (&portion, 5, 2000, false);
    for (int i = 0; i < 5; i++)
        portion_note (&portion, portion.limit, 1, true);
    assert_int_equal (portion.limit, 5);
}

static void
test_without_a_time_out_nothing_takes_too_long (void **state)
{
    (void)state;
    portion_t portion = portion_make (100, 0);
    portion_note (&portion, 100, INT32_MAX, false);
    assert_int_equal (portion.limit, 100);
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_a_write_that_took_too_long_is_halved_down_to_one),
        cmocka_unit_test (test_a_quick_failure_changes_nothing),
        cmocka_unit_test (test_only_a_full_and_quick_write_doubles),
        cmocka_unit_test (test_it_never_passes_the_most),
        cmocka_unit_test (test_without_a_time_out_nothing_takes_too_long),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

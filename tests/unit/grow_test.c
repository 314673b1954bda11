/* Tests of base/grow. SPDX-License-Identifier: Apache-2.0 */
#include "base/grow.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static void
test_keeps_what_is_there (void **state)
{
    (void)state;
    int *array = NULL;
    size_t capacity = 0, moves = 0, before = 0;
    for (int i = 0; i < 100000; i++) {
        array = grow (array, &capacity, (size_t)i + 1, sizeof *array);
        array[i] = i;
        moves += capacity != before;
        before = capacity;
    }
    for (int i = 0; i < 100000; i++)
        assert_int_equal (array[i], i);
    assert_true (capacity >= 100000 && moves < 20); /* by doubling */
    free (array);
}

static void
test_room_that_is_enough_stays (void **state)
{
    (void)state;
    size_t capacity = 0;
    char *array = grow (NULL, &capacity, 1000, 1);
    size_t had = capacity;
    assert_true (had >= 1000);
    assert_ptr_equal (grow (array, &capacity, had, 1), array);
    assert_int_equal (capacity, had);
    free (array);
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_keeps_what_is_there),
        cmocka_unit_test (test_room_that_is_enough_stays),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

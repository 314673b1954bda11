/* Tests of actors/http/once: what is in work. SPDX-License-Identifier: Apache-2.0 */
#include "actors/http/once.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <cmocka.h>

#define MANY 2000

static void
test_one_of_an_id_is_in_work (void **state)
{
    (void)state;
    once_set_t *set = once_set_new ();
    static once_t onces[MANY], again[MANY];
    for (size_t i = 0; i < MANY; i++) {
        snprintf (onces[i].id, sizeof onces[i].id, "00000000-0000-8000-8000-%012zu", i);
        again[i] = onces[i];
    }
    for (size_t i = 0; i < MANY; i++)
        assert_true (once_set_enter (set, &onces[i]));
    for (size_t i = 0; i < MANY; i++)
        assert_false (once_set_enter (set, &again[i]));
    for (size_t i = 0; i < MANY; i += 2)
        once_set_leave (set, &onces[i]);
    for (size_t i = 0; i < MANY; i++)
        assert_int_equal (once_set_enter (set, &again[i]), i % 2 == 0);
    once_set_destroy (&set);
    assert_null (set);
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_one_of_an_id_is_in_work),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

/* Tests of base/clock. SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <time.h>

static void
test_monotonic_never_goes_back (void **state)
{
    (void)state;
    int64_t last_us = clock_monotonic_us ();
    for (int i = 0; i < 10000; i++) {
        int64_t now_us = clock_monotonic_us ();
        assert_true (now_us >= last_us);
        last_us = now_us;
    }
}

static void
test_milliseconds_and_microseconds_share_a_start (void **state)
{
    (void)state;
    int64_t before_us = clock_monotonic_us ();
    int64_t ms = clock_monotonic_ms ();
    int64_t after_us = clock_monotonic_us ();
    assert_true (before_us / 1000 <= ms && ms <= after_us / 1000);
}

static void
test_unix_is_the_wall_clock (void **state)
{
    (void)state;
    int64_t before_ms = clock_unix_ms ();
    struct timespec now;
    clock_gettime (CLOCK_REALTIME, &now);
    int64_t between_ms = (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
    assert_true (before_ms <= between_ms && between_ms <= clock_unix_ms ());
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_monotonic_never_goes_back),
        cmocka_unit_test (test_milliseconds_and_microseconds_share_a_start),
        cmocka_unit_test (test_unix_is_the_wall_clock),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"

#include <assert.h>
#include <time.h>

static struct timespec
s_now (clockid_t clock)
{
    struct timespec now;
    int rc = clock_gettime (clock, &now);
    assert (rc == 0);
    (void)rc;
    return now;
}

int64_t
clock_monotonic_ms (void)
{
    return clock_monotonic_us () / 1000;
}

int64_t
clock_monotonic_us (void)
{
    struct timespec now = s_now (CLOCK_MONOTONIC);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int64_t
clock_unix_ms (void)
{
    struct timespec now = s_now (CLOCK_REALTIME);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t
clock_unix_us (void)
{
    struct timespec now = s_now (CLOCK_REALTIME);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int64_t
clock_unix_us_of (int64_t monotonic_us)
{
    return clock_unix_us () - (clock_monotonic_us () - monotonic_us);
}

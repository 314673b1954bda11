/* Signals of a process of actors. SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include "actors/signals.h"

static signals_t s_signals;

/* As a library's threads are that it started as it was loaded: nothing is blocked. */
static void *
s_stray (void *context)
{
    int *fds = context;
    char byte;
    ssize_t size = read (fds[0], &byte, 1);
    assert_int_equal (size, 0);
    return NULL;
}

static void
s_test_a_thread_that_was_there_before_passes_a_stop_on (void **state)
{
    static const int stops[] = {SIGTERM, SIGINT};
    pthread_t stray;
    int fds[2];
    (void)state;
    assert_int_equal (pipe (fds), 0);
    assert_int_equal (pthread_create (&stray, NULL, s_stray, fds), 0);
    signals_block (&s_signals);
    for (size_t i = 0; i < sizeof stops / sizeof stops[0]; i++) {
        pthread_kill (stray, stops[i]);
        assert_int_equal (signals_wait (&s_signals), stops[i]);
    }
    close (fds[1]);
    pthread_join (stray, NULL);
    close (fds[0]);
}

static void
s_test_a_stop_waits_until_it_is_waited_for (void **state)
{
    (void)state;
    kill (getpid (), SIGTERM);
    assert_int_equal (signals_wait (&s_signals), SIGTERM);
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (s_test_a_thread_that_was_there_before_passes_a_stop_on),
        cmocka_unit_test (s_test_a_stop_waits_until_it_is_waited_for),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

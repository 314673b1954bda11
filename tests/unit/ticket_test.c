/* Tests of base/actor/ticket. SPDX-License-Identifier: Apache-2.0 */
#include "base/actor/ticket.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/clock.h"

#define LONG_MS 20000

static int64_t
s_in (int64_t ms)
{
    return clock_monotonic_ms () + ms;
}

static void
test_an_answer_before_the_wait_is_kept (void **state)
{
    (void)state;
    ticket_t *ticket = ticket_new ();
    int *answer = malloc (sizeof *answer);
    *answer = 42;
    ticket_answer_with (ticket, answer, free);
    assert_int_equal (ticket_wait (ticket, s_in (LONG_MS), 0), TICKET_DONE);
    assert_ptr_equal (ticket_take (ticket), answer);
    assert_null (ticket_take (ticket));
    free (answer);
    ticket_release (&ticket);
    assert_null (ticket);
}

static void
test_the_first_answer_counts (void **state)
{
    (void)state;
    ticket_t *ticket = ticket_new ();
    ticket_answer (ticket, TICKET_FULL, "why");
    ticket_answer_with (ticket, malloc (1), free); /* the leak checker is the judge */
    ticket_answer (ticket, TICKET_FAILED, "late");
    assert_int_equal (ticket_wait (ticket, s_in (LONG_MS), 0), TICKET_FULL);
    assert_string_equal (ticket_reason (ticket), "why");
    assert_null (ticket_take (ticket));
    ticket_release (&ticket);
}

static void
test_who_gave_up_cannot_be_claimed (void **state)
{
    (void)state;
    ticket_t *ticket = ticket_new ();
    assert_int_equal (ticket_wait (ticket, s_in (0), LONG_MS), TICKET_TIMEOUT);
    assert_false (ticket_claim (ticket));
    ticket_answer_with (ticket, malloc (1), free);
    assert_null (ticket_take (ticket));
    ticket_release (&ticket);
}

static void *
s_wait_long (void *ticket)
{
    return (void *)(intptr_t)ticket_wait (ticket, s_in (0), LONG_MS);
}

static void
test_a_claimed_ticket_is_waited_for_through_its_grace (void **state)
{
    (void)state;
    ticket_t *ticket = ticket_new ();
    assert_true (ticket_claim (ticket));
    pthread_t waiter;
    void *status;
    pthread_create (&waiter, NULL, s_wait_long, ticket);
    ticket_answer (ticket, TICKET_FAILED, "x");
    pthread_join (waiter, &status);
    assert_int_equal ((intptr_t)status, TICKET_FAILED);
    ticket_release (&ticket);
}

static void
test_the_last_reference_frees_an_unfetched_result (void **state)
{
    (void)state;
    ticket_t *waiter = ticket_new ();
    ticket_t *carrier = ticket_retain (waiter);
    assert_ptr_equal (waiter, carrier);
    ticket_release (&waiter);
    ticket_answer_with (carrier, malloc (1), free);
    ticket_release (&carrier); /* the leak checker is the judge */
}

static void *
s_answer_soon (void *ticket)
{
    ticket_t *carrier = ticket;
    ticket_claim (carrier);
    ticket_answer (carrier, TICKET_DONE, NULL);
    ticket_release (&carrier);
    return NULL;
}

static void
test_waiter_and_actor_may_end_in_any_order (void **state)
{
    (void)state;
    for (int i = 0; i < 300; i++) {
        ticket_t *ticket = ticket_new ();
        pthread_t actor;
        pthread_create (&actor, NULL, s_answer_soon, ticket_retain (ticket));
        ticket_status_t status = ticket_wait (ticket, s_in (i % 2), LONG_MS);
        assert_true (status == TICKET_DONE || status == TICKET_TIMEOUT);
        ticket_release (&ticket);
        pthread_join (actor, NULL);
    }
}

static void *
s_wait_unclaimed (void *ticket)
{
    return (void *)(intptr_t)ticket_wait (ticket, s_in (LONG_MS), 0);
}

/* Last: from then on the process counts as stopping. */
static void
test_stopping_ends_every_wait (void **state)
{
    (void)state;
    pthread_t waiters[8];
    ticket_t *tickets[8];
    for (int i = 0; i < 8; i++) {
        tickets[i] = ticket_new ();
        pthread_create (&waiters[i], NULL, s_wait_unclaimed, tickets[i]);
    }
    ticket_wake_all ();
    for (int i = 0; i < 8; i++) {
        void *status;
        pthread_join (waiters[i], &status);
        assert_int_equal ((intptr_t)status, TICKET_UNAVAILABLE);
        assert_false (ticket_claim (tickets[i]));
        ticket_release (&tickets[i]);
    }
    ticket_t *claimed = ticket_new ();
    ticket_claim (claimed);
    ticket_answer (claimed, TICKET_DONE, NULL);
    assert_int_equal (ticket_wait (claimed, s_in (LONG_MS), 0), TICKET_DONE);
    ticket_release (&claimed);
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_an_answer_before_the_wait_is_kept),
        cmocka_unit_test (test_the_first_answer_counts),
        cmocka_unit_test (test_who_gave_up_cannot_be_claimed),
        cmocka_unit_test (test_a_claimed_ticket_is_waited_for_through_its_grace),
        cmocka_unit_test (test_the_last_reference_frees_an_unfetched_result),
        cmocka_unit_test (test_waiter_and_actor_may_end_in_any_order),
        cmocka_unit_test (test_stopping_ends_every_wait),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

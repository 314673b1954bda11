/* The arithmetic of a time limit. SPDX-License-Identifier: Apache-2.0 */
#include "model/train/budget.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void
assert_close (double value, double expected)
{
    assert_true (fabs (value - expected) < 1e-9);
}

/* 100 s; all that could be ranked would take 100 s and more. */
static budget_t
s_budget (void)
{
    return (budget_t){.limit_s = 100,
        .valid_user_s = 0.001,
        .test_user_s = 0.002,
        .file = {0.25, 0.002, 0.25, 0.5e-6},
        .valid_users = 10000,
        .test_users = 50000,
        .sample_users = 1000,
        .bytes = 1000000};
}

static void
the_plan_ranks_what_a_part_of_the_limit_allows (void **state)
{
    (void)state;
    budget_t budget = s_budget ();
    budget_plan (&budget);
    assert_int_equal (budget.valid_users, 3000);
    assert_int_equal (budget.test_users, 3000);
    assert_int_equal (budget.sample_users, 500);
    /* 1 for safety, 3 for the validation, 6 for the test, 1 for the sample, and 1 for model
     * and file. */
    assert_close (budget_reserve_s (&budget), 1 + 3 + 6 + 1 + 1);
}

static void
the_plan_ranks_all_who_take_less (void **state)
{
    (void)state;
    budget_t budget = s_budget ();
    budget.valid_user_s = budget.test_user_s = budget.file.sample_user_s = 1e-6;
    budget_plan (&budget);
    assert_int_equal (budget.valid_users, 10000);
    assert_int_equal (budget.test_users, 50000);
    assert_int_equal (budget.sample_users, 1000);
}

static void
a_short_limit_still_ranks_some (void **state)
{
    (void)state;
    budget_t budget = s_budget ();
    budget.limit_s = 0.1;
    budget_plan (&budget);
    assert_int_equal (budget.valid_users, 100);
    assert_int_equal (budget.test_users, 100);
}

static void
without_a_limit_nothing_is_ever_used_up (void **state)
{
    (void)state;
    budget_t budget = s_budget ();
    budget.limit_s = 0;
    budget_plan (&budget);
    assert_int_equal (budget.test_users, 50000);
    budget_add_step (&budget, 1000);
    assert_false (budget_is_used_up (&budget, 1e6, false));
    assert_true (budget_used (&budget, 1e6) <= 0);
    assert_true (isinf (budget_left_s (&budget, 1e6)));
}

static void
what_steps_may_use_is_the_limit_without_the_reserve (void **state)
{
    (void)state;
    budget_t budget = s_budget ();
    budget_plan (&budget);
    assert_close (budget_used (&budget, 44), 0.5);
    assert_false (budget_is_used_up (&budget, 87.9, false));
    assert_true (budget_is_used_up (&budget, 88.1, false));
}

/* A step of 4 s is made when it ends nearer to the limit than what is there. */
static void
a_long_step_is_not_begun_late (void **state)
{
    (void)state;
    budget_t budget = s_budget ();
    budget_plan (&budget);
    budget_add_step (&budget, 4);
    assert_close (budget.step_s, 4);
    assert_false (budget_is_used_up (&budget, 85.9, false));
    assert_true (budget_is_used_up (&budget, 86.1, false));
}

/* Without a step the 3 s of its validation are not needed either. */
static void
a_validated_run_counts_the_validation_a_step_asks_for (void **state)
{
    (void)state;
    budget_t budget = s_budget ();
    budget_plan (&budget);
    assert_false (budget_is_used_up (&budget, 89.4, true));
    assert_true (budget_is_used_up (&budget, 89.6, true));
}

static void
steps_are_known_by_the_latest_ones (void **state)
{
    (void)state;
    budget_t budget = s_budget ();
    budget_add_step (&budget, 4);
    budget_add_step (&budget, 2);
    assert_true (budget.step_s > 2 && budget.step_s < 4);
    for (int i = 0; i < 100; i++)
        budget_add_step (&budget, 1);
    assert_close (budget.step_s, 1);
}

/* The trial took half of what a validation takes: then so it did for the others. */
static void
a_validation_corrects_what_the_trial_measured (void **state)
{
    (void)state;
    budget_t budget = s_budget ();
    budget_plan (&budget);
    budget_add_validation (&budget, 3000, 6);
    assert_close (budget.valid_user_s, 0.002);
    assert_close (budget.test_user_s, 0.004);
    assert_close (budget.file.sample_user_s, 0.004);
    assert_close (budget_reserve_s (&budget), 1 + 6 + 12 + 2 + 1);
}

/* 12 s of test and 2 s of sample, and 8 s left behind file and safety. */
static void
what_turns_out_slower_is_ranked_on_fewer (void **state)
{
    (void)state;
    budget_t budget = s_budget ();
    budget_plan (&budget);
    budget_add_validation (&budget, 3000, 6);
    double left_s = budget_left_s (&budget, 90);
    assert_close (left_s, 8);
    assert_int_equal (budget_trim (&budget, left_s), 2);
    assert_int_equal (budget.test_users, 1500);
    assert_int_equal (budget.sample_users, 250);
    assert_true (
        90 + 2 + budget.test_user_s * 1500 + budget.file.sample_user_s * 250 <= 100);
}

static void
what_has_room_is_left_as_planned (void **state)
{
    (void)state;
    budget_t budget = s_budget ();
    budget_plan (&budget);
    assert_int_equal (budget_trim (&budget, 7.1), 1);
    assert_int_equal (budget.test_users, 3000);
    assert_int_equal (budget_trim (&budget, INFINITY), 1);
}

static void
a_hundred_users_are_ranked_in_any_case (void **state)
{
    (void)state;
    budget_t budget = s_budget ();
    budget_plan (&budget);
    assert_int_equal (budget_left_s (&budget, 200), 0);
    assert_int_equal (budget_trim (&budget, 0), 30);
    assert_int_equal (budget.test_users, 100);
    assert_int_equal (budget_trim (&budget, 0), 1);
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (the_plan_ranks_what_a_part_of_the_limit_allows),
        cmocka_unit_test (the_plan_ranks_all_who_take_less),
        cmocka_unit_test (a_short_limit_still_ranks_some),
        cmocka_unit_test (without_a_limit_nothing_is_ever_used_up),
        cmocka_unit_test (what_steps_may_use_is_the_limit_without_the_reserve),
        cmocka_unit_test (a_long_step_is_not_begun_late),
        cmocka_unit_test (a_validated_run_counts_the_validation_a_step_asks_for),
        cmocka_unit_test (steps_are_known_by_the_latest_ones),
        cmocka_unit_test (a_validation_corrects_what_the_trial_measured),
        cmocka_unit_test (what_turns_out_slower_is_ranked_on_fewer),
        cmocka_unit_test (what_has_room_is_left_as_planned),
        cmocka_unit_test (a_hundred_users_are_ranked_in_any_case),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

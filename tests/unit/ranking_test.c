/* Metrics against the formulas. SPDX-License-Identifier: Apache-2.0 */
#include "model/eval/ranking.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void
assert_close (double value, double expected, double tolerance)
{
    assert_true (fabs (value - expected) <= tolerance);
}

static void
metrics_follow_the_formulas (void **state)
{
    (void)state;
    ranking_sum_t sum = {0};
    ranking_add (&sum, 0);
    ranking_add (&sum, 2);
    ranking_add (&sum, 10);
    ranking_t mean = ranking_mean (&sum);
    assert_int_equal (mean.users, 3);
    assert_close (mean.ndcg10, (1 + 0.5) / 3, 1e-12);
    assert_close (mean.hr10, 2.0 / 3, 1e-12);
    assert_close (mean.mrr, (1 + 1.0 / 3 + 1.0 / 11) / 3, 1e-12);
    /* gains 1, 0.5, 0: deviation 0.5, by sqrt (3) */
    assert_close (mean.ndcg10_error, 0.5 / sqrt (3), 1e-12);
}

static void
no_users_give_zeros (void **state)
{
    (void)state;
    ranking_sum_t sum = {0};
    ranking_t mean = ranking_mean (&sum);
    assert_int_equal (mean.users, 0);
    assert_close (mean.ndcg10, 0, 0);
}

static void
a_tie_and_a_nan_count_against_the_target (void **state)
{
    (void)state;
    const float scores[] = {3, 1, 2, 2, NAN, 0};
    assert_int_equal (ranking_rank (scores, 6, 0, NULL, 0), 1);
    assert_int_equal (ranking_rank (scores, 6, 2, NULL, 0), 3);
    assert_int_equal (ranking_rank (scores, 6, 4, NULL, 0), 5);
}

static void
excluded_items_do_not_count (void **state)
{
    (void)state;
    const float scores[] = {3, 1, 2, 2, 5, 0};
    const int32_t excluded[] = {0, 1, 3, 3, 5};
    assert_int_equal (ranking_rank (scores, 6, 2, excluded, 5), 1);
}

static void
an_excluded_target_is_still_ranked (void **state)
{
    (void)state;
    const float scores[] = {3, 1, 2};
    const int32_t excluded[] = {0, 2};
    assert_int_equal (ranking_rank (scores, 3, 2, excluded, 2), 0);
}

static void
an_unreachable_target_is_missed (void **state)
{
    (void)state;
    ranking_sum_t sum = {0};
    ranking_add (&sum, 0);
    ranking_add (&sum, RANKING_UNREACHABLE);
    ranking_t mean = ranking_mean (&sum);
    assert_int_equal (mean.users, 2);
    assert_int_equal (mean.unreachable, 1);
    assert_close (mean.hr10, 0.5, 1e-12);
    assert_close (mean.mrr, 0.5, 1e-12);
}

static void
pairs_of_ranks_are_compared_by_user (void **state)
{
    (void)state;
    const size_t better[] = {0, 0, 20, RANKING_UNREACHABLE};
    const size_t worse[] = {2, 0, 20, 3};
    ranking_pair_t pair = ranking_compare (better, worse, 4);
    double lost = 1 / log2 (5), mean = (0.5 - lost) / 4;
    double squares = 0.25 + lost * lost;
    assert_int_equal (pair.users, 4);
    assert_close (pair.gain, mean, 1e-12);
    assert_close (pair.error, sqrt ((squares - 4 * mean * mean) / 3 / 4), 1e-12);
    pair = ranking_compare (better, better, 4);
    assert_close (pair.gain, 0, 0);
    assert_close (pair.error, 0, 0);
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (metrics_follow_the_formulas),
        cmocka_unit_test (no_users_give_zeros),
        cmocka_unit_test (a_tie_and_a_nan_count_against_the_target),
        cmocka_unit_test (excluded_items_do_not_count),
        cmocka_unit_test (an_excluded_target_is_still_ranked),
        cmocka_unit_test (an_unreachable_target_is_missed),
        cmocka_unit_test (pairs_of_ranks_are_compared_by_user),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

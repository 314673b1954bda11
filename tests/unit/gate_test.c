/* When a model goes live. SPDX-License-Identifier: Apache-2.0 */
#include "model/train/gate.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static ranking_t
s_ranking (double ndcg10)
{
    return (ranking_t){.users = 100, .ndcg10 = ndcg10};
}

/* Of a model with this NDCG@10, which gains so much over it. */
static gate_rival_t
s_rival (const char *name, double ndcg10, double gain)
{
    return (gate_rival_t){name, s_ranking (ndcg10 - gain), {100, gain, 0.01}};
}

/* The verdict on a model with this NDCG@10, over floors of 0.1 and 0.2, beside one in use
 * over which it gains so much (error 0.01); NAN: no other one. */
static gate_verdict_t
s_judge (options_publish_t rule, double ndcg10, double gain)
{
    ranking_t test = s_ranking (ndcg10);
    gate_case_t facts = {.test = &test,
        .popularity = s_rival ("popularity", ndcg10, ndcg10 - 0.1),
        .markov = s_rival ("a Markov chain", ndcg10, ndcg10 - 0.2)};
    if (!isnan (gain))
        facts.in_use = s_rival ("old", ndcg10, gain);
    return gate_judge (rule, &facts);
}

static void
the_first_model_has_to_beat_the_floors (void **state)
{
    (void)state;
    assert_true (s_judge (PUBLISH_BETTER, 0.21, NAN).publish);
    gate_verdict_t verdict = s_judge (PUBLISH_BETTER, 0.19, NAN);
    assert_false (verdict.publish);
    assert_non_null (strstr (verdict.reason, "Markov"));
    assert_false (s_judge (PUBLISH_BETTER, NAN, NAN).publish);
}

static void
popularity_is_a_floor_too (void **state)
{
    (void)state;
    ranking_t test = s_ranking (0.15);
    gate_case_t facts = {.test = &test,
        .popularity = s_rival ("popularity", 0.15, -0.05),
        .markov = s_rival ("a Markov chain", 0.15, 0.05)};
    gate_verdict_t verdict = gate_judge (PUBLISH_BETTER, &facts);
    assert_false (verdict.publish);
    assert_non_null (strstr (verdict.reason, "popularity"));
}

static void
a_model_that_hits_nothing_beats_nothing (void **state)
{
    (void)state;
    ranking_t test = s_ranking (0);
    gate_case_t facts = {.test = &test,
        .popularity = s_rival ("popularity", 0, 0),
        .markov = s_rival ("a Markov chain", 0, 0)};
    assert_false (gate_judge (PUBLISH_BETTER, &facts).publish);
}

static void
only_a_significant_loss_keeps_the_old_one (void **state)
{
    (void)state;
    assert_true (s_judge (PUBLISH_BETTER, 0.3, 0.05).publish);
    assert_true (s_judge (PUBLISH_BETTER, 0.3, 0).publish);
    assert_true (s_judge (PUBLISH_BETTER, 0.3, -0.019).publish);
    gate_verdict_t verdict = s_judge (PUBLISH_BETTER, 0.3, -0.021);
    assert_false (verdict.publish);
    assert_non_null (strstr (verdict.reason, "old"));
    assert_non_null (strstr (verdict.reason, "-0.0210"));
}

/* Ranked on some users only: beside floors and a model in use over which it gains so much
 * (error 0.01). */
static gate_verdict_t
s_judge_part (double over_popularity, double over_markov, double over_in_use)
{
    ranking_t test = s_ranking (0.3);
    gate_case_t facts = {.test = &test,
        .popularity = s_rival ("popularity", 0.3, over_popularity),
        .markov = s_rival ("a Markov chain", 0.3, over_markov),
        .in_use = s_rival ("old", 0.3, over_in_use),
        .part = true};
    return gate_judge (PUBLISH_BETTER, &facts);
}

static void
what_a_part_of_the_test_does_not_show_is_not_believed (void **state)
{
    (void)state;
    assert_true (s_judge_part (0.1, 0.1, 0.02).publish);
    assert_true (s_judge_part (0.02, 0.02, 0.02).publish);
    assert_false (s_judge_part (0.019, 0.1, 0.1).publish);
    assert_false (s_judge_part (0.1, 0.019, 0.1).publish);
    gate_verdict_t verdict = s_judge_part (0.1, 0.1, 0.019);
    assert_false (verdict.publish);
    assert_non_null (strstr (verdict.reason, "better than old"));
    assert_non_null (strstr (verdict.reason, "100 users"));
}

static void
people_have_the_last_word (void **state)
{
    (void)state;
    assert_true (s_judge (PUBLISH_ALWAYS, 0.01, -0.2).publish);
    assert_false (s_judge (PUBLISH_NEVER, 0.9, 0.5).publish);
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (the_first_model_has_to_beat_the_floors),
        cmocka_unit_test (popularity_is_a_floor_too),
        cmocka_unit_test (a_model_that_hits_nothing_beats_nothing),
        cmocka_unit_test (only_a_significant_loss_keeps_the_old_one),
        cmocka_unit_test (what_a_part_of_the_test_does_not_show_is_not_believed),
        cmocka_unit_test (people_have_the_last_word),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

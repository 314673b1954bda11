/* The gate before `current`. SPDX-License-Identifier: Apache-2.0 */
#include "model/train/gate.h"

#include <stdio.h>

/* Standard errors: worse by more than that is no chance (one in forty). */
#define SIGNIFICANT 1.96

/* Not "below": a NaN does not pass. */
static bool
s_beats (const ranking_t *test, const gate_rival_t *floor)
{
    return test->ndcg10 >= floor->ranking.ndcg10;
}

static gate_verdict_t
s_below (const ranking_t *test, const gate_rival_t *floor)
{
    gate_verdict_t verdict = {.publish = false};
    snprintf (verdict.reason, sizeof verdict.reason,
        "its NDCG@10 of %.4f does not reach the %.4f of %s", test->ndcg10,
        floor->ranking.ndcg10, floor->name);
    return verdict;
}

static gate_verdict_t
s_against (const ranking_t *test, const gate_rival_t *in_use)
{
    const ranking_pair_t *pair = &in_use->pair;
    bool worse = !(pair->gain >= -SIGNIFICANT * pair->error);
    gate_verdict_t verdict = {.publish = !worse};
    snprintf (verdict.reason, sizeof verdict.reason,
        "on the same %zu users it has NDCG@10 %.4f and %.64s, the model in use, %.4f: "
        "%+.4f, standard error %.4f",
        pair->users, test->ndcg10, in_use->name, in_use->ranking.ndcg10, pair->gain,
        pair->error);
    return verdict;
}

static bool
s_shown_better (const gate_rival_t *rival)
{
    return !rival->name || rival->pair.gain - SIGNIFICANT * rival->pair.error >= 0;
}

static gate_verdict_t
s_not_shown (const ranking_t *test, const gate_rival_t *rival)
{
    gate_verdict_t verdict = {.publish = false};
    snprintf (verdict.reason, sizeof verdict.reason,
        "the %zu users that there was time to test it on do not show that it is better "
        "than %.64s: NDCG@10 %.4f and %.4f, standard error of the difference %.4f",
        test->users, rival->name, test->ndcg10, rival->ranking.ndcg10,
        rival->pair.error);
    return verdict;
}

static gate_verdict_t
s_judge (const gate_case_t *facts)
{
    const gate_rival_t *floors[] = {&facts->markov, &facts->popularity};
    if (!(facts->test->ndcg10 > 0))
        return (gate_verdict_t){false, "it reaches no target of the test (NDCG@10 0)"};
    for (size_t i = 0; i < 2; i++)
        if (!s_beats (facts->test, floors[i]))
            return s_below (facts->test, floors[i]);
    for (size_t i = 0; i < 2 && facts->part; i++)
        if (!s_shown_better (floors[i]))
            return s_not_shown (facts->test, floors[i]);
    if (facts->part && !s_shown_better (&facts->in_use))
        return s_not_shown (facts->test, &facts->in_use);
    if (facts->in_use.name)
        return s_against (facts->test, &facts->in_use);
    return (gate_verdict_t){true, "it beats the floors, and no other model is in use"};
}

gate_verdict_t
gate_judge (options_publish_t rule, const gate_case_t *facts)
{
    if (rule == PUBLISH_ALWAYS)
        return (gate_verdict_t){true, "--publish always was given"};
    if (rule == PUBLISH_NEVER)
        return (gate_verdict_t){false, "--publish never was given"};
    return s_judge (facts);
}

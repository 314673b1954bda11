/* The gate before `current`. SPDX-License-Identifier: Apache-2.0 */
#include "model/train/gate.h"

#include <stdio.h>

/* Standard errors: worse by more than that is no chance (one in forty). */
#define SIGNIFICANT 1.96

/* Not "below": a NaN does not pass. */
static bool
s_beats (const ranking_t *test, const ranking_t *floor)
{
    return test->ndcg10 >= floor->ndcg10;
}

static gate_verdict_t
s_below (const ranking_t *test, const char *name, const ranking_t *floor)
{
    gate_verdict_t verdict = {.publish = false};
    snprintf (verdict.reason, sizeof verdict.reason,
        "its NDCG@10 of %.4f does not reach the %.4f of %s", test->ndcg10,
        floor->ndcg10, name);
    return verdict;
}

static gate_verdict_t
s_against (const gate_case_t *facts)
{
    const ranking_pair_t *pair = facts->pair;
    bool worse = !(pair->gain >= -SIGNIFICANT * pair->error);
    gate_verdict_t verdict = {.publish = !worse};
    snprintf (verdict.reason, sizeof verdict.reason,
        "on the same %zu users it has NDCG@10 %.4f and %.64s, the model in use, %.4f: "
        "%+.4f, standard error %.4f",
        pair->users, facts->test->ndcg10, facts->version, facts->in_use->ndcg10,
        pair->gain, pair->error);
    return verdict;
}

gate_verdict_t
gate_judge (options_publish_t rule, const gate_case_t *facts)
{
    if (rule == PUBLISH_ALWAYS)
        return (gate_verdict_t){true, "--publish always was given"};
    if (rule == PUBLISH_NEVER)
        return (gate_verdict_t){false, "--publish never was given"};
    if (!(facts->test->ndcg10 > 0))
        return (gate_verdict_t){false, "it reaches no target of the test (NDCG@10 0)"};
    if (!s_beats (facts->test, &facts->floors->markov))
        return s_below (facts->test, "a Markov chain", &facts->floors->markov);
    if (!s_beats (facts->test, &facts->floors->popularity))
        return s_below (facts->test, "popularity", &facts->floors->popularity);
    if (facts->version)
        return s_against (facts);
    return (gate_verdict_t){true, "it beats the floors, and no other model is in use"};
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "model/train/rivals.h"

#include <assert.h>

void
rivals_follow (
    rivals_t *self, const dataset_t *data, team_t *team, const evaluator_task_t *task)
{
    evaluator_task_t full = *task;
    full.sampled = false;
    if (self->folder)
        incumbent_measure (&self->incumbent, self->folder, data, team, &full);
}

void
rivals_measure (
    rivals_t *self, const dataset_t *data, team_t *team, const evaluator_task_t *task)
{
    floors_ranks_free (&self->ranks);
    floors_measure (data, task, &self->floors, &self->ranks);
    rivals_follow (self, data, team, task);
}

void
rivals_thin (rivals_t *self, size_t step)
{
    floors_ranks_t *ranks = &self->ranks;
    incumbent_t *incumbent = &self->incumbent;
    ranking_thin (ranks->popularity, ranks->count, step);
    ranks->count = ranking_thin (ranks->markov, ranks->count, step);
    self->floors = (floors_t){ranking_of (ranks->popularity, ranks->count),
        ranking_of (ranks->markov, ranks->count)};
    size_t users = ranking_thin (incumbent->ranks, incumbent->ranking.users, step);
    incumbent->ranking = ranking_of (incumbent->ranks, users);
}

gate_verdict_t
rivals_judge (const rivals_t *self, options_publish_t rule, const ranking_t *test,
    const size_t *ranks, bool part)
{
    assert (self->ranks.count == test->users);
    gate_case_t facts = {.test = test,
        .popularity = {"popularity", self->floors.popularity,
            ranking_compare (ranks, self->ranks.popularity, test->users)},
        .markov = {"a Markov chain", self->floors.markov,
            ranking_compare (ranks, self->ranks.markov, test->users)},
        .part = part};
    if (*self->incumbent.version)
        facts.in_use = (gate_rival_t){self->incumbent.version, self->incumbent.ranking,
            ranking_compare (ranks, self->incumbent.ranks, test->users)};
    return gate_judge (rule, &facts);
}

void
rivals_free (rivals_t *self)
{
    floors_ranks_free (&self->ranks);
    incumbent_free (&self->incumbent);
}

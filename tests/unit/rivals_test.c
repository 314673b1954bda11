/* What a new model stands beside, when only a part of the users is ranked in the end.
 * SPDX-License-Identifier: Apache-2.0 */
#include "model/train/rivals.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/data_samples.h"

typedef struct {
    dataset_t *data;
    team_t *team;
    evaluator_task_t task;
    rivals_t rivals;
} bench_t;

static int
s_setup (void **state)
{
    bench_t *self = calloc (1, sizeof *self);
    self->data = sample_dataset (60, 40, 1);
    self->team = team_new (1);
    self->task = (evaluator_task_t){.split = RANKING_TEST, .step = 1};
    rivals_measure (&self->rivals, self->data, self->team, &self->task);
    *state = self;
    return 0;
}

static int
s_teardown (void **state)
{
    bench_t *self = *state;
    rivals_free (&self->rivals);
    team_destroy (&self->team);
    dataset_destroy (&self->data);
    free (self);
    return 0;
}

static void
thinned_ones_are_those_of_fewer_users (void **state)
{
    bench_t *self = *state;
    floors_t third;
    self->task.step = 3;
    floors_measure (self->data, &self->task, &third, NULL);
    rivals_thin (&self->rivals, 3);
    assert_int_equal (self->rivals.floors.markov.users, 20);
    assert_memory_equal (&self->rivals.floors, &third, sizeof third);
}

/* The Markov chain's own ranks: as good as it is, and no better. */
static void
on_the_whole_test_as_good_as_the_floors_is_enough (void **state)
{
    bench_t *self = *state;
    const floors_t *floors = &self->rivals.floors;
    bool markov = floors->markov.ndcg10 > floors->popularity.ndcg10;
    size_t count = self->rivals.ranks.count;
    size_t *ranks = calloc (count, sizeof *ranks);
    memcpy (ranks, markov ? self->rivals.ranks.markov : self->rivals.ranks.popularity,
        count * sizeof *ranks);
    ranking_t test = ranking_of (ranks, count);
    assert_true (
        rivals_judge (&self->rivals, PUBLISH_BETTER, &test, ranks, false).publish);
    free (ranks);
}

/* One hit among twenty misses gains, but by chance as well. */
static void
on_a_part_of_it_a_lucky_hit_is_not (void **state)
{
    bench_t *self = *state;
    rivals_thin (&self->rivals, 3);
    floors_ranks_t *floors = &self->rivals.ranks;
    size_t *ranks = calloc (floors->count, sizeof *ranks);
    for (size_t i = 0; i < floors->count; i++)
        floors->markov[i] = floors->popularity[i] = ranks[i] = 20;
    ranks[7] = 0;
    ranking_t test = ranking_of (ranks, floors->count);
    self->rivals.floors.markov = ranking_of (floors->markov, floors->count);
    self->rivals.floors.popularity = self->rivals.floors.markov;
    assert_true (
        rivals_judge (&self->rivals, PUBLISH_BETTER, &test, ranks, false).publish);
    assert_false (
        rivals_judge (&self->rivals, PUBLISH_BETTER, &test, ranks, true).publish);
    for (size_t i = 0; i < floors->count; i++)
        ranks[i] = 0;
    test = ranking_of (ranks, floors->count);
    assert_true (
        rivals_judge (&self->rivals, PUBLISH_BETTER, &test, ranks, true).publish);
    free (ranks);
}

int
main (void)
{
#define TEST(test) cmocka_unit_test_setup_teardown (test, s_setup, s_teardown)
    const struct CMUnitTest tests[] = {
        TEST (thinned_ones_are_those_of_fewer_users),
        TEST (on_the_whole_test_as_good_as_the_floors_is_enough),
        TEST (on_a_part_of_it_a_lucky_hit_is_not),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

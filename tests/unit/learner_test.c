/* Training steps: what a seed decides, what threads may change, and that it learns.
 * SPDX-License-Identifier: Apache-2.0 */
#include "model/learner.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "model/blas.h"
#include "model/ranker.h"
#include "tests/unit/data_samples.h"

typedef struct {
    dataset_t *data;
    recipe_t recipe;
    team_t *team;
    batcher_t *batcher;
    learner_t *learner;
    double loss; /* mean of the last epoch */
} run_t;

static run_t
s_run (size_t threads, uint64_t seed, size_t epochs, double dropout)
{
    run_t self = {.data = sample_dataset (60, 40, 1)};
    trainer_options_t options;
    trainer_defaults (&options);
    options.width = 16;
    options.window = 20;
    options.batch_users = 8;
    options.dropout = dropout;
    self.recipe = recipe_make (self.data, &options);
    self.team = team_new (threads);
    self.batcher = batcher_new (self.data, 20, 8, threads);
    self.learner = learner_new (&self.recipe, self.batcher, self.team, seed);
    rng_t rng;
    rng_seed (&rng, seed, 2);
    for (size_t epoch = 0; epoch < epochs; epoch++) {
        uint64_t positions = 0;
        double sum = 0;
        batcher_shuffle (self.batcher, &rng);
        for (size_t b = 0; b < batcher_batch_count (self.batcher); b++)
            sum += learner_step (self.learner, b, 5e-3, &positions);
        assert_int_equal (positions, batcher_positions (self.batcher));
        self.loss = sum / (double)positions;
    }
    return self;
}

static void
s_free (run_t *self)
{
    learner_destroy (&self->learner);
    batcher_destroy (&self->batcher);
    team_destroy (&self->team);
    dataset_destroy (&self->data);
}

static bool
s_same_bits (const run_t *a, const run_t *b)
{
    const sasrec_weights_t *x = learner_weights (a->learner),
                           *y = learner_weights (b->learner);
    return memcmp (x->values, y->values, x->count * sizeof (float)) == 0;
}

static void
test_same_seed_same_bits (void **state)
{
    (void)state;
    run_t a = s_run (2, 7, 3, 0.2), b = s_run (2, 7, 3, 0.2);
    assert_true (s_same_bits (&a, &b));
    s_free (&a);
    s_free (&b);
}

static void
test_other_seed_other_bits (void **state)
{
    (void)state;
    run_t a = s_run (2, 7, 1, 0.2), b = s_run (2, 8, 1, 0.2);
    assert_false (s_same_bits (&a, &b));
    s_free (&a);
    s_free (&b);
}

/* Without dropout only the order of summation differs. */
static void
test_threads_change_rounding_only (void **state)
{
    (void)state;
    run_t one = s_run (1, 7, 2, 0), three = s_run (3, 7, 2, 0);
    assert_true (fabs (one.loss - three.loss) < 1e-3 * one.loss);
    s_free (&one);
    s_free (&three);
}

static void
test_learns_the_ring (void **state)
{
    (void)state;
    run_t run = s_run (2, 7, 40, 0.1);
    ranker_t *ranker = ranker_new (run.data, &run.recipe.shape, run.team, 0);
    ranking_t test = ranker_run (ranker, learner_weights (run.learner), RANKING_TEST);
    ranking_t popular = ranking_popularity (run.data, RANKING_TEST);
    assert_true (test.hr10 > 0.6 && test.hr10 > 1.5 * popular.hr10);
    ranker_destroy (&ranker);
    s_free (&run);
}

static void
test_ranking_does_not_depend_on_threads (void **state)
{
    (void)state;
    run_t run = s_run (2, 7, 3, 0.1);
    team_t *alone = team_new (1);
    ranker_t *a = ranker_new (run.data, &run.recipe.shape, run.team, 0);
    ranker_t *b = ranker_new (run.data, &run.recipe.shape, alone, 0);
    const sasrec_weights_t *weights = learner_weights (run.learner);
    ranking_t x = ranker_run (a, weights, RANKING_VALID);
    ranking_t y = ranker_run (b, weights, RANKING_VALID);
    assert_int_equal (x.users, 60);
    assert_memory_equal (&x, &y, sizeof (x));
    ranker_destroy (&a);
    ranker_destroy (&b);
    team_destroy (&alone);
    s_free (&run);
}

static void
test_validation_takes_at_most_the_limit (void **state)
{
    (void)state;
    run_t run = s_run (1, 7, 1, 0.1);
    ranker_t *ranker = ranker_new (run.data, &run.recipe.shape, run.team, 25);
    const sasrec_weights_t *weights = learner_weights (run.learner);
    assert_int_equal (ranker_run (ranker, weights, RANKING_VALID).users, 20);
    assert_int_equal (ranker_run (ranker, weights, RANKING_TEST).users, 60);
    ranker_destroy (&ranker);
    s_free (&run);
}

int
main (void)
{
    blas_setup ();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_same_seed_same_bits),
        cmocka_unit_test (test_other_seed_other_bits),
        cmocka_unit_test (test_threads_change_rounding_only),
        cmocka_unit_test (test_learns_the_ring),
        cmocka_unit_test (test_ranking_does_not_depend_on_threads),
        cmocka_unit_test (test_validation_takes_at_most_the_limit),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

/* Training steps: what a seed decides, what threads may change, and that it learns.
 * SPDX-License-Identifier: Apache-2.0 */
#include "model/train/learner.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "model/kernel/blas.h"
#include "model/eval/evaluator.h"
#include "model/eval/floors.h"
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
s_run_data (dataset_t *data, size_t threads, uint64_t seed, size_t epochs,
    double dropout, loss_kind_t loss, size_t negatives)
{
    run_t self = {.data = data};
    options_t options;
    options_defaults (&options);
    options.width = 16;
    options.window = 20;
    options.batch_users = 8;
    options.dropout = options.attention_dropout = dropout;
    options.loss = loss;
    options.negatives = negatives;
    self.recipe = recipe_make (self.data, &options);
    self.team = team_new (threads);
    batcher_settings_t batches = recipe_batcher (&self.recipe, threads);
    self.batcher = batcher_new (self.data, &batches);
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

static run_t
s_run_loss (size_t threads, uint64_t seed, size_t epochs, double dropout,
    loss_kind_t loss, size_t negatives)
{
    return s_run_data (
        sample_dataset (60, 40, 1), threads, seed, epochs, dropout, loss, negatives);
}

static run_t
s_run (size_t threads, uint64_t seed, size_t epochs, double dropout)
{
    return s_run_loss (threads, seed, epochs, dropout, LOSS_FULL, 0);
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
    assert_true (fabs (one.loss - three.loss) < 1e-4 * one.loss);
    s_free (&one);
    s_free (&three);
}

/* Every item is touched in every step then. */
static void
test_as_many_negatives_as_others_is_the_full_loss (void **state)
{
    (void)state;
    run_t full = s_run (2, 7, 3, 0);
    run_t sampled = s_run_loss (2, 7, 3, 0, LOSS_SAMPLED, 39);
    const float *x = learner_weights (full.learner)->values;
    const float *y = learner_weights (sampled.learner)->values;
    for (size_t i = 0; i < learner_weights (full.learner)->count; i++)
        if (fabsf (x[i] - y[i]) > 1e-3f)
            fail_msg ("weight %zu: %g and %g", i, (double)x[i], (double)y[i]);
    assert_true (fabs (full.loss - sampled.loss) < 1e-4);
    s_free (&full);
    s_free (&sampled);
}

static void
test_drawn_items_follow_the_seed_alone (void **state)
{
    (void)state;
    run_t a = s_run_loss (2, 7, 2, 0.2, LOSS_SAMPLED, 5);
    run_t b = s_run_loss (2, 7, 2, 0.2, LOSS_SAMPLED, 5);
    assert_true (s_same_bits (&a, &b));
    s_free (&a);
    s_free (&b);
}

/* The same interactions, of kind 1 where their item is odd. */
static dataset_t *
s_with_kinds (float even, float odd)
{
    const dataset_role_t roles[] = {
        {.weight = even, .seen = true}, {.weight = odd, .seen = true}};
    dataset_t *data = sample_dataset (60, 40, 1);
    data->kinds = calloc (data->interaction_count, 1);
    memcpy (data->roles, roles, sizeof roles);
    for (size_t i = 0; i < data->interaction_count; i++)
        data->kinds[i] = (uint8_t)(data->item_ids[data->items[i]] % 2);
    return data;
}

/* The one mechanism for weights does nothing where they are all alike. */
static void
test_weights_of_one_are_the_same_bits (void **state)
{
    (void)state;
    for (loss_kind_t loss = LOSS_FULL; loss <= LOSS_BCE; loss++) {
        run_t without = s_run_loss (2, 7, 3, 0.2, loss, 6);
        run_t with = s_run_data (s_with_kinds (1, 1), 2, 7, 3, 0.2, loss, 6);
        assert_true (s_same_bits (&without, &with));
        assert_true (without.loss >= with.loss && without.loss <= with.loss);
        s_free (&without);
        s_free (&with);
    }
}

static void
test_other_weights_are_other_bits (void **state)
{
    (void)state;
    for (loss_kind_t loss = LOSS_FULL; loss <= LOSS_BCE; loss++) {
        run_t alike = s_run_data (s_with_kinds (1, 1), 2, 7, 2, 0, loss, 6);
        run_t more = s_run_data (s_with_kinds (1, 3), 2, 7, 2, 0, loss, 6);
        assert_false (s_same_bits (&alike, &more));
        s_free (&alike);
        s_free (&more);
    }
}

/* Even items follow from odd ones, and only even ones are targets: these are learned, odd
 * ones are never expected. */
static void
test_a_weight_of_nothing_is_context (void **state)
{
    (void)state;
    run_t run = s_run_data (s_with_kinds (1, 0), 2, 7, 40, 0.1, LOSS_FULL, 0);
    assert_true (learner_targets (run.learner) > 0);
    assert_true (learner_targets (run.learner) < 8 * 20);
    evaluator_t *evaluator = evaluator_new (run.data, &run.recipe.shape, run.team);
    evaluator_network_t network = {learner_weights (run.learner), NULL};
    evaluator_task_t task = {.split = RANKING_TEST, .step = 1};
    ranking_t targets, context;
    assert_int_equal (evaluator_run (evaluator, &network, &task, &targets), 0);
    evaluator_destroy (&evaluator);
    run.data->roles[0].weight = 0;
    run.data->roles[1].weight = 1;
    evaluator = evaluator_new (run.data, &run.recipe.shape, run.team);
    assert_int_equal (evaluator_run (evaluator, &network, &task, &context), 0);
    evaluator_destroy (&evaluator);
    double reachable = 1 - (double)targets.unreachable / (double)targets.users;
    assert_true (targets.hr10 > 0.6 * reachable);
    assert_true (context.hr10 < targets.hr10 / 3);
    s_free (&run);
}

static ranking_t
s_rank (evaluator_t *evaluator, run_t *run, ranking_split_t split)
{
    ranking_t ranking;
    evaluator_network_t network = {learner_weights (run->learner), NULL};
    evaluator_task_t task = {.split = split, .step = 1};
    assert_int_equal (evaluator_run (evaluator, &network, &task, &ranking), 0);
    return ranking;
}

static void
s_check_learns (loss_kind_t loss, size_t negatives)
{
    run_t run = s_run_loss (2, 7, 40, 0.1, loss, negatives);
    evaluator_t *evaluator = evaluator_new (run.data, &run.recipe.shape, run.team);
    ranking_t test = s_rank (evaluator, &run, RANKING_TEST);
    floors_t floors;
    evaluator_task_t task = {.split = RANKING_TEST, .step = 1};
    floors_measure (run.data, &task, &floors, NULL);
    double reachable = 1 - (double)test.unreachable / (double)test.users;
    assert_true (test.hr10 > 0.6 * reachable);
    assert_true (test.hr10 > 1.5 * floors.popularity.hr10);
    evaluator_destroy (&evaluator);
    s_free (&run);
}

static void
test_full_learns_the_ring (void **state)
{
    (void)state;
    s_check_learns (LOSS_FULL, 0);
}

static void
test_sampled_learns_the_ring (void **state)
{
    (void)state;
    s_check_learns (LOSS_SAMPLED, 8);
}

static void
test_bce_learns_the_ring (void **state)
{
    (void)state;
    s_check_learns (LOSS_BCE, 0);
}

static void
test_ranking_does_not_depend_on_threads (void **state)
{
    (void)state;
    run_t run = s_run (2, 7, 3, 0.1);
    team_t *alone = team_new (1);
    evaluator_t *a = evaluator_new (run.data, &run.recipe.shape, run.team);
    evaluator_t *b = evaluator_new (run.data, &run.recipe.shape, alone);
    ranking_t x = s_rank (a, &run, RANKING_VALID);
    ranking_t y = s_rank (b, &run, RANKING_VALID);
    assert_int_equal (x.users, 60);
    assert_memory_equal (&x, &y, sizeof (x));
    evaluator_destroy (&a);
    evaluator_destroy (&b);
    team_destroy (&alone);
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
        cmocka_unit_test (test_as_many_negatives_as_others_is_the_full_loss),
        cmocka_unit_test (test_drawn_items_follow_the_seed_alone),
        cmocka_unit_test (test_weights_of_one_are_the_same_bits),
        cmocka_unit_test (test_other_weights_are_other_bits),
        cmocka_unit_test (test_a_weight_of_nothing_is_context),
        cmocka_unit_test (test_full_learns_the_ring),
        cmocka_unit_test (test_sampled_learns_the_ring),
        cmocka_unit_test (test_bce_learns_the_ring),
        cmocka_unit_test (test_ranking_does_not_depend_on_threads),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

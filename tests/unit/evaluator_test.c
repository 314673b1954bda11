/* The evaluator against what a model recommends. SPDX-License-Identifier: Apache-2.0 */
#include "model/eval/evaluator.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "model/eval/sampled.h"
#include "model/serve/model.h"
#include "tests/unit/tiny_model.h"

enum { ITEMS = 300 };

typedef struct {
    dataset_t *data;
    sasrec_weights_t *weights;
    model_t *model;
} fixture_t;

static int
s_setup (void **state)
{
    fixture_t *self = calloc (1, sizeof *self);
    const sasrec_shape_t shape = {ITEMS, 16, 1, 2, 8, 2, false, false};
    self->data = tiny_data (80, ITEMS);
    self->weights = tiny_weights (&shape, 3);
    self->model =
        model_new ("v1", self->weights, self->data->item_ids, self->data->item_counts);
    *state = self;
    return 0;
}

static int
s_teardown (void **state)
{
    fixture_t *self = *state;
    model_destroy (&self->model);
    sasrec_weights_destroy (&self->weights);
    dataset_destroy (&self->data);
    free (self);
    return 0;
}

/* A run over the fixture's data, or another one. */
static ranking_t
s_evaluate (const fixture_t *self, const dataset_t *data, size_t threads,
    const evaluator_task_t *task)
{
    int32_t *indexes = calloc (data->item_count, sizeof *indexes);
    for (size_t i = 0; i < data->item_count; i++)
        indexes[i] = model_item_index (self->model, data->item_ids[i]);
    evaluator_network_t network = {self->weights, indexes};
    team_t *team = team_new (threads);
    evaluator_t *evaluator = evaluator_new (data, &self->weights->shape, team);
    ranking_t ranking;
    assert_int_equal (evaluator_run (evaluator, &network, task, &ranking), 0);
    if (task->sampled)
        ranking = evaluator_sampled (evaluator);
    evaluator_destroy (&evaluator);
    team_destroy (&team);
    free (indexes);
    return ranking;
}

/* Rank of the target among all that model_recommend gives for the history before it;
 * RANKING_UNREACHABLE when it is not there. */
static size_t
s_slow_rank (const fixture_t *self, size_t user, size_t held_back, bool include_seen)
{
    const dataset_t *data = self->data;
    const int32_t *items = data->items + data->offsets[user];
    size_t count = data->offsets[user + 1] - data->offsets[user] - held_back, rank = 0;
    int64_t history[ITEMS], ids[ITEMS];
    float scores[ITEMS];
    for (size_t i = 0; i < count; i++)
        history[i] = data->item_ids[items[i]];
    model_scratch_t *scratch = model_scratch_new (self->model, 1);
    model_query_t query = {.history = history,
        .history_count = count,
        .k = ITEMS,
        .rules.include_seen = include_seen};
    model_answer_t answer = {.item_ids = ids, .scores = scores};
    model_recommend (self->model, scratch, &query, 1, &answer);
    while (rank < answer.count && ids[rank] != data->item_ids[items[count]])
        rank++;
    model_scratch_destroy (&scratch);
    return rank < answer.count ? rank : RANKING_UNREACHABLE;
}

static void
s_check_against_recommendations (
    const fixture_t *self, ranking_split_t split, bool include_seen)
{
    const dataset_t *data = self->data;
    size_t held_back = split == RANKING_TEST ? 1 : 2;
    ranking_sum_t sum = {0};
    for (size_t user = 0; user < data->user_count; user++)
        if (data->offsets[user + 1] - data->offsets[user] >= 3)
            ranking_add (&sum, s_slow_rank (self, user, held_back, include_seen));
    ranking_t slow = ranking_mean (&sum);
    evaluator_task_t task = {.split = split, .step = 1, .include_seen = include_seen};
    ranking_t fast = s_evaluate (self, data, 2, &task);
    assert_true (slow.users > 40);
    assert_int_equal (slow.users, fast.users);
    assert_int_equal (slow.unreachable, fast.unreachable);
    assert_true (include_seen == (fast.unreachable == 0)); /* the data has repeats */
    assert_true (fabs (slow.ndcg10 - fast.ndcg10) < 1e-9);
    assert_true (fabs (slow.mrr - fast.mrr) < 1e-9);
}

static void
ranks_are_what_is_recommended (void **state)
{
    s_check_against_recommendations (*state, RANKING_VALID, false);
    s_check_against_recommendations (*state, RANKING_TEST, false);
    s_check_against_recommendations (*state, RANKING_VALID, true);
    s_check_against_recommendations (*state, RANKING_TEST, true);
}

/* A user whose items are all new to the model is answered from popularity. */
static void
an_unknown_history_ranks_by_popularity (void **state)
{
    fixture_t *self = *state;
    for (size_t place = 0; place < 12; place += 11) {
        dataset_builder_t *builder = dataset_builder_new ();
        for (int64_t item = 1; item <= 3; item++)
            dataset_builder_add (builder, "a", item);
        dataset_builder_add (builder, "a", model_item_id (self->model, place));
        dataset_t *data = dataset_builder_finish (builder);
        evaluator_task_t task = {.split = RANKING_TEST, .step = 1};
        ranking_t result = s_evaluate (self, data, 1, &task);
        assert_int_equal (result.users, 1);
        assert_true (fabs (result.mrr - 1.0 / (double)(place + 1)) < 1e-9);
        dataset_destroy (&data);
        dataset_builder_destroy (&builder);
    }
}

static void
threads_do_not_change_the_result (void **state)
{
    fixture_t *self = *state;
    for (int sampled = 0; sampled <= 1; sampled++) {
        evaluator_task_t task = {
            .split = RANKING_TEST, .step = 1, .sampled = sampled, .seed = 5};
        ranking_t one = s_evaluate (self, self->data, 1, &task);
        for (size_t threads = 2; threads <= 5; threads++) {
            ranking_t more = s_evaluate (self, self->data, threads, &task);
            assert_memory_equal (&one, &more, sizeof one);
        }
    }
}

static void
a_step_ranks_users_spread_over_the_data (void **state)
{
    fixture_t *self = *state;
    evaluator_task_t task = {.split = RANKING_TEST, .step = 1};
    size_t all = s_evaluate (self, self->data, 2, &task).users;
    task.step = 7;
    assert_int_equal (s_evaluate (self, self->data, 2, &task).users, (all + 6) / 7);
}

static void
a_stop_is_told (void **state)
{
    fixture_t *self = *state;
    volatile sig_atomic_t stop = 1;
    evaluator_task_t task = {.split = RANKING_TEST, .step = 1, .stop = &stop};
    team_t *team = team_new (1);
    evaluator_t *evaluator = evaluator_new (self->data, &self->weights->shape, team);
    evaluator_network_t network = {self->weights, NULL};
    ranking_t ranking;
    assert_int_equal (evaluator_run (evaluator, &network, &task, &ranking), -1);
    evaluator_destroy (&evaluator);
    team_destroy (&team);
}

static void
a_seed_gives_its_negatives (void **state)
{
    fixture_t *self = *state;
    evaluator_task_t task = {
        .split = RANKING_TEST, .step = 1, .sampled = true, .seed = 1};
    double first = s_evaluate (self, self->data, 2, &task).mrr;
    task.seed = 2;
    assert_true (fabs (first - s_evaluate (self, self->data, 2, &task).mrr) > 1e-12);
}

static void
sampled_ranks_are_among_a_hundred (void **state)
{
    fixture_t *self = *state;
    evaluator_task_t task = {.split = RANKING_VALID, .step = 1, .seed = 1};
    ranking_t full = s_evaluate (self, self->data, 2, &task);
    task.sampled = true;
    ranking_t sampled = s_evaluate (self, self->data, 2, &task);
    assert_int_equal (sampled.users, full.users);
    assert_true (sampled.mrr >= 1.0 / 101);
    assert_true (sampled.mrr > full.mrr);
}

static void
targets_unknown_to_the_model_are_missed (void **state)
{
    fixture_t *self = *state;
    dataset_builder_t *builder = dataset_builder_new ();
    for (int64_t item = 10; item <= 50; item += 10)
        dataset_builder_add (builder, "a", item);
    dataset_builder_add (builder, "a", 7);
    dataset_t *data = dataset_builder_finish (builder);
    for (int sampled = 0; sampled <= 1; sampled++) {
        evaluator_task_t task = {
            .split = RANKING_TEST, .step = 1, .sampled = sampled, .seed = 1};
        ranking_t result = s_evaluate (self, data, 1, &task);
        assert_int_equal (result.users, 1);
        assert_int_equal (result.unreachable, 1);
        assert_true (result.hr10 == 0 && result.mrr == 0);
    }
    dataset_destroy (&data);
    dataset_builder_destroy (&builder);
}

/* The training part is all there is: nothing can be drawn. Several users, and again: it
 * must not matter who was ranked before. */
static void
no_negatives_left_is_fine (void **state)
{
    fixture_t *self = *state;
    static const char *const users[] = {"a", "b", "c"};
    dataset_builder_t *builder = dataset_builder_new ();
    for (size_t user = 0; user < 3; user++)
        for (int64_t i = 0; i < 6; i++)
            dataset_builder_add (builder, users[user], 10 * (i % 3 + 1));
    dataset_t *data = dataset_builder_finish (builder);
    float scores[3] = {0};
    sampled_t *sampled = sampled_new (data);
    for (size_t user = 0; user < 6; user++)
        assert_int_equal (sampled_rank (sampled, 1, user / 2, scores, 0, NULL), 0);
    sampled_destroy (&sampled);
    evaluator_task_t task = {
        .split = RANKING_TEST, .step = 1, .sampled = true, .seed = 1};
    ranking_t result = s_evaluate (self, data, 1, &task);
    assert_int_equal (result.users, 3);
    assert_true (result.hr10 == 1);
    dataset_destroy (&data);
    dataset_builder_destroy (&builder);
}

/* 100 draws from what is left, however little that is: only these are drawn. */
static void
draws_are_uniform_over_what_was_not_trained_on (void **state)
{
    (void)state;
    enum { V = 10 };
    dataset_builder_t *builder = dataset_builder_new ();
    for (int64_t item = 0; item < V; item++) /* the last two are held back */
        dataset_builder_add (builder, "a", item);
    dataset_t *data = dataset_builder_finish (builder);
    sampled_t *sampled = sampled_new (data);
    size_t total = 0;
    for (uint64_t seed = 0; seed < 200; seed++) {
        /* Of ranks over a target that all others beat: the draws of that item. */
        float scores[V] = {0};
        int32_t target = data->items[V - 1];
        for (size_t i = 0; i < V; i++)
            scores[i] = (int32_t)i == target ? 0 : 1;
        size_t others = sampled_rank (sampled, seed, 0, scores, target, NULL);
        assert_true (others <= 100);
        total += others;
    }
    assert_true (total > 9500 && total < 10500); /* half of 20,000 */
    sampled_destroy (&sampled);
    dataset_destroy (&data);
    dataset_builder_destroy (&builder);
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (ranks_are_what_is_recommended),
        cmocka_unit_test (an_unknown_history_ranks_by_popularity),
        cmocka_unit_test (a_step_ranks_users_spread_over_the_data),
        cmocka_unit_test (a_stop_is_told),
        cmocka_unit_test (threads_do_not_change_the_result),
        cmocka_unit_test (a_seed_gives_its_negatives),
        cmocka_unit_test (sampled_ranks_are_among_a_hundred),
        cmocka_unit_test (targets_unknown_to_the_model_are_missed),
        cmocka_unit_test (no_negatives_left_is_fine),
        cmocka_unit_test (draws_are_uniform_over_what_was_not_trained_on),
    };
    return cmocka_run_group_tests (tests, s_setup, s_teardown);
}

/* Evaluation of a model whose ranks are known. SPDX-License-Identifier: Apache-2.0 */
#include "model/eval/evaluate.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

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

/* Rank of the target among what model_recommend gives for the history before it. */
static size_t
s_slow_rank (const fixture_t *self, size_t user, size_t held_back)
{
    const dataset_t *data = self->data;
    const int32_t *items = data->items + data->offsets[user];
    size_t count = data->offsets[user + 1] - data->offsets[user] - held_back, rank = 0;
    int64_t history[ITEMS], ids[ITEMS];
    float scores[ITEMS];
    for (size_t i = 0; i < count; i++)
        history[i] = data->item_ids[items[i]];
    model_scratch_t *scratch = model_scratch_new (self->model, 1);
    model_query_t query = {history, count, ITEMS, false};
    model_answer_t answer = {.item_ids = ids, .scores = scores};
    model_recommend (self->model, scratch, &query, 1, &answer);
    while (rank < answer.count && ids[rank] != data->item_ids[items[count]])
        rank++;
    assert_true (rank < answer.count);
    model_scratch_destroy (&scratch);
    return rank;
}

/* Users whose target is new to them; the tiny data has repeats. */
static bool
s_is_new (const dataset_t *data, size_t user, size_t held_back)
{
    const int32_t *items = data->items + data->offsets[user];
    size_t count = data->offsets[user + 1] - data->offsets[user] - held_back;
    for (size_t i = 0; i < count; i++)
        if (items[i] == items[count])
            return false;
    return true;
}

static dataset_t *
s_new_targets_only (const dataset_t *data, size_t held_back)
{
    dataset_builder_t *builder = dataset_builder_new ();
    for (size_t user = 0; user < data->user_count; user++) {
        char name[24];
        snprintf (name, sizeof name, "%zu", user);
        if (user == 0 || s_is_new (data, user, held_back))
            for (size_t i = data->offsets[user]; i < data->offsets[user + 1]; i++)
                dataset_builder_add (builder, name, data->item_ids[data->items[i]]);
    }
    dataset_t *filtered = dataset_builder_finish (builder);
    dataset_builder_destroy (&builder);
    return filtered;
}

static void
full_ranking_agrees_with_recommendations (void **state)
{
    fixture_t self = *(fixture_t *)*state;
    for (size_t held_back = 1; held_back <= 2; held_back++) {
        dataset_t *data = s_new_targets_only (self.data, held_back);
        fixture_t filtered = {data, self.weights, self.model};
        ranking_sum_t sum = {0};
        for (size_t user = 0; user < data->user_count; user++)
            if (data->offsets[user + 1] - data->offsets[user] >= 3)
                ranking_add (&sum, s_slow_rank (&filtered, user, held_back));
        ranking_t slow = ranking_mean (&sum);
        ranking_t fast = evaluate_model (self.model, data,
            held_back == 1 ? RANKING_TEST : RANKING_VALID, EVALUATE_FULL, 0, 1);
        assert_true (slow.users > 40);
        assert_int_equal (slow.users, fast.users);
        assert_true (fabs (slow.ndcg10 - fast.ndcg10) < 1e-9);
        assert_true (fabs (slow.mrr - fast.mrr) < 1e-9);
        dataset_destroy (&data);
    }
}

static void
threads_do_not_change_the_result (void **state)
{
    fixture_t *self = *state;
    for (evaluate_protocol_t p = EVALUATE_FULL; p <= EVALUATE_SAMPLED100; p++) {
        ranking_t one = evaluate_model (self->model, self->data, RANKING_TEST, p, 5, 1);
        for (size_t threads = 2; threads <= 5; threads++) {
            ranking_t more =
                evaluate_model (self->model, self->data, RANKING_TEST, p, 5, threads);
            assert_memory_equal (&one, &more, sizeof one);
        }
    }
}

static void
a_seed_gives_its_negatives (void **state)
{
    fixture_t *self = *state;
    ranking_t a = evaluate_model (
        self->model, self->data, RANKING_TEST, EVALUATE_SAMPLED100, 1, 2);
    ranking_t b = evaluate_model (
        self->model, self->data, RANKING_TEST, EVALUATE_SAMPLED100, 2, 2);
    assert_true (fabs (a.mrr - b.mrr) > 1e-12);
}

static void
sampled_ranks_are_among_a_hundred (void **state)
{
    fixture_t *self = *state;
    ranking_t sampled = evaluate_model (
        self->model, self->data, RANKING_VALID, EVALUATE_SAMPLED100, 1, 2);
    ranking_t full =
        evaluate_model (self->model, self->data, RANKING_VALID, EVALUATE_FULL, 1, 2);
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
    for (evaluate_protocol_t p = EVALUATE_FULL; p <= EVALUATE_SAMPLED100; p++) {
        ranking_t result = evaluate_model (self->model, data, RANKING_TEST, p, 1, 1);
        assert_int_equal (result.users, 1);
        assert_true (result.hr10 == 0);
        assert_true (result.mrr < 0.01);
    }
    dataset_destroy (&data);
    dataset_builder_destroy (&builder);
}

/* The training part is all there is: nothing can be drawn, and nothing hangs. */
static void
no_negatives_left_is_fine (void **state)
{
    fixture_t *self = *state;
    dataset_builder_t *builder = dataset_builder_new ();
    for (int64_t i = 0; i < 6; i++)
        dataset_builder_add (builder, "a", 10 * (i % 3 + 1));
    dataset_t *data = dataset_builder_finish (builder);
    ranking_t result =
        evaluate_model (self->model, data, RANKING_TEST, EVALUATE_SAMPLED100, 1, 1);
    assert_int_equal (result.users, 1);
    assert_true (result.hr10 == 1);
    dataset_destroy (&data);
    dataset_builder_destroy (&builder);
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (full_ranking_agrees_with_recommendations),
        cmocka_unit_test (threads_do_not_change_the_result),
        cmocka_unit_test (a_seed_gives_its_negatives),
        cmocka_unit_test (sampled_ranks_are_among_a_hundred),
        cmocka_unit_test (targets_unknown_to_the_model_are_missed),
        cmocka_unit_test (no_negatives_left_is_fine),
    };
    return cmocka_run_group_tests (tests, s_setup, s_teardown);
}

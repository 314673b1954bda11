/* Recommendations of a loaded model: odd histories, batches, popularity.
 * SPDX-License-Identifier: Apache-2.0 */
#include "model/serve/model.h"

#include <math.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/unit/tiny_served.h"

enum { ITEMS = 400, WINDOW = 12, K = 10, BATCH = 64 };

typedef tiny_served_t fixture_t;

static int
s_setup (void **state)
{
    fixture_t *self = calloc (1, sizeof *self);
    const sasrec_shape_t shape = {ITEMS, 16, 2, 2, WINDOW, 4, false, true};
    tiny_serve (self, &shape, BATCH);
    *state = self;
    return 0;
}

static int
s_teardown (void **state)
{
    fixture_t *self = *state;
    tiny_served_end (self);
    free (self);
    return 0;
}

typedef struct {
    int64_t item_ids[ITEMS + 10];
    float scores[ITEMS + 10];
    model_answer_t answer;
} result_t;

static void
s_ask (fixture_t *self, model_query_t query, result_t *result)
{
    result->answer =
        (model_answer_t){.item_ids = result->item_ids, .scores = result->scores};
    model_recommend (self->model, self->scratch, &query, 1, &result->answer);
}

static void
s_assert_sane (const result_t *result)
{
    for (size_t i = 0; i < result->answer.count; i++) {
        assert_true (isfinite (result->scores[i]));
        assert_true (i == 0 || result->scores[i - 1] >= result->scores[i]);
        for (size_t j = 0; j < i; j++)
            assert_int_not_equal (result->item_ids[i], result->item_ids[j]);
    }
}

static void
s_assert_same (const result_t *a, const result_t *b)
{
    assert_int_equal (a->answer.count, b->answer.count);
    for (size_t i = 0; i < a->answer.count; i++) {
        assert_int_equal (a->item_ids[i], b->item_ids[i]);
        assert_true (fabsf (a->scores[i] - b->scores[i]) < 1e-4f);
    }
}

static void
seen_items_are_left_out (void **state)
{
    const int64_t history[] = {10, 20, 30};
    result_t result;
    s_ask (*state, (model_query_t){.history = history, .history_count = 3, .k = ITEMS},
        &result);
    assert_int_equal (result.answer.count, ITEMS - 3);
    assert_false (result.answer.popular);
    assert_int_equal (result.answer.history_used, 3);
    s_assert_sane (&result);
    for (size_t i = 0; i < result.answer.count; i++)
        assert_true (result.item_ids[i] > 30);
}

static void
include_seen_brings_them_back (void **state)
{
    const int64_t history[] = {10, 20, 30};
    result_t result;
    s_ask (*state,
        (model_query_t){.history = history,
            .history_count = 3,
            .k = ITEMS,
            .rules.include_seen = true},
        &result);
    assert_int_equal (result.answer.count, ITEMS);
}

static void
unknown_items_are_dropped_and_counted (void **state)
{
    const int64_t odd[] = {5, 10, -3, 20, INT64_MAX, INT64_MIN, 30, 11};
    const int64_t plain[] = {10, 20, 30};
    result_t with, without;
    s_ask (*state, (model_query_t){.history = odd, .history_count = 8, .k = K}, &with);
    s_ask (*state, (model_query_t){.history = plain, .history_count = 3, .k = K},
        &without);
    assert_int_equal (with.answer.unknown_dropped, 5);
    assert_int_equal (with.answer.history_used, 3);
    s_assert_same (&with, &without);
}

/* The very scores of the ranking, with and without a known history. */
static void
s_check_candidates (fixture_t *self, const int64_t *history, size_t history_count)
{
    const int64_t candidates[] = {70, 5, 10, 70, 4000, -1, 30};
    const int64_t known[] = {70, 10, 70, 4000, 30};
    result_t all, some;
    model_query_t query = {.history = history,
        .history_count = history_count,
        .k = ITEMS,
        .rules.include_seen = true};
    s_ask (self, query, &all);
    query.candidates = candidates;
    query.candidate_count = 7;
    query.rules.include_seen = false;
    s_ask (self, query, &some);
    assert_int_equal (some.answer.count, 5);
    assert_int_equal (some.answer.popular, all.answer.popular);
    assert_int_equal (some.answer.history_used, all.answer.history_used);
    for (size_t i = 0; i < 5; i++) {
        size_t rank = 0;
        while (all.item_ids[rank] != known[i])
            rank++;
        assert_int_equal (some.item_ids[i], known[i]);
        assert_true (some.scores[i] == all.scores[rank]);
    }
}

static void
candidates_get_the_scores_of_the_ranking (void **state)
{
    const int64_t history[] = {10, 20, 5, 30};
    s_check_candidates (*state, history, 4);
    s_check_candidates (*state, history + 2, 1); /* nothing known */
}

static void
what_drift_looks_at_is_in_the_answer (void **state)
{
    fixture_t *self = *state;
    const int64_t history[] = {20, 5, 30, 7}, unknown[] = {7};
    result_t result;
    model_query_t query = {.history = history, .history_count = 4, .k = 3};
    s_ask (self, query, &result);
    feature_source_t source = model_features (&query, &result.answer);
    assert_int_equal (source.history_count, 4);
    assert_int_equal (source.unknown_count, 2);
    assert_int_equal (source.newest, model_item_index (self->model, 30));
    assert_int_equal (source.best, model_item_index (self->model, result.item_ids[0]));
    assert_true (source.score == result.scores[0]);
    query = (model_query_t){.history = unknown, .history_count = 1, .k = 3};
    s_ask (self, query, &result);
    source = model_features (&query, &result.answer);
    assert_int_equal (source.newest, -1);
    assert_int_equal (source.best, -1); /* the model had no say */
}

static void
only_the_window_is_used_but_all_is_seen (void **state)
{
    int64_t history[40];
    for (int64_t i = 0; i < 40; i++)
        history[i] = 10 * (40 - i);
    result_t whole, window;
    s_ask (*state, (model_query_t){.history = history, .history_count = 40, .k = ITEMS},
        &whole);
    assert_int_equal (whole.answer.history_used, WINDOW);
    assert_int_equal (whole.answer.count, ITEMS - 40);
    s_ask (*state,
        (model_query_t){.history = history,
            .history_count = 40,
            .k = K,
            .rules.include_seen = true},
        &whole);
    s_ask (*state,
        (model_query_t){.history = history + 40 - WINDOW,
            .history_count = WINDOW,
            .k = K,
            .rules.include_seen = true},
        &window);
    s_assert_same (&whole, &window);
}

static void
no_known_item_is_answered_from_popularity (void **state)
{
    fixture_t *self = *state;
    const int64_t history[] = {1, 2, 3};
    for (size_t count = 0; count <= 3; count += 3) {
        result_t result;
        s_ask (self,
            (model_query_t){.history = history, .history_count = count, .k = K},
            &result);
        assert_true (result.answer.popular);
        assert_int_equal (result.answer.count, K);
        assert_int_equal (result.answer.unknown_dropped, count);
        for (size_t i = 0; i < K; i++) {
            double share = (double)self->data->item_counts[i] /
                           (double)self->data->interaction_count;
            assert_int_equal (result.item_ids[i], self->data->item_ids[i]);
            assert_true (fabs ((double)result.scores[i] - log (share)) < 1e-5);
        }
    }
}

static void
all_items_seen_leaves_nothing (void **state)
{
    fixture_t *self = *state;
    result_t result;
    model_query_t query = {
        .history = self->data->item_ids, .history_count = ITEMS, .k = K};
    s_ask (self, query, &result);
    assert_int_equal (result.answer.count, 0);
    query.history_count--;
    s_ask (self, query, &result);
    assert_int_equal (result.answer.count, 1);
    assert_int_equal (result.item_ids[0], self->data->item_ids[ITEMS - 1]);
}

static void
an_answer_is_the_same_in_any_batch (void **state)
{
    fixture_t *self = *state;
    static result_t results[BATCH], alone;
    static int64_t histories[BATCH][2 * WINDOW];
    model_query_t queries[BATCH];
    model_answer_t answers[BATCH];
    rng_t rng;
    rng_seed (&rng, 11, 0);
    for (size_t b = 0; b < BATCH; b++) {
        for (size_t i = 0; i < 2 * WINDOW; i++)
            histories[b][i] = 10 * (int64_t)rng_below (&rng, ITEMS + 1);
        queries[b] = (model_query_t){.history = histories[b],
            .history_count = rng_below (&rng, 2 * WINDOW),
            .k = 1 + rng_below (&rng, 30),
            .rules.include_seen = rng_below (&rng, 2) == 0};
        answers[b] = (model_answer_t){
            .item_ids = results[b].item_ids, .scores = results[b].scores};
    }
    model_recommend (self->model, self->scratch, queries, BATCH, answers);
    for (size_t b = 0; b < BATCH; b++) {
        results[b].answer = answers[b];
        s_ask (self, queries[b], &alone);
        s_assert_same (&results[b], &alone);
        s_assert_sane (&results[b]);
        assert_int_equal (answers[b].popular, alone.answer.popular);
    }
}

typedef struct {
    const fixture_t *fixture;
    uint64_t seed;
    result_t result;
} asker_t;

static void *
s_ask_often (void *argument)
{
    asker_t *self = argument;
    fixture_t own = *self->fixture;
    own.scratch = model_scratch_new (own.model, 1);
    int64_t history[WINDOW];
    rng_t rng;
    rng_seed (&rng, self->seed, 0);
    for (size_t i = 0; i < WINDOW; i++)
        history[i] = 10 * (int64_t)(1 + rng_below (&rng, ITEMS));
    for (int round = 0; round < 100; round++)
        s_ask (&own,
            (model_query_t){.history = history, .history_count = WINDOW, .k = K},
            &self->result);
    model_scratch_destroy (&own.scratch);
    return NULL;
}

static void
threads_share_a_model (void **state)
{
    static asker_t together[3], alone;
    pthread_t threads[3];
    for (size_t i = 0; i < 3; i++) {
        together[i] = (asker_t){.fixture = *state, .seed = i};
        assert_int_equal (
            pthread_create (&threads[i], NULL, s_ask_often, &together[i]), 0);
    }
    for (size_t i = 0; i < 3; i++) {
        pthread_join (threads[i], NULL);
        alone = (asker_t){.fixture = *state, .seed = i};
        s_ask_often (&alone);
        s_assert_same (&together[i].result, &alone.result);
    }
}

static void
equal_items_come_by_popularity (void **state)
{
    (void)state;
    const sasrec_shape_t shape = {30, 8, 1, 1, 5, 2, false, true};
    dataset_t *data = tiny_data (20, 30);
    sasrec_weights_t *weights = tiny_weights (&shape, 5);
    sasrec_tensor_t items = sasrec_tensor (weights, 0);
    for (size_t i = 1; i < 30; i++)
        memcpy (items.values + i * 8, items.values, 8 * sizeof (float));
    fixture_t self = {
        .model = model_new ("v1", weights, data->item_ids, data->item_counts)};
    self.scratch = model_scratch_new (self.model, 1);
    result_t result;
    s_ask (&self,
        (model_query_t){.history = data->item_ids, .history_count = 1, .k = 5},
        &result);
    for (size_t i = 0; i < 5; i++)
        assert_int_equal (result.item_ids[i], data->item_ids[i + 1]);
    model_scratch_destroy (&self.scratch);
    model_destroy (&self.model);
    sasrec_weights_destroy (&weights);
    dataset_destroy (&data);
}

static void
a_broken_network_still_answers (void **state)
{
    (void)state;
    const sasrec_shape_t shape = {30, 8, 1, 1, 5, 2, false, true};
    dataset_t *data = tiny_data (20, 30);
    sasrec_weights_t *weights = tiny_weights (&shape, 5);
    sasrec_tensor_t bias = sasrec_tensor (weights, 3);
    assert_string_equal (bias.name, "norm.bias");
    bias.values[0] = 1e30f; /* the hidden vector's, too large to score with */
    fixture_t self = {
        .model = model_new ("v1", weights, data->item_ids, data->item_counts)};
    self.scratch = model_scratch_new (self.model, 1);
    result_t result;
    s_ask (&self,
        (model_query_t){.history = data->item_ids, .history_count = 1, .k = 5},
        &result);
    assert_true (result.answer.popular);
    assert_int_equal (result.answer.count, 5);
    assert_int_equal (result.item_ids[0], data->item_ids[1]); /* 0 is seen */
    s_assert_sane (&result);
    model_scratch_destroy (&self.scratch);
    model_destroy (&self.model);
    sasrec_weights_destroy (&weights);
    dataset_destroy (&data);
}

static void
scratch_fits_its_shape_only (void **state)
{
    fixture_t *self = *state;
    assert_true (model_scratch_fits (self->scratch, self->model));
    const sasrec_shape_t shape = {ITEMS, 16, 2, 2, WINDOW + 1, 4, false, true};
    sasrec_weights_t *weights = tiny_weights (&shape, 3);
    model_t *other =
        model_new ("v2", weights, self->data->item_ids, self->data->item_counts);
    assert_false (model_scratch_fits (self->scratch, other));
    assert_string_equal (model_version (other), "v2");
    model_destroy (&other);
    sasrec_weights_destroy (&weights);
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (seen_items_are_left_out),
        cmocka_unit_test (include_seen_brings_them_back),
        cmocka_unit_test (unknown_items_are_dropped_and_counted),
        cmocka_unit_test (candidates_get_the_scores_of_the_ranking),
        cmocka_unit_test (what_drift_looks_at_is_in_the_answer),
        cmocka_unit_test (only_the_window_is_used_but_all_is_seen),
        cmocka_unit_test (no_known_item_is_answered_from_popularity),
        cmocka_unit_test (all_items_seen_leaves_nothing),
        cmocka_unit_test (an_answer_is_the_same_in_any_batch),
        cmocka_unit_test (threads_share_a_model),
        cmocka_unit_test (equal_items_come_by_popularity),
        cmocka_unit_test (a_broken_network_still_answers),
        cmocka_unit_test (scratch_fits_its_shape_only),
    };
    return cmocka_run_group_tests (tests, s_setup, s_teardown);
}

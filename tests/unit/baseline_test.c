/* Tests of model/drift: baseline and window. SPDX-License-Identifier: Apache-2.0 */
#include "model/drift/baseline.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/rng.h"
#include "model/drift/window.h"

#define MINUTE INT64_C (60000)
#define HOUR   (60 * MINUTE)
#define NOW    (1000 * HOUR)

/* A request like those of training: 5 to 44 items, all known. */
static feature_source_t
s_usual (rng_t *rng)
{
    return (feature_source_t){.history_count = 5 + (size_t)rng_below (rng, 40),
        .newest = (int32_t)rng_below (rng, 200),
        .best = (int32_t)rng_below (rng, 100),
        .score = (float)(8 + rng_normal (rng))};
}

static baseline_t
s_baseline (size_t count)
{
    rng_t rng;
    rng_seed (&rng, 1, 0);
    feature_source_t *sources = calloc (count, sizeof *sources);
    double *scores = calloc (count, sizeof *scores);
    for (size_t i = 0; i < count; i++) {
        sources[i] = s_usual (&rng);
        scores[i] = (double)sources[i].score;
    }
    baseline_t baseline = baseline_new (sources, count, scores, count);
    free (sources);
    free (scores);
    return baseline;
}

static void
test_a_sample_gives_bins_by_its_size (void **state)
{
    (void)state;
    static const struct {
        size_t count, bins;
    } cases[] = {{50, 2}, {100, 4}, {250, 10}, {1000, 10}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        baseline_t baseline = s_baseline (cases[i].count);
        const histogram_t *scores = &baseline.features[FEATURE_SCORE];
        assert_int_equal (scores->bound_count + 1, cases[i].bins);
        assert_int_equal (histogram_total (scores), cases[i].count);
        assert_true (baseline_is_comparable (&baseline));
    }
}

static void
test_a_small_sample_is_not_compared_with (void **state)
{
    (void)state;
    baseline_t baseline = s_baseline (BASELINE_SAMPLE_LEAST - 1);
    assert_false (baseline_is_comparable (&baseline));
    json_t *json = baseline_json (&baseline);
    assert_null (json_object_get (json, "drift"));
    assert_non_null (json_object_get (json, "scores"));
    json_decref (json);
}

static void
test_json_and_back (void **state)
{
    (void)state;
    baseline_t baseline = s_baseline (300), back;
    char error[160] = "";
    json_t *json = baseline_json (&baseline);
    assert_int_equal (baseline_read (json, &back, error), 0);
    assert_memory_equal (&back, &baseline, sizeof back);
    json_decref (json);
}

/* Files of older versions, and those of other programs. */
static void
test_what_is_missing_is_not_compared (void **state)
{
    (void)state;
    char error[160] = "";
    baseline_t baseline;
    json_t *json = json_object ();
    assert_int_equal (baseline_read (json, &baseline, error), 0);
    assert_false (baseline_is_comparable (&baseline));
    assert_true (baseline.scores.bound_count > 10); /* some that suit most models */
    json_object_set_new (json, "drift", json_object ());
    assert_int_equal (baseline_read (json, &baseline, error), 0);
    assert_false (baseline_is_comparable (&baseline));
    json_decref (json);
}

static void
test_what_is_wrong_is_named (void **state)
{
    (void)state;
    static const struct {
        const char *json, *reason;
    } cases[] = {
        {"{\"drift\":[]}", "drift: must be an object"},
        {"{\"drift\":{\"score\":7}}", "drift score: must be an object"},
        {"{\"scores\":{\"bounds\":[1,0],\"counts\":[1,2,3]}}", "scores: bounds must"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char error[160] = "";
        baseline_t baseline;
        json_t *json = json_loads (cases[i].json, 0, NULL);
        assert_int_equal (baseline_read (json, &baseline, error), -1);
        if (strncmp (error, cases[i].reason, strlen (cases[i].reason)) != 0)
            fail_msg ("%s: \"%s\"", cases[i].json, error);
        json_decref (json);
    }
}

/* count of them in a minute. */
static void
s_ask (window_t *window, const baseline_t *baseline, size_t count, int64_t now_ms,
    void (*change) (feature_source_t *source))
{
    rng_t rng;
    rng_seed (&rng, 2, (uint64_t)now_ms);
    tally_t tally = {0};
    for (size_t i = 0; i < count; i++) {
        feature_source_t source = s_usual (&rng);
        if (change)
            change (&source);
        baseline_tally (baseline, &source, &tally);
    }
    window_add (window, &tally, now_ms);
}

typedef struct {
    baseline_t baseline;
    window_t *window;
} world_t;

static int
s_set_up (void **state)
{
    world_t *world = calloc (1, sizeof *world);
    world->baseline = s_baseline (1000);
    world->window = window_new ();
    *state = world;
    return 0;
}

static int
s_tear_down (void **state)
{
    world_t *world = *state;
    window_destroy (&world->window);
    free (world);
    return 0;
}

static double
s_drift (const world_t *world, feature_t feature, int64_t now_ms)
{
    window_sum_t sum;
    window_sum (world->window, now_ms, &sum);
    return window_drift (&sum, &world->baseline, feature);
}

static void
test_traffic_like_trainings_has_no_drift (void **state)
{
    world_t *world = *state;
    s_ask (world->window, &world->baseline, 600, NOW, NULL);
    for (size_t i = 0; i < FEATURE_COUNT; i++) {
        double drift = s_drift (world, (feature_t)i, NOW);
        assert_true (drift >= 0 && drift < 0.1);
    }
}

static void
s_shorten (feature_source_t *source)
{
    source->history_count = 1;
}

static void
s_forget_items (feature_source_t *source)
{
    source->unknown_count = source->history_count / 2;
}

static void
s_ask_the_tail (feature_source_t *source)
{
    source->newest += 150;
}

static void
s_lower (feature_source_t *source)
{
    source->score -= 1;
}

static void
s_narrow (feature_source_t *source)
{
    source->best %= 20;
}

static void
test_each_shift_shows_in_its_feature_alone (void **state)
{
    world_t *world = *state;
    static void (*const shifts[FEATURE_COUNT]) (feature_source_t *) = {
        [FEATURE_HISTORY_LENGTH] = s_shorten,
        [FEATURE_UNKNOWN_ITEMS] = s_forget_items,
        [FEATURE_HISTORY_POPULARITY] = s_ask_the_tail,
        [FEATURE_SCORE] = s_lower,
        [FEATURE_RECOMMENDED_POPULARITY] = s_narrow};
    for (size_t shifted = 0; shifted < FEATURE_COUNT; shifted++) {
        window_clear (world->window);
        s_ask (world->window, &world->baseline, 1000, NOW, shifts[shifted]);
        for (size_t i = 0; i < FEATURE_COUNT; i++) {
            double drift = s_drift (world, (feature_t)i, NOW);
            if (i == shifted)
                assert_true (drift > 0.25);
            else
                assert_true (drift < 0.1);
        }
    }
}

static void
test_few_requests_give_no_number (void **state)
{
    world_t *world = *state;
    s_ask (world->window, &world->baseline, WINDOW_REQUESTS - 1, NOW, NULL);
    assert_true (isnan (s_drift (world, FEATURE_SCORE, NOW)));
    s_ask (world->window, &world->baseline, 1, NOW, NULL);
    assert_true (s_drift (world, FEATURE_SCORE, NOW) >= 0);
}

static void
s_answer_from_popularity (feature_source_t *source)
{
    source->best = -1;
}

static void
test_a_feature_that_few_requests_have_gives_no_number (void **state)
{
    world_t *world = *state;
    s_ask (world->window, &world->baseline, 600, NOW, s_answer_from_popularity);
    assert_true (isnan (s_drift (world, FEATURE_SCORE, NOW)));
    assert_true (s_drift (world, FEATURE_HISTORY_LENGTH, NOW) >= 0);
}

static void
test_a_feature_without_baseline_gives_no_number (void **state)
{
    world_t *world = *state;
    world->baseline.features[FEATURE_SCORE] = (histogram_t){0};
    s_ask (world->window, &world->baseline, 600, NOW, NULL);
    assert_true (isnan (s_drift (world, FEATURE_SCORE, NOW)));
}

static void
test_what_is_older_than_an_hour_goes (void **state)
{
    world_t *world = *state;
    s_ask (world->window, &world->baseline, 1000, NOW, s_shorten);
    s_ask (world->window, &world->baseline, 1000, NOW + 2 * HOUR, NULL);
    assert_true (s_drift (world, FEATURE_HISTORY_LENGTH, NOW) > 0.25);
    assert_true (s_drift (world, FEATURE_HISTORY_LENGTH, NOW + 2 * HOUR) < 0.1);
}

static void
test_a_slow_service_is_looked_at_further_back (void **state)
{
    world_t *world = *state;
    window_sum_t sum;
    for (int64_t hour = 0; hour < 30; hour++)
        s_ask (world->window, &world->baseline, 60, NOW + hour * HOUR, NULL);
    window_sum (world->window, NOW + 29 * HOUR, &sum);
    assert_int_equal (sum.requests, 540); /* nine hours of 60 */
}

static void
test_nothing_is_kept_for_longer_than_a_day (void **state)
{
    world_t *world = *state;
    window_sum_t sum;
    s_ask (world->window, &world->baseline, 600, NOW, NULL);
    window_sum (world->window, NOW + 23 * HOUR, &sum);
    assert_int_equal (sum.requests, 600);
    window_sum (world->window, NOW + 25 * HOUR, &sum);
    assert_int_equal (sum.requests, 0);
    s_ask (world->window, &world->baseline, 1, NOW + 24 * HOUR, NULL); /* its slot */
    window_sum (world->window, NOW + 24 * HOUR, &sum);
    assert_int_equal (sum.requests, 1);
}

#define WORLD_TEST(name) cmocka_unit_test_setup_teardown (name, s_set_up, s_tear_down)

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_a_sample_gives_bins_by_its_size),
        cmocka_unit_test (test_a_small_sample_is_not_compared_with),
        cmocka_unit_test (test_json_and_back),
        cmocka_unit_test (test_what_is_missing_is_not_compared),
        cmocka_unit_test (test_what_is_wrong_is_named),
        WORLD_TEST (test_traffic_like_trainings_has_no_drift),
        WORLD_TEST (test_each_shift_shows_in_its_feature_alone),
        WORLD_TEST (test_few_requests_give_no_number),
        WORLD_TEST (test_a_feature_that_few_requests_have_gives_no_number),
        WORLD_TEST (test_a_feature_without_baseline_gives_no_number),
        WORLD_TEST (test_what_is_older_than_an_hour_goes),
        WORLD_TEST (test_a_slow_service_is_looked_at_further_back),
        WORLD_TEST (test_nothing_is_kept_for_longer_than_a_day),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

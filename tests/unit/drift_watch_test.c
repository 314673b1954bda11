/* Tests of actors/drift_watch. SPDX-License-Identifier: Apache-2.0 */
#include "actors/drift_watch.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/metrics.h"
#include "model/drift/window.h"
#include "tests/unit/tiny_model.h"

#define NOW 100000000

typedef struct {
    dataset_t *data;
    sasrec_weights_t *weights;
    model_t *models[2]; /* versions v1, v2 */
    drift_watch_t *watch;
} world_t;

/* Of 400 requests with 1 to 40 items. */
static baseline_t
s_baseline (void)
{
    feature_source_t sources[400];
    double score = 1;
    for (size_t i = 0; i < 400; i++)
        sources[i] =
            (feature_source_t){.history_count = 1 + i % 40, .newest = -1, .best = -1};
    return baseline_new (sources, 400, &score, 1);
}

static int
s_set_up (void **state)
{
    static const char *const versions[] = {"v1", "v2"};
    world_t *world = calloc (1, sizeof *world);
    const sasrec_shape_t shape = {20, 8, 1, 1, 4, 1, false, true};
    world->data = tiny_data (4, 20);
    world->weights = tiny_weights (&shape, 3);
    baseline_t baseline = s_baseline ();
    for (size_t i = 0; i < 2; i++) {
        world->models[i] = model_new (versions[i], world->weights,
            world->data->item_ids, world->data->item_counts);
        model_set_baseline (world->models[i], &baseline);
    }
    world->watch = drift_watch_new ();
    *state = world;
    return 0;
}

static int
s_tear_down (void **state)
{
    world_t *world = *state;
    drift_watch_destroy (&world->watch);
    for (size_t i = 0; i < 2; i++)
        model_destroy (&world->models[i]);
    sasrec_weights_destroy (&world->weights);
    dataset_destroy (&world->data);
    free (world);
    return 0;
}

/* count requests; of_length 0: as the baseline has them. */
static void
s_ask (world_t *world, size_t model, size_t count, size_t of_length, int64_t now_ms)
{
    tally_t tally = {0};
    for (size_t i = 0; i < count; i++) {
        feature_source_t source = {.history_count = of_length ? of_length : 1 + i % 40,
            .newest = -1,
            .best = -1};
        baseline_tally (model_baseline (world->models[model]), &source, &tally);
    }
    drift_watch_add (world->watch, world->models[model], &tally, now_ms);
}

/* -1: no such series. */
static double
s_metric (const char *series)
{
    char line[160];
    snprintf (line, sizeof line, "\n%s ", series);
    char *text = metrics_render (NULL), *found = strstr (text, line);
    double value = found ? strtod (found + strlen (line), NULL) : -1;
    free (text);
    return value;
}

static double
s_requests (const char *version)
{
    char series[120];
    snprintf (series, sizeof series,
        "sasrec_drift_window_requests{model_version=\"%s\"}", version);
    return s_metric (series);
}

static double
s_index (const char *feature, const char *version)
{
    char series[120];
    snprintf (series, sizeof series,
        "sasrec_drift_psi{feature=\"%s\",model_version=\"%s\"}", feature, version);
    return s_metric (series);
}

static void
test_a_model_is_named_before_it_is_asked (void **state)
{
    world_t *world = *state;
    assert_true (s_requests ("v1") == -1);
    drift_watch_publish (world->watch, world->models[0], NOW);
    assert_true (s_requests ("v1") == 0);
    assert_true (isnan (s_index ("history_length", "v1")));
}

static void
test_enough_requests_give_a_number (void **state)
{
    world_t *world = *state;
    s_ask (world, 0, WINDOW_REQUESTS - 1, 0, NOW);
    drift_watch_publish (world->watch, world->models[0], NOW);
    assert_true (s_requests ("v1") == WINDOW_REQUESTS - 1);
    assert_true (isnan (s_index ("history_length", "v1")));
    s_ask (world, 0, 600, 0, NOW);
    drift_watch_publish (world->watch, world->models[0], NOW + DRIFT_WATCH_MS);
    assert_true (s_requests ("v1") == WINDOW_REQUESTS + 599);
    assert_true (s_index ("history_length", "v1") >= 0);
    assert_true (s_index ("history_length", "v1") < 0.05);
    assert_true (isnan (s_index ("score", "v1"))); /* nobody had one */
    s_ask (world, 0, 3000, 1, NOW);
    drift_watch_publish (world->watch, world->models[0], NOW + 2 * DRIFT_WATCH_MS);
    assert_true (s_index ("history_length", "v1") > 0.25);
}

static void
test_publication_has_its_pace (void **state)
{
    world_t *world = *state;
    drift_watch_publish (world->watch, world->models[0], NOW);
    s_ask (world, 0, 7, 0, NOW);
    drift_watch_publish (world->watch, world->models[0], NOW + DRIFT_WATCH_MS - 1);
    assert_true (s_requests ("v1") == 0);
    drift_watch_publish (world->watch, world->models[0], NOW + DRIFT_WATCH_MS);
    assert_true (s_requests ("v1") == 7);
}

static void
test_numbers_go_when_requests_are_too_old (void **state)
{
    world_t *world = *state;
    const int64_t two_days_ms = INT64_C (2) * WINDOW_SLOTS * WINDOW_SLOT_MS;
    s_ask (world, 0, 600, 0, NOW);
    drift_watch_publish (world->watch, world->models[0], NOW);
    assert_true (s_index ("history_length", "v1") >= 0);
    drift_watch_publish (world->watch, world->models[0], NOW + two_days_ms);
    assert_true (s_requests ("v1") == 0);
    assert_true (isnan (s_index ("history_length", "v1")));
}

static void
test_a_new_model_begins_anew (void **state)
{
    world_t *world = *state;
    s_ask (world, 0, 600, 0, NOW);
    drift_watch_publish (world->watch, world->models[0], NOW);
    drift_watch_publish (world->watch, world->models[1], NOW + DRIFT_WATCH_MS);
    assert_true (s_requests ("v1") == -1);
    assert_true (s_index ("history_length", "v1") == -1);
    assert_true (s_requests ("v2") == 0);
    s_ask (world, 0, 600, 0, NOW); /* a batch that was still in work */
    s_ask (world, 1, 9, 0, NOW);
    drift_watch_publish (world->watch, world->models[1], NOW + 2 * DRIFT_WATCH_MS);
    assert_true (s_requests ("v2") == 9);
}

static void
test_a_model_without_baseline_has_no_numbers (void **state)
{
    world_t *world = *state;
    model_set_baseline (world->models[0], &(baseline_t){0});
    s_ask (world, 0, 600, 0, NOW);
    drift_watch_publish (world->watch, world->models[0], NOW);
    assert_true (s_requests ("v1") == -1);
    assert_true (s_index ("history_length", "v1") == -1);
}

static void
test_its_series_go_with_it (void **state)
{
    world_t *world = *state;
    s_ask (world, 0, 600, 0, NOW);
    drift_watch_publish (world->watch, world->models[0], NOW);
    drift_watch_destroy (&world->watch);
    assert_true (s_requests ("v1") == -1);
    assert_true (s_index ("history_length", "v1") == -1);
}

#define WORLD_TEST(name) cmocka_unit_test_setup_teardown (name, s_set_up, s_tear_down)

int
main (void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST (test_a_model_is_named_before_it_is_asked),
        WORLD_TEST (test_enough_requests_give_a_number),
        WORLD_TEST (test_publication_has_its_pace),
        WORLD_TEST (test_numbers_go_when_requests_are_too_old),
        WORLD_TEST (test_a_new_model_begins_anew),
        WORLD_TEST (test_a_model_without_baseline_has_no_numbers),
        WORLD_TEST (test_its_series_go_with_it),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

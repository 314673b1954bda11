/* /score and /explain through the http actor, the inference pool, its workers and the
 * router, compared with the model asked directly. SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "actors/inference_pool.h"
#include "actors/inference_worker.h"
#include "actors/result_router.h"
#include "tests/actors/actors.h"
#include "tests/actors/http_fixture.h"
#include "tests/actors/tiny_checkpoint.h"

#define ONCE    "inproc://explain-test-once"
#define FREE    "inproc://explain-test-free"
#define BATCH   "inproc://explain-test-batch"
#define RESULTS "inproc://explain-test-results"
#define WORKERS 2
#define TOLERANCE                                                                      \
    1e-4 /* rounding of the encoder's products in batches of other sizes */

typedef struct {
    fixture_t *http;
    tiny_folder_t folder;
    model_t *model; /* the same as in the slot, for ourselves */
    model_scratch_t *scratch;
    drift_watch_t *drift;
    atomic_size_t waiting;
    inference_pool_args_t pool_args;
    inference_worker_args_t worker_args[WORKERS];
    result_router_args_t router_args;
    zactor_t *router;
    zactor_t *pool;
    zactor_t *workers[WORKERS];
} world_t;

static void
s_start_workers (world_t *self)
{
    for (size_t i = 0; i < WORKERS; i++) {
        self->worker_args[i] = (inference_worker_args_t){.index = i,
            .batch_endpoint = BATCH,
            .free_endpoint = FREE,
            .results_endpoint = RESULTS,
            .batch_limit = 8,
            .slot = self->http->slot,
            .drift = self->drift};
        self->workers[i] = actor_start (inference_worker_actor, &self->worker_args[i]);
    }
}

static int
s_set_up (void **state)
{
    world_t *self = calloc (1, sizeof *self);
    s_setup_stopped ((void **)&self->http);
    self->folder = tiny_folder_new ();
    tiny_write (&self->folder, "v1", 8);
    model_t *model = tiny_load (&self->folder, "v1");
    model_slot_put (self->http->slot, &model);
    self->model = tiny_load (&self->folder, "v1");
    self->scratch = model_scratch_new (self->model, 1);
    self->drift = drift_watch_new ();
    self->http->args.slot = self->http->slot;
    self->http->args.once_endpoint = ONCE; /* of our pool, not the fixture's */
    self->router_args =
        (result_router_args_t){.results_endpoint = RESULTS, .ended = self->http->ended};
    self->pool_args = (inference_pool_args_t){.jobs_endpoint = "inproc://explain-jobs",
        .once_endpoint = ONCE,
        .free_endpoint = FREE,
        .batch_endpoint = BATCH,
        .worker_count = WORKERS,
        .job_limit = 1,
        .once_limit = 1000,
        .slot = self->http->slot,
        .waiting = &self->waiting};
    self->router = actor_start (result_router_actor, &self->router_args);
    self->pool = actor_start (inference_pool_actor, &self->pool_args);
    s_start_workers (self);
    s_command (self->http, "START", "OK");
    *state = self;
    return 0;
}

static int
s_tear_down (void **state)
{
    world_t *self = *state;
    void *http = self->http;
    zactor_destroy (&self->http->actor);
    actor_ask (self->pool, "QUIESCE");
    for (size_t i = 0; i < WORKERS; i++)
        zactor_destroy (&self->workers[i]);
    zactor_destroy (&self->pool);
    zactor_destroy (&self->router);
    s_teardown (&http);
    model_scratch_destroy (&self->scratch);
    model_destroy (&self->model);
    drift_watch_destroy (&self->drift);
    tiny_folder_remove (&self->folder);
    free (self);
    return 0;
}

/* The model's own score of an item after a history without another. */
static double
s_direct (
    world_t *self, const int64_t *history, size_t count, int64_t left_out, int64_t item)
{
    int64_t without[64], answered;
    float score;
    size_t kept = 0;
    for (size_t i = 0; i < count; i++)
        if (history[i] != left_out)
            without[kept++] = history[i];
    model_query_t query = {.history = without,
        .history_count = kept,
        .k = 1,
        .candidates = &item,
        .candidate_count = 1};
    model_answer_t answer = {.item_ids = &answered, .scores = &score};
    model_recommend (self->model, self->scratch, &query, 1, &answer);
    assert_int_equal (answer.count, 1);
    assert_false (answer.popular);
    return (double)score;
}

static answer_t
s_ask (world_t *self, const char *path, const char *body)
{
    answer_t answer = client_ask (self->http->port, "POST", path, "", body);
    if (answer.status != 200)
        fail_msg ("%d: %s", answer.status, answer.text);
    return answer;
}

static int64_t
s_integer (const json_t *object, const char *key)
{
    return json_integer_value (json_object_get (object, key));
}

static double
s_real (const json_t *object, const char *key)
{
    return json_number_value (json_object_get (object, key));
}

static void
s_add_history (strbuf_t *body, const int64_t *history, size_t count)
{
    strbuf_add (body, "{\"history\":");
    strbuf_add_json_int_array (body, history, count);
}

/* Every reason there is, against the definition; in order of their changes. */
static void
s_check_reasons (world_t *self, const int64_t *history, size_t count,
    const json_t *explanation, size_t expected)
{
    int64_t item = s_integer (explanation, "item_id");
    double whole = s_direct (self, history, count, -1, item), last = INFINITY;
    const json_t *reasons = json_object_get (explanation, "reasons");
    assert_int_equal (json_array_size (reasons), expected);
    assert_true (fabs (s_real (explanation, "score") - whole) < TOLERANCE);
    for (size_t i = 0; i < expected; i++) {
        const json_t *reason = json_array_get (reasons, i);
        double change = s_real (reason, "change");
        double direct = whole - s_direct (self, history, count,
                                    s_integer (reason, "item_id"), item);
        assert_true (fabs (change - direct) < TOLERANCE);
        assert_true (change <= last);
        last = change;
    }
}

/* Longer than the window of 8, with repetitions and items that nobody knows: each item of
 * the window is a reason once. */
static void
test_changes_are_those_of_the_definition (void **state)
{
    static const int64_t history[] = {
        10, 20, 30, 40, 5, 50, 60, 20, 70, 7, 80, 50, 90, 100};
    enum { COUNT = sizeof history / sizeof history[0], READ = 7 };
    strbuf_t body = STRBUF_EMPTY;
    s_add_history (&body, history, COUNT);
    strbuf_add (&body, ",\"k\":12,\"reasons\":200}");
    answer_t answer = s_ask (*state, "/explain", body.data);
    const json_t *explanations = json_object_get (answer.json, "explanations");
    assert_int_equal (json_array_size (explanations), 12);
    assert_int_equal (s_integer (answer.json, "history_used"), 8);
    assert_int_equal (s_integer (answer.json, "unknown_dropped"), 2);
    assert_int_equal (s_integer (answer.json, "left_out"), READ);
    assert_string_equal (client_text (&answer, "model_version"), "v1");
    for (size_t i = 0; i < 12; i++)
        s_check_reasons (
            *state, history, COUNT, json_array_get (explanations, i), READ);
    client_free (&answer);
    strbuf_free (&body);
}

/* They are the recommended ones, in their order. */
static void
test_what_is_recommended_is_explained (void **state)
{
    answer_t explained =
        s_ask (*state, "/explain", "{\"history\":[10,30],\"k\":4,\"exclude\":[40]}");
    answer_t recommended =
        s_ask (*state, "/recommend", "{\"history\":[10,30],\"k\":4,\"exclude\":[40]}");
    const json_t *items =
        json_object_get (json_object_get (recommended.json, "result"), "item_ids");
    const json_t *explanations = json_object_get (explained.json, "explanations");
    assert_int_equal (json_array_size (explanations), 4);
    for (size_t i = 0; i < 4; i++)
        assert_int_equal (s_integer (json_array_get (explanations, i), "item_id"),
            json_integer_value (json_array_get (items, i)));
    client_free (&explained);
    client_free (&recommended);
}

static void
test_given_items_are_explained (void **state)
{
    static const int64_t history[] = {30, 10, 20, 50};
    answer_t answer = s_ask (*state, "/explain",
        "{\"history\":[30,10,20,50],\"items\":[200,7,10],\"reasons\":2}");
    const json_t *explanations = json_object_get (answer.json, "explanations");
    const json_t *unknown = json_object_get (answer.json, "unknown_items");
    assert_int_equal (json_array_size (explanations), 2);
    assert_int_equal (s_integer (json_array_get (explanations, 1), "item_id"), 10);
    for (size_t i = 0; i < 2; i++)
        s_check_reasons (*state, history, 4, json_array_get (explanations, i), 2);
    assert_int_equal (json_array_size (unknown), 1);
    assert_int_equal (json_integer_value (json_array_get (unknown, 0)), 7);
    client_free (&answer);
}

/* Without its one item nothing is left to compare with. */
static void
test_a_history_of_one_item_carries_it_all (void **state)
{
    answer_t answer = s_ask (*state, "/explain", "{\"history\":[30,30,7],\"k\":1}");
    const json_t *reasons = json_object_get (
        json_array_get (json_object_get (answer.json, "explanations"), 0), "reasons");
    assert_int_equal (json_array_size (reasons), 1);
    const json_t *reason = json_array_get (reasons, 0);
    assert_int_equal (s_integer (reason, "item_id"), 30);
    assert_true (json_is_null (json_object_get (reason, "change")));
    client_free (&answer);
}

static void
test_what_is_popular_has_no_reasons (void **state)
{
    answer_t answer = s_ask (*state, "/explain", "{\"history\":[7],\"k\":2}");
    const json_t *first =
        json_array_get (json_object_get (answer.json, "explanations"), 0);
    assert_string_equal (client_text (&answer, "source"), "popular");
    assert_int_equal (s_integer (answer.json, "left_out"), 0);
    assert_int_equal (json_array_size (json_object_get (first, "reasons")), 0);
    client_free (&answer);
    answer = s_ask (*state, "/explain", "{\"history\":[10],\"allow\":[]}");
    assert_int_equal (
        json_array_size (json_object_get (answer.json, "explanations")), 0);
    client_free (&answer);
}

static void
test_scores_are_the_models (void **state)
{
    static const int64_t history[] = {30, 10, 20};
    answer_t answer =
        s_ask (*state, "/score", "{\"history\":[30,10,20],\"items\":[10,7,400,90]}");
    const json_t *items = json_object_get (answer.json, "item_ids");
    const json_t *scores = json_object_get (answer.json, "scores");
    assert_int_equal (json_array_size (items), 4);
    assert_true (json_is_null (json_array_get (scores, 1)));
    for (size_t i = 0; i < 4; i++) {
        int64_t item = json_integer_value (json_array_get (items, i));
        if (item != 7)
            assert_true (fabs (json_number_value (json_array_get (scores, i)) -
                               s_direct (*state, history, 3, -1, item)) < TOLERANCE);
    }
    assert_string_equal (client_text (&answer, "source"), "model");
    assert_non_null (strcasestr (answer.text, "Server-Timing: "));
    client_free (&answer);
}

static void
test_scores_come_ranked_when_that_is_asked (void **state)
{
    answer_t answer = s_ask (*state, "/score",
        "{\"history\":[30,10],\"items\":[20,7,40,60,80,100],\"order\":\"ranked\"}");
    const json_t *scores = json_object_get (answer.json, "scores");
    for (size_t i = 1; i < 5; i++)
        assert_true (json_number_value (json_array_get (scores, i - 1)) >=
                     json_number_value (json_array_get (scores, i)));
    assert_true (json_is_null (json_array_get (scores, 5)));
    assert_int_equal (json_integer_value (json_array_get (
                          json_object_get (answer.json, "unknown_items"), 0)),
        7);
    client_free (&answer);
}

static void
test_bad_fields_are_named (void **state)
{
    world_t *self = *state;
    static const char *const cases[][3] = {
        {"/score", "{\"history\":[1]}", "/items"},
        {"/score", "{\"history\":[1],\"items\":[]}", "/items"},
        {"/score", "{\"history\":[1],\"items\":[1],\"order\":\"best\"}", "/order"},
        {"/score", "{\"items\":[1]}", "/history"},
        {"/explain", "{\"history\":[1],\"k\":101}", "/k"},
        {"/explain", "{\"history\":[1],\"reasons\":0}", "/reasons"},
        {"/explain", "{\"history\":[1],\"items\":[]}", "/items"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        answer_t answer =
            client_ask (self->http->port, "POST", cases[i][0], "", cases[i][1]);
        s_check_problem (&answer, 422, "invalid-field");
        assert_string_equal (s_error_member (&answer, "pointer"), cases[i][2]);
        client_free (&answer);
    }
}

#define CASE(name) cmocka_unit_test_setup_teardown (name, s_set_up, s_tear_down)

int
main (void)
{
    const struct CMUnitTest tests[] = {
        CASE (test_changes_are_those_of_the_definition),
        CASE (test_what_is_recommended_is_explained),
        CASE (test_given_items_are_explained),
        CASE (test_a_history_of_one_item_carries_it_all),
        CASE (test_what_is_popular_has_no_reasons),
        CASE (test_scores_are_the_models),
        CASE (test_scores_come_ranked_when_that_is_asked),
        CASE (test_bad_fields_are_named),
    };
    s_block_signals ();
    return cmocka_run_group_tests (tests, NULL, NULL);
}

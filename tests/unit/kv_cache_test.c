/* Kept histories: what is found, what goes, and the answers of a model that keeps them.
 * SPDX-License-Identifier: Apache-2.0 */
#include "model/serve/kv_cache.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/metrics.h"
#include "base/rng.h"
#include "tests/unit/model_samples.h"
#include "tests/unit/tiny_served.h"

enum { ITEMS = 400, WINDOW = 80, K = 10, BATCH = 8, LONG = 60 };

static const sasrec_shape_t s_shape = {ITEMS, 16, 2, 2, WINDOW, 4, false, true};

typedef struct {
    sasrec_weights_t *weights;
    packed_t *packed;
    size_t size; /* of a history's entry, at least */
} world_t;

static int
s_setup (void **state)
{
    world_t *self = calloc (1, sizeof *self);
    self->weights = sample_weights (&s_shape, 5);
    self->packed = packed_new (self->weights, NULL);
    kept_t *kept = kept_new (self->packed, LONG, false);
    self->size = kept_size (kept);
    kept_destroy (&kept);
    *state = self;
    return 0;
}

static int
s_teardown (void **state)
{
    world_t *self = *state;
    packed_destroy (&self->packed);
    sasrec_weights_destroy (&self->weights);
    free (self);
    return 0;
}

/* A history of its own for each seed. */
static void
s_history (int32_t seed, int32_t tokens[WINDOW])
{
    for (int32_t i = 0; i < WINDOW; i++)
        tokens[i] = (seed * 31 + i * 7) % ITEMS;
}

static void
s_put (const world_t *self, kv_cache_t *cache, int32_t seed, size_t count)
{
    int32_t tokens[WINDOW];
    s_history (seed, tokens);
    kept_t *kept = kept_new (self->packed, count, false);
    kept_set_count (kept, count);
    kv_cache_put (cache, tokens, count, &kept);
    assert_null (kept);
}

/* Items that were there of the history; 0: none. */
static size_t
s_take (kv_cache_t *cache, int32_t seed, size_t count)
{
    int32_t tokens[WINDOW];
    s_history (seed, tokens);
    bool came_back;
    kept_t *kept = kv_cache_take (cache, tokens, count, &came_back);
    size_t found = kept ? kept_count (kept) : 0;
    kept_destroy (&kept);
    return found;
}

static void
a_beginning_is_found (void **state)
{
    const world_t *self = *state;
    kv_cache_t *cache = kv_cache_new (100 * self->size);
    for (size_t more = 1; more <= KV_CACHE_STEP; more++) {
        s_put (self, cache, 1, 30);
        assert_int_equal (s_take (cache, 1, 30 + more), 30);
    }
    s_put (self, cache, 1, 30);
    assert_int_equal (s_take (cache, 1, 30 + KV_CACHE_STEP + 1), 0);
    assert_int_equal (s_take (cache, 1, 29), 0);
    assert_int_equal (s_take (cache, 2, 30), 0);
    assert_int_equal (s_take (cache, 1, 31), 30);
    assert_int_equal (s_take (cache, 1, 31), 0); /* it was taken */
    kv_cache_destroy (&cache);
}

static void
who_asks_again_is_known (void **state)
{
    const world_t *self = *state;
    kv_cache_t *cache = kv_cache_new (100 * self->size);
    int32_t tokens[WINDOW];
    bool came_back = true;
    s_history (1, tokens);
    assert_null (kv_cache_take (cache, tokens, 30, &came_back));
    assert_false (came_back);
    assert_null (kv_cache_take (cache, tokens, 29, &came_back));
    assert_false (came_back);
    assert_null (kv_cache_take (cache, tokens, 30, &came_back));
    assert_true (came_back);
    assert_null (kv_cache_take (cache, tokens, 30 + KV_CACHE_STEP, &came_back));
    assert_true (came_back);
    s_history (2, tokens);
    assert_null (kv_cache_take (cache, tokens, 30, &came_back));
    assert_false (came_back);
    assert_null (kv_cache_take (cache, tokens, KV_CACHE_LEAST - 1, &came_back));
    assert_null (kv_cache_take (cache, tokens, KV_CACHE_LEAST - 1, &came_back));
    assert_false (came_back); /* too short to be kept */
    kv_cache_destroy (&cache);
}

static void
of_the_same_history_the_last_position_is_asked_for (void **state)
{
    kv_cache_t *cache = kv_cache_new (((world_t *)*state)->size * 4);
    s_put (*state, cache, 1, KV_CACHE_LEAST);
    assert_int_equal (s_take (cache, 1, KV_CACHE_LEAST), KV_CACHE_LEAST - 1);
    kv_cache_destroy (&cache);
}

static void
the_longest_beginning_is_taken (void **state)
{
    kv_cache_t *cache = kv_cache_new (((world_t *)*state)->size * 4);
    s_put (*state, cache, 1, 20);
    s_put (*state, cache, 1, 25);
    assert_int_equal (s_take (cache, 1, 27), 25);
    assert_int_equal (s_take (cache, 1, 27), 20);
    kv_cache_destroy (&cache);
}

static void
who_asked_longest_ago_goes_first (void **state)
{
    const world_t *self = *state;
    metric_t *bytes = metrics_gauge ("sasrec_kv_cache_bytes", "", "");
    metric_t *evicted = metrics_counter ("sasrec_kv_cache_evicted_total", "", "");
    double gone = metric_value (evicted), before = metric_value (bytes);
    size_t limit = 3 * self->size + 3 * 1024;
    kv_cache_t *cache = kv_cache_new (limit);
    for (int32_t user = 0; user < 3; user++)
        s_put (self, cache, user, LONG);
    assert_true (metric_value (evicted) == gone);
    assert_int_equal (s_take (cache, 0, LONG), LONG - 1);
    s_put (self, cache, 0, LONG);
    s_put (self, cache, 3, LONG);
    assert_true (metric_value (evicted) == gone + 1);
    assert_true (metric_value (bytes) - before <= (double)limit);
    assert_true (metric_value (bytes) - before >= 3 * (double)self->size);
    assert_int_equal (s_take (cache, 1, LONG), 0);
    assert_int_equal (s_take (cache, 0, LONG), LONG - 1);
    assert_int_equal (s_take (cache, 2, LONG), LONG - 1);
    assert_int_equal (s_take (cache, 3, LONG), LONG - 1);
    assert_true (metric_value (bytes) == before);
    kv_cache_destroy (&cache);
}

static void
the_same_history_has_one_place (void **state)
{
    const world_t *self = *state;
    metric_t *bytes = metrics_gauge ("sasrec_kv_cache_bytes", "", "");
    kv_cache_t *cache = kv_cache_new (100 * self->size);
    s_put (self, cache, 1, LONG);
    double one = metric_value (bytes);
    s_put (self, cache, 1, LONG);
    assert_true (metric_value (bytes) == one);
    kv_cache_destroy (&cache);
}

static void
what_is_too_large_is_not_kept (void **state)
{
    const world_t *self = *state;
    kv_cache_t *cache = kv_cache_new (self->size - 1);
    s_put (self, cache, 1, LONG);
    assert_int_equal (s_take (cache, 1, LONG), 0);
    kv_cache_destroy (&cache);
}

/* Models of the same weights, one of which keeps histories. */
typedef struct {
    tiny_served_t plain, keeping;
} pair_t;

static void
s_start (pair_t *self, size_t bytes)
{
    tiny_serve (&self->plain, &s_shape, BATCH);
    tiny_serve (&self->keeping, &s_shape, BATCH);
    model_keep_histories (self->keeping.model, bytes);
}

static void
s_end (pair_t *self)
{
    tiny_served_end (&self->plain);
    tiny_served_end (&self->keeping);
}

typedef struct {
    int64_t items[BATCH][K];
    float scores[BATCH][K];
    model_answer_t answers[BATCH];
} answers_t;

static void
s_ask (const model_t *model, model_scratch_t *scratch, const model_query_t *queries,
    answers_t *all)
{
    memset (all, 0, sizeof *all);
    for (size_t i = 0; i < BATCH; i++)
        all->answers[i] =
            (model_answer_t){.item_ids = all->items[i], .scores = all->scores[i]};
    model_recommend (model, scratch, queries, BATCH, all->answers);
}

/* Users whose histories grow by none to three items, past the window, some unknown; two of
 * the batch have the same. */
typedef struct {
    int64_t histories[BATCH][3 * WINDOW];
    size_t counts[BATCH];
    model_query_t queries[BATCH];
    rng_t rng;
} users_t;

static void
s_grow (users_t *self, size_t most)
{
    for (size_t user = 0; user + 1 < BATCH; user++)
        for (uint64_t more = rng_below (&self->rng, most); more > 0; more--)
            self->histories[user][self->counts[user]++] =
                10 * (int64_t)rng_below (&self->rng, ITEMS + 20);
    memcpy (self->histories[BATCH - 1], self->histories[0], sizeof *self->histories);
    self->counts[BATCH - 1] = self->counts[0];
    for (size_t user = 0; user < BATCH; user++)
        self->queries[user] = (model_query_t){.history = self->histories[user],
            .history_count = self->counts[user],
            .k = K,
            .rules.include_seen = user % 2 == 0};
}

static void
answers_are_the_same_to_the_bit (void **state)
{
    (void)state;
    metric_t *hits =
        metrics_counter ("sasrec_kv_cache_lookups_total", "", "outcome=\"hit\"");
    const size_t limits[] = {1 << 24, 60000}; /* all fit; hardly one does */
    for (size_t i = 0; i < 2; i++) {
        pair_t pair = {0};
        users_t users = {.counts = {0}};
        static answers_t plain, kept;
        rng_seed (&users.rng, 1, i);
        s_start (&pair, limits[i]);
        double before = metric_value (hits);
        for (int round = 0; round < 60; round++) {
            s_grow (&users, round ? 4 : 40);
            s_ask (pair.plain.model, pair.plain.scratch, users.queries, &plain);
            s_ask (pair.keeping.model, pair.keeping.scratch, users.queries, &kept);
            assert_memory_equal (kept.items, plain.items, sizeof plain.items);
            assert_memory_equal (kept.scores, plain.scores, sizeof plain.scores);
            for (size_t user = 0; user < BATCH; user++)
                assert_int_equal (
                    kept.answers[user].history_used, plain.answers[user].history_used);
        }
        assert_true (metric_value (hits) > before + (i ? 0 : 100));
        s_end (&pair);
    }
}

typedef struct {
    pair_t *pair;
    uint64_t seed;
    bool differs;
} thread_t;

static void *
s_thread (void *context)
{
    thread_t *self = context;
    model_scratch_t *scratch = model_scratch_new (self->pair->plain.model, BATCH);
    users_t *users = calloc (1, sizeof *users);
    answers_t *plain = malloc (sizeof *plain), *kept = malloc (sizeof *kept);
    rng_seed (&users->rng, 1, self->seed);
    for (int round = 0; round < 40; round++) {
        s_grow (users, 4);
        s_ask (self->pair->plain.model, scratch, users->queries, plain);
        s_ask (self->pair->keeping.model, scratch, users->queries, kept);
        self->differs |= memcmp (plain->items, kept->items, sizeof plain->items) != 0;
    }
    free (plain);
    free (kept);
    free (users);
    model_scratch_destroy (&scratch);
    return NULL;
}

/* The same users in each, so that they take entries away from each other. */
static void
threads_share_it (void **state)
{
    (void)state;
    enum { THREADS = 4 };
    metric_t *bytes = metrics_gauge ("sasrec_kv_cache_bytes", "", "");
    double before = metric_value (bytes);
    pair_t pair = {0};
    s_start (&pair, 1 << 19);
    thread_t threads[THREADS];
    pthread_t ids[THREADS];
    for (size_t i = 0; i < THREADS; i++) {
        threads[i] = (thread_t){&pair, i / 2, false};
        assert_int_equal (pthread_create (&ids[i], NULL, s_thread, &threads[i]), 0);
    }
    for (size_t i = 0; i < THREADS; i++) {
        pthread_join (ids[i], NULL);
        assert_false (threads[i].differs);
    }
    assert_true (metric_value (bytes) - before <= 1 << 19);
    s_end (&pair);
    assert_true (metric_value (bytes) == before);
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown (a_beginning_is_found, s_setup, s_teardown),
        cmocka_unit_test_setup_teardown (who_asks_again_is_known, s_setup, s_teardown),
        cmocka_unit_test_setup_teardown (
            of_the_same_history_the_last_position_is_asked_for, s_setup, s_teardown),
        cmocka_unit_test_setup_teardown (
            the_longest_beginning_is_taken, s_setup, s_teardown),
        cmocka_unit_test_setup_teardown (
            who_asked_longest_ago_goes_first, s_setup, s_teardown),
        cmocka_unit_test_setup_teardown (
            the_same_history_has_one_place, s_setup, s_teardown),
        cmocka_unit_test_setup_teardown (
            what_is_too_large_is_not_kept, s_setup, s_teardown),
        cmocka_unit_test (answers_are_the_same_to_the_bit),
        cmocka_unit_test (threads_share_it),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

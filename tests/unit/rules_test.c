/* Rules against brute force: the score of every item, what the rules leave of them, the
 * best of that. SPDX-License-Identifier: Apache-2.0 */
#include "model/serve/model.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/tiny_served.h"

enum {
    ITEMS = 150,
    WINDOW = 12,
    IDS = ITEMS + 20, /* some are unknown */
    LIST = 60,        /* ids in a list, at most */
    BATCH = 16,
    TURNS = 10000
};

typedef struct {
    tiny_served_t served;
    rng_t rng;
} fixture_t;

typedef struct {
    int64_t history[LIST], exclude[LIST], allow[LIST];
    model_query_t query;
    int64_t item_ids[ITEMS];
    float scores[ITEMS];
} asked_t;

static int
s_setup (void **state)
{
    fixture_t *self = calloc (1, sizeof *self);
    const sasrec_shape_t shape = {ITEMS, 16, 1, 2, WINDOW, 4, false, true};
    tiny_serve (&self->served, &shape, BATCH);
    rng_seed (&self->rng, 11, 0);
    *state = self;
    return 0;
}

static int
s_teardown (void **state)
{
    fixture_t *self = *state;
    tiny_served_end (&self->served);
    free (self);
    return 0;
}

static size_t
s_draw_ids (fixture_t *self, int64_t ids[LIST])
{
    size_t count = rng_below (&self->rng, 3) ? rng_below (&self->rng, LIST) : 0;
    for (size_t i = 0; i < count; i++)
        ids[i] = 10 * (int64_t)(1 + rng_below (&self->rng, IDS));
    return count;
}

static void
s_draw (fixture_t *self, asked_t *asked)
{
    model_query_t *query = &asked->query;
    *query = (model_query_t){.history = asked->history,
        .exclude = asked->exclude,
        .allow = asked->allow,
        .only_allowed = rng_below (&self->rng, 3) == 0,
        .include_seen = rng_below (&self->rng, 3) == 0,
        .only_seen = rng_below (&self->rng, 4) == 0,
        .k = 1 + rng_below (&self->rng, ITEMS)};
    query->history_count = s_draw_ids (self, asked->history);
    query->exclude_count = s_draw_ids (self, asked->exclude);
    query->allow_count = query->only_allowed ? s_draw_ids (self, asked->allow) : 0;
}

static bool
s_in (int64_t id, const int64_t *ids, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (ids[i] == id)
            return true;
    return false;
}

static bool
s_eligible (const model_query_t *query, int64_t id)
{
    bool seen = s_in (id, query->history, query->history_count);
    if (query->only_seen ? !seen : seen && !query->include_seen)
        return false;
    if (query->only_allowed && !s_in (id, query->allow, query->allow_count))
        return false;
    return !s_in (id, query->exclude, query->exclude_count);
}

/* Scores of every item for the history, by dense index: what no rule has touched. */
static bool
s_score_all (fixture_t *self, const model_query_t *query, float scores[ITEMS])
{
    int64_t item_ids[ITEMS];
    float ranked[ITEMS];
    model_query_t all = {.history = query->history,
        .history_count = query->history_count,
        .include_seen = true,
        .k = ITEMS};
    model_answer_t answer = {.item_ids = item_ids, .scores = ranked};
    model_recommend (self->served.model, self->served.scratch, &all, 1, &answer);
    assert_int_equal (answer.count, ITEMS);
    for (size_t i = 0; i < ITEMS; i++)
        scores[model_item_index (self->served.model, item_ids[i])] = ranked[i];
    return answer.popular;
}

static int
s_compare (const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;
    return (x < y) - (x > y);
}

static void
s_check (fixture_t *self, const asked_t *asked, const model_answer_t *answer)
{
    float all[ITEMS], eligible[ITEMS];
    size_t count = 0;
    assert_int_equal (answer->popular, s_score_all (self, &asked->query, all));
    for (size_t i = 0; i < ITEMS; i++)
        if (s_eligible (&asked->query, model_item_id (self->served.model, i)))
            eligible[count++] = all[i];
    qsort (eligible, count, sizeof *eligible, s_compare);
    size_t k = asked->query.k < count ? asked->query.k : count;
    assert_int_equal (answer->count, k);
    for (size_t i = 0; i < k; i++) {
        int64_t id = answer->item_ids[i];
        assert_true (s_eligible (&asked->query, id));
        assert_false (s_in (id, answer->item_ids, i));
        assert_true (fabsf (answer->scores[i] - eligible[i]) < 1e-5f);
        assert_true (fabsf (answer->scores[i] -
                            all[model_item_index (self->served.model, id)]) < 1e-5f);
    }
}

static void
rules_leave_the_best_of_what_they_allow (void **state)
{
    fixture_t *self = *state;
    asked_t *asked = calloc (BATCH, sizeof *asked);
    for (size_t turn = 0; turn < TURNS; turn += BATCH) {
        model_query_t queries[BATCH];
        model_answer_t answers[BATCH];
        for (size_t i = 0; i < BATCH; i++) {
            s_draw (self, &asked[i]);
            queries[i] = asked[i].query;
            answers[i] = (model_answer_t){
                .item_ids = asked[i].item_ids, .scores = asked[i].scores};
        }
        model_recommend (
            self->served.model, self->served.scratch, queries, BATCH, answers);
        for (size_t i = 0; i < BATCH; i++)
            s_check (self, &asked[i], &answers[i]);
    }
    free (asked);
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (rules_leave_the_best_of_what_they_allow),
    };
    return cmocka_run_group_tests (tests, s_setup, s_teardown);
}

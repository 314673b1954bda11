/* Rules against brute force: the score of every item, what the rules leave of them, the
 * best of that; and what each rule removed. SPDX-License-Identifier: Apache-2.0 */
#include "model/serve/model.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "model/kernel/dot.h"
#include "model/serve/diversity.h"
#include "model/serve/offer.h"
#include "tests/unit/tiny_served.h"

enum {
    ITEMS = 2400, /* so many that not all rules leave few enough to gather */
    WIDTH = 16,
    WINDOW = 12,
    IDS = ITEMS + 300, /* some are unknown */
    LIST = 1500,       /* ids in a list, at most */
    HISTORY = 60,
    CATEGORIES = 9, /* the last one is of no item */
    NAMES = 3,      /* of one list, at most */
    OFFERS = 2,
    BATCH = 16,
    TURNS = 10000
};

static const char *const s_names[CATEGORIES] = {
    "books", "toys", "b", "\xc3\xa9t\xc3\xa9", "4", "5", "6", "7", "none"};

/* What brute force knows of the items, by dense index. */
typedef struct {
    offer_t *offer;
    bool has[CATEGORIES][ITEMS];
    bool hidden[ITEMS];
} known_t;

typedef struct {
    tiny_served_t served;
    catalogue_t *catalogues[OFFERS];
    known_t *known; /* OFFERS, and one of nothing */
    rng_t rng;
    float log_shares[ITEMS];
    bool popular;          /* of the history in work: the model does not know it */
    float all[ITEMS];      /* the score of each item, by dense index */
    int64_t ranked[ITEMS]; /* item ids by it */
} fixture_t;

typedef struct {
    int64_t history[HISTORY], exclude[LIST], allow[LIST];
    const char *any[NAMES], *all[NAMES], *none[NAMES];
    const known_t *known;
    model_query_t query;
    int64_t item_ids[ITEMS];
    float scores[ITEMS];
} asked_t;

/* An item of brute force. */
typedef struct {
    int32_t index;
    float score;
} scored_t;

static void
s_put (fixture_t *self, catalogue_t *catalogue, known_t *known, size_t item)
{
    char names[80] = "";
    catalogue_row_t row = {.item_id = model_item_id (self->served.model, item),
        .hidden = rng_below (&self->rng, 10) == 0,
        .from_ms = CATALOGUE_ALWAYS,
        .until_ms = CATALOGUE_NEVER};
    known->hidden[item] = row.hidden;
    for (size_t i = rng_below (&self->rng, 4); i > 0; i--) {
        size_t category = rng_below (&self->rng, CATEGORIES - 1);
        char one[] = {CATEGORIES_SEPARATOR, '\0'};
        if (*names)
            strcat (names, one);
        strcat (names, s_names[category]);
        known->has[category][item] = true;
    }
    catalogue_put (catalogue, &row, names);
}

/* Not all items have a row. */
static void
s_set_up_catalogues (fixture_t *self)
{
    self->known = calloc (OFFERS + 1, sizeof *self->known);
    assert_non_null (self->known);
    for (size_t o = 0; o < OFFERS; o++) {
        self->catalogues[o] = catalogue_new ();
        for (size_t i = 0; i < ITEMS; i++)
            if (rng_below (&self->rng, 8))
                s_put (self, self->catalogues[o], &self->known[o], i);
        self->known[o].offer = offer_new (self->catalogues[o], self->served.model, 0);
    }
}

static int
s_setup (void **state)
{
    fixture_t *self = calloc (1, sizeof *self);
    const sasrec_shape_t shape = {ITEMS, WIDTH, 1, 2, WINDOW, 4, false, true};
    tiny_serve (&self->served, &shape, BATCH);
    rng_seed (&self->rng, 11, 0);
    double total = 0;
    for (size_t i = 0; i < ITEMS; i++)
        total += (double)self->served.data->item_counts[i];
    for (size_t i = 0; i < ITEMS; i++)
        self->log_shares[i] =
            (float)log ((double)self->served.data->item_counts[i] / total);
    s_set_up_catalogues (self);
    *state = self;
    return 0;
}

static int
s_teardown (void **state)
{
    fixture_t *self = *state;
    for (size_t o = 0; o < OFFERS; o++) {
        offer_destroy (&self->known[o].offer);
        catalogue_destroy (&self->catalogues[o]);
    }
    free (self->known);
    tiny_served_end (&self->served);
    free (self);
    return 0;
}

static bool
s_one_in (fixture_t *self, uint64_t turns)
{
    return rng_below (&self->rng, turns) == 0;
}

static float
s_part (fixture_t *self)
{
    return s_one_in (self, 3) ? (float)rng_below (&self->rng, 11) / 10 : 0;
}

static size_t
s_draw_ids (fixture_t *self, size_t most, int64_t *ids)
{
    size_t count = s_one_in (self, 3) ? 0 : rng_below (&self->rng, most);
    for (size_t i = 0; i < count; i++)
        ids[i] = 10 * (int64_t)(1 + rng_below (&self->rng, IDS));
    return count;
}

static void
s_draw_history (fixture_t *self, asked_t *asked)
{
    asked->query = (model_query_t){.history = asked->history,
        .history_count = s_draw_ids (self, HISTORY, asked->history),
        .rules.include_seen = true,
        .k = ITEMS};
}

/* Any ids; or the very best items, which the scan would find. */
static size_t
s_draw_exclude (fixture_t *self, asked_t *asked)
{
    if (!s_one_in (self, 4))
        return s_draw_ids (self, s_one_in (self, 3) ? LIST : 40, asked->exclude);
    size_t count = rng_below (&self->rng, LIST);
    memcpy (asked->exclude, self->ranked, count * sizeof *asked->exclude);
    return count;
}

static category_names_t
s_draw_names (fixture_t *self, const char *names[NAMES])
{
    size_t count = s_one_in (self, 2) ? 0 : rng_below (&self->rng, NAMES + 1);
    for (size_t i = 0; i < count; i++)
        names[i] = s_names[rng_below (&self->rng, CATEGORIES)];
    return (category_names_t){names, count};
}

static void
s_draw_categories (fixture_t *self, asked_t *asked)
{
    eligible_rules_t *rules = &asked->query.rules;
    asked->known = &self->known[rng_below (&self->rng, OFFERS + 1)];
    asked->query.offer = asked->known->offer;
    rules->include_hidden = s_one_in (self, 3);
    if (s_one_in (self, 2))
        return;
    rules->categories.any = s_draw_names (self, asked->any);
    rules->categories.all = s_draw_names (self, asked->all);
    rules->categories.none = s_draw_names (self, asked->none);
}

static void
s_draw_rules (fixture_t *self, asked_t *asked)
{
    model_query_t *query = &asked->query;
    eligible_rules_t *rules = &query->rules;
    query->k = 1 + rng_below (&self->rng, s_one_in (self, 3) ? ITEMS : 30);
    query->diversity = s_part (self);
    query->popularity = s_part (self);
    query->has_min_score = s_one_in (self, 4);
    query->min_score = self->all[rng_below (&self->rng, ITEMS)];
    s_draw_categories (self, asked);
    rules->include_seen = s_one_in (self, 3);
    rules->only_seen = s_one_in (self, 5);
    rules->only_allowed = s_one_in (self, 3);
    rules->exclude = asked->exclude;
    rules->exclude_count = s_draw_exclude (self, asked);
    rules->allow = asked->allow;
    rules->allow_count =
        s_draw_ids (self, s_one_in (self, 2) ? LIST : 40, asked->allow);
}

static void
s_mark (const fixture_t *self, const int64_t *ids, size_t count, bool marks[ITEMS])
{
    memset (marks, 0, ITEMS * sizeof *marks);
    for (size_t i = 0; i < count; i++) {
        int32_t index = model_item_index (self->served.model, ids[i]);
        if (index >= 0)
            marks[index] = true;
    }
}

static bool
s_has (const known_t *known, const char *name, size_t item)
{
    for (size_t i = 0; i < CATEGORIES; i++)
        if (strcmp (s_names[i], name) == 0)
            return known->has[i][item];
    return false;
}

static bool
s_fits (const known_t *known, const category_rule_t *rule, size_t item)
{
    bool any = rule->any.count == 0;
    for (size_t i = 0; i < rule->any.count; i++)
        any = any || s_has (known, rule->any.names[i], item);
    for (size_t i = 0; i < rule->all.count; i++)
        any = any && s_has (known, rule->all.names[i], item);
    for (size_t i = 0; i < rule->none.count; i++)
        any = any && !s_has (known, rule->none.names[i], item);
    return any;
}

/* What the rules leave, with the scores that are ranked, by dense index. */
static size_t
s_leave (const fixture_t *self, const asked_t *asked, scored_t *left,
    size_t removed[RULE_COUNT])
{
    const model_query_t *query = &asked->query;
    static bool seen[ITEMS], excluded[ITEMS], allowed[ITEMS];
    const eligible_rules_t *rules = &query->rules;
    size_t count = 0;
    s_mark (self, query->history, query->history_count, seen);
    s_mark (self, rules->exclude, rules->exclude_count, excluded);
    s_mark (self, rules->allow, rules->allow_count, allowed);
    for (size_t i = 0; i < ITEMS; i++) {
        float t = query->popularity, share = self->log_shares[i];
        float lifted = self->all[i] + -t * share;
        if (rules->only_seen ? !seen[i] : seen[i] && !rules->include_seen)
            removed[RULE_SEEN]++;
        else if (excluded[i])
            removed[RULE_EXCLUDE]++;
        else if (rules->only_allowed && !allowed[i])
            removed[RULE_ALLOW]++;
        else if (!s_fits (asked->known, &rules->categories, i))
            removed[RULE_CATEGORIES]++;
        else if (asked->known->hidden[i] && !rules->include_hidden)
            removed[RULE_HIDDEN]++;
        else
            left[count++] =
                (scored_t){(int32_t)i, self->popular ? (1 - t) * share + 0.0f : lifted};
    }
    return count;
}

static int
s_compare (const void *a, const void *b)
{
    const scored_t *x = a, *y = b;
    if (x->score != y->score)
        return x->score < y->score ? 1 : -1;
    return x->index - y->index;
}

static double
s_product (const fixture_t *self, int32_t a, int32_t b)
{
    const float *items = sasrec_items (self->served.weights);
    return (double)dot (items + a * WIDTH, items + b * WIDTH, WIDTH);
}

/* The definition in diversity.h: each time all that is left is looked at anew. */
static void
s_diversify (const fixture_t *self, double diversity, scored_t *best, size_t count)
{
    static double cosines[DIVERSITY_POOL][DIVERSITY_POOL];
    scored_t pool[DIVERSITY_POOL];
    size_t order[DIVERSITY_POOL], n = count < DIVERSITY_POOL ? count : DIVERSITY_POOL;
    bool taken[DIVERSITY_POOL] = {false};
    memcpy (pool, best, n * sizeof *pool);
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++)
            cosines[i][j] = s_product (self, pool[i].index, pool[j].index) /
                            (sqrt (s_product (self, pool[i].index, pool[i].index)) *
                                sqrt (s_product (self, pool[j].index, pool[j].index)));
    for (size_t step = 0; step < n; step++) {
        double most = -INFINITY;
        double low = (double)pool[n - 1].score, range = (double)pool[0].score - low;
        for (size_t i = 0; i < n; i++) {
            double nearest = step ? -INFINITY : 0;
            for (size_t j = 0; j < step; j++)
                nearest = fmax (nearest, cosines[i][order[j]]);
            double relevance = range > 0 ? ((double)pool[i].score - low) / range : 1;
            double value = (1 - diversity) * relevance - diversity * nearest;
            if (!taken[i] && value > most) {
                most = value;
                order[step] = i;
            }
        }
        taken[order[step]] = true;
        best[step] = pool[order[step]];
    }
}

static void
s_check (const fixture_t *self, const asked_t *asked, const model_answer_t *answer)
{
    static scored_t left[ITEMS];
    const model_query_t *query = &asked->query;
    size_t removed[RULE_COUNT] = {0}, k = query->k;
    size_t count = s_leave (self, asked, left, removed);
    qsort (left, count, sizeof *left, s_compare);
    size_t most = query->diversity > 0 && k < DIVERSITY_POOL ? DIVERSITY_POOL : k;
    count = count < most ? count : most;
    for (; query->has_min_score && !self->popular && count > 0 &&
           left[count - 1].score < query->min_score;
         count--)
        removed[RULE_MIN_SCORE]++;
    if (query->diversity > 0)
        s_diversify (self, (double)query->diversity, left, count);
    assert_memory_equal (answer->removed, removed, sizeof removed);
    assert_int_equal (answer->popular, self->popular);
    assert_int_equal (answer->count, k < count ? k : count);
    for (size_t i = 0; i < answer->count; i++) {
        size_t index = (size_t)left[i].index;
        assert_int_equal (
            answer->item_ids[i], model_item_id (self->served.model, index));
        assert_memory_equal (&answer->scores[i], &left[i].score, sizeof (float));
    }
}

static void
s_ask (fixture_t *self, asked_t *asked, model_answer_t *answers)
{
    model_query_t queries[BATCH];
    for (size_t i = 0; i < BATCH; i++) {
        queries[i] = asked[i].query;
        answers[i] =
            (model_answer_t){.item_ids = asked[i].item_ids, .scores = asked[i].scores};
    }
    model_recommend (self->served.model, self->served.scratch, queries, BATCH, answers);
}

/* What no rule has touched: all items. */
static void
s_keep_all (fixture_t *self, const asked_t *asked, const model_answer_t *answer)
{
    assert_int_equal (answer->count, ITEMS);
    self->popular = answer->popular;
    for (size_t i = 0; i < ITEMS; i++) {
        int64_t id = asked->item_ids[i];
        self->ranked[i] = id;
        self->all[model_item_index (self->served.model, id)] = asked->scores[i];
    }
}

/* The same histories in the same batch, so that hidden vectors are the same to the bit. */
static void
rules_leave_the_best_of_what_they_allow (void **state)
{
    fixture_t *self = *state;
    asked_t *asked = calloc (BATCH, sizeof *asked);
    fixture_t *known = calloc (BATCH, sizeof *known); /* of each of the batch */
    assert_true (asked && known);
    model_answer_t answers[BATCH];
    for (size_t turn = 0; turn < TURNS; turn += BATCH) {
        for (size_t i = 0; i < BATCH; i++)
            s_draw_history (self, &asked[i]);
        s_ask (self, asked, answers);
        for (size_t i = 0; i < BATCH; i++) {
            s_keep_all (self, &asked[i], &answers[i]);
            s_draw_rules (self, &asked[i]);
            known[i] = *self;
        }
        s_ask (self, asked, answers);
        for (size_t i = 0; i < BATCH; i++)
            s_check (&known[i], &asked[i], &answers[i]);
    }
    free (known);
    free (asked);
}

static void
a_model_does_not_count_what_it_was_told_as_its_choice (void **state)
{
    fixture_t *self = *state;
    int64_t history[] = {10}, allow[] = {20, 30}, item_ids[10];
    float scores[10];
    model_query_t queries[] = {
        {.history = history, .history_count = 1, .k = 5},
        {.history = history, .history_count = 1, .k = 5, .diversity = 0.5f},
        {.history = history, .history_count = 1, .k = 5, .popularity = 0.5f},
        {.history = history,
            .history_count = 1,
            .k = 5,
            .rules = {.allow = allow, .allow_count = 2, .only_allowed = true}},
        {.history = history,
            .history_count = 1,
            .k = 5,
            .has_min_score = true,
            .min_score = 1e9f},
    };
    const bool own[] = {true, true, false, false, false};
    for (size_t i = 0; i < sizeof own / sizeof *own; i++) {
        model_answer_t answer = {.item_ids = item_ids, .scores = scores};
        model_recommend (
            self->served.model, self->served.scratch, &queries[i], 1, &answer);
        assert_int_equal (answer.best >= 0, own[i]);
    }
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (rules_leave_the_best_of_what_they_allow),
        cmocka_unit_test (a_model_does_not_count_what_it_was_told_as_its_choice),
    };
    return cmocka_run_group_tests (tests, s_setup, s_teardown);
}

/* Tests of model/serve/categories, catalogue and offer, and of what a model makes of them.
 * SPDX-License-Identifier: Apache-2.0 */
#include "model/serve/offer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/tiny_served.h"

enum { ITEMS = 150, NOW_MS = 1000000, TURNS = 400 };

static const sasrec_shape_t s_shape = {ITEMS, 16, 1, 2, 12, 4, false, true};

static int
s_set_up (void **state)
{
    tiny_served_t *served = calloc (1, sizeof *served);
    tiny_serve (served, &s_shape, 4);
    *state = served;
    return 0;
}

static int
s_tear_down (void **state)
{
    tiny_served_end (*state);
    free (*state);
    return 0;
}

/* Categories */

static void
test_a_set_is_found_again_and_has_its_members (void **state)
{
    (void)state;
    categories_t *self = categories_new ();
    size_t count;
    uint32_t set = categories_add (&self, "drama\x1f"
                                          "comedy\x1f"
                                          "drama");
    assert_int_equal (categories_add (&self, ""), CATEGORIES_NO_SET);
    assert_int_equal (categories_add (&self, NULL), CATEGORIES_NO_SET);
    assert_int_equal (categories_add (&self, "drama\x1f"
                                             "comedy\x1f"
                                             "drama"),
        set);
    const uint32_t *members = categories_set (self, set, &count);
    assert_int_equal (count, 2);
    assert_string_equal (categories_name (self, members[0]), "drama");
    assert_int_equal (categories_find (self, "comedy"), members[1]);
    assert_int_equal (categories_find (self, "com"), -1);
    categories_set (self, CATEGORIES_NO_SET, &count);
    assert_int_equal (count, 0);
    categories_release (&self);
}

static void
test_what_others_hold_does_not_change (void **state)
{
    (void)state;
    categories_t *self = categories_new ();
    uint32_t drama = categories_add (&self, "drama");
    categories_t *held = categories_retain (self);
    uint32_t comedy = categories_add (&self, "comedy\x1f"
                                             "drama");
    assert_ptr_not_equal (self, held);
    assert_int_equal (categories_set_count (held), 2);
    assert_int_equal (categories_find (held, "comedy"), -1);
    assert_int_equal (categories_add (&self, "drama"), drama); /* numbers stay */
    size_t count;
    assert_int_equal (
        categories_set (self, comedy, &count)[1], categories_find (held, "drama"));
    categories_release (&held);
    categories_release (&self);
}

/* Catalogue */

static catalogue_row_t
s_row (int64_t item_id, bool hidden, int64_t from_ms, int64_t until_ms)
{
    return (catalogue_row_t){item_id, hidden, from_ms, until_ms, 0};
}

static void
s_put (catalogue_t *catalogue, int64_t item_id, bool hidden, int64_t from_ms,
    int64_t until_ms, const char *categories)
{
    catalogue_row_t row = s_row (item_id, hidden, from_ms, until_ms);
    catalogue_put (catalogue, &row, categories);
}

static void
s_hide (catalogue_t *catalogue, int64_t item_id)
{
    s_put (catalogue, item_id, true, CATALOGUE_ALWAYS, CATALOGUE_NEVER, "");
}

static void
test_the_last_put_of_an_item_counts (void **state)
{
    (void)state;
    catalogue_t *self = catalogue_new ();
    catalogue_row_t row;
    assert_false (catalogue_find (self, 10, &row));
    s_put (self, 10, true, 5, 7, "a");
    s_put (self, 10, false, CATALOGUE_ALWAYS, 9, "b");
    s_hide (self, 0);
    assert_true (catalogue_find (self, 10, &row));
    assert_false (row.hidden);
    assert_true (row.from_ms == CATALOGUE_ALWAYS);
    assert_int_equal (row.until_ms, 9);
    assert_string_equal (categories_name (catalogue_categories (self), 1), "b");
    assert_int_equal (catalogue_count (self), 2);
    catalogue_destroy (&self);
}

static void
test_an_item_is_on_offer_from_its_beginning_to_before_its_end (void **state)
{
    (void)state;
    catalogue_row_t row = s_row (1, false, 5, 7);
    assert_false (catalogue_offers (&row, 4));
    assert_true (catalogue_offers (&row, 5));
    assert_true (catalogue_offers (&row, 6));
    assert_false (catalogue_offers (&row, 7));
    row.hidden = true;
    assert_false (catalogue_offers (&row, 6));
}

/* Offer */

static bool
s_is_hidden (const offer_t *offer, const model_t *model, int64_t item_id)
{
    size_t item = (size_t)model_item_index (model, item_id);
    const uint64_t *hidden = offer_hidden (offer);
    return hidden && hidden[item / 64] >> item % 64 & 1;
}

static void
test_of_a_catalogue_what_the_model_knows_counts (void **state)
{
    tiny_served_t *self = *state;
    catalogue_t *catalogue = catalogue_new ();
    offer_t *offer = offer_new (catalogue, self->model, NOW_MS);
    assert_null (offer_hidden (offer));
    assert_null (offer_sets (offer));
    offer_destroy (&offer);
    s_hide (catalogue, 30);
    s_hide (catalogue, 7); /* unknown */
    s_put (catalogue, 40, false, CATALOGUE_ALWAYS, CATALOGUE_NEVER,
        "a\x1f"
        "b");
    offer = offer_new (catalogue, self->model, NOW_MS);
    assert_int_equal (offer_hidden_count (offer), 1);
    assert_true (s_is_hidden (offer, self->model, 30));
    size_t count;
    categories_set (offer_categories (offer),
        offer_sets (offer)[model_item_index (self->model, 40)], &count);
    assert_int_equal (count, 2);
    assert_int_equal (
        offer_sets (offer)[model_item_index (self->model, 30)], CATEGORIES_NO_SET);
    assert_true (offer_until_ms (offer) == CATALOGUE_NEVER);
    offer_destroy (&offer);
    catalogue_destroy (&catalogue);
}

static void
test_an_offer_says_when_the_next_item_comes_or_goes (void **state)
{
    tiny_served_t *self = *state;
    catalogue_t *catalogue = catalogue_new ();
    s_put (catalogue, 10, false, NOW_MS + 20, NOW_MS + 50, "");
    s_put (catalogue, 20, false, CATALOGUE_ALWAYS, NOW_MS + 30, "");
    s_put (catalogue, 30, true, CATALOGUE_ALWAYS, NOW_MS + 10, ""); /* moot */
    const int64_t steps[] = {NOW_MS + 20, NOW_MS + 30, NOW_MS + 50, CATALOGUE_NEVER};
    const bool hidden[][2] = {
        {true, false}, {false, false}, {false, true}, {true, true}};
    offer_t *offer = offer_new (catalogue, self->model, NOW_MS);
    for (int i = 0; i < 4; i++) {
        assert_true (s_is_hidden (offer, self->model, 30));
        assert_int_equal (s_is_hidden (offer, self->model, 10), hidden[i][0]);
        assert_int_equal (s_is_hidden (offer, self->model, 20), hidden[i][1]);
        assert_true (offer_until_ms (offer) == steps[i]);
        if (i == 3)
            break;
        offer_t *next = offer_at (offer, steps[i]);
        offer_destroy (&offer);
        offer = next;
    }
    offer_destroy (&offer);
    catalogue_destroy (&catalogue);
}

/* Made by a clock that was an hour fast. */
static void
test_an_offer_of_a_later_time_is_old (void **state)
{
    tiny_served_t *self = *state;
    catalogue_t *catalogue = catalogue_new ();
    offer_t *offer = offer_new (catalogue, self->model, NOW_MS + 3600000);
    assert_false (offer_has_times (offer));
    assert_false (offer_is_old (offer, NOW_MS));
    offer_destroy (&offer);
    s_put (catalogue, 10, false, CATALOGUE_ALWAYS, NOW_MS + 50, "");
    offer = offer_new (catalogue, self->model, NOW_MS + 3600000);
    assert_true (s_is_hidden (offer, self->model, 10));
    assert_true (offer_is_old (offer, NOW_MS));
    assert_false (offer_is_old (offer, NOW_MS + 3600000));
    offer_t *next = offer_at (offer, NOW_MS);
    assert_false (s_is_hidden (next, self->model, 10));
    assert_false (offer_is_old (next, NOW_MS + 49));
    assert_true (offer_is_old (next, NOW_MS + 50));
    offer_destroy (&next);
    offer_destroy (&offer);
    catalogue_destroy (&catalogue);
}

static void
s_put_any (catalogue_t *catalogue, rng_t *rng, int64_t item_id)
{
    static const char *const texts[] = {"", "a",
        "b\x1f"
        "a",
        "c"};
    int64_t from_ms = rng_below (rng, 3) ? CATALOGUE_ALWAYS
                                         : NOW_MS + (int64_t)rng_below (rng, 100) - 50;
    int64_t until_ms = rng_below (rng, 3) ? CATALOGUE_NEVER
                                          : NOW_MS + (int64_t)rng_below (rng, 100) - 50;
    s_put (catalogue, item_id, rng_below (rng, 3) == 0, from_ms, until_ms,
        texts[rng_below (rng, 4)]);
}

static void
s_assert_same (const offer_t *a, const offer_t *b)
{
    assert_int_equal (offer_hidden_count (a), offer_hidden_count (b));
    assert_true (offer_until_ms (a) == offer_until_ms (b));
    if (offer_hidden_count (a) > 0)
        assert_memory_equal (offer_hidden (a), offer_hidden (b), (ITEMS + 63) / 64 * 8);
    for (size_t i = 0; i < ITEMS; i++)
        assert_int_equal (offer_sets (a) ? offer_sets (a)[i] : 0,
            offer_sets (b) ? offer_sets (b)[i] : 0);
}

/* Whatever changes, one after the other, is what a fresh look would see. */
static void
test_an_offer_that_was_changed_is_as_a_fresh_one (void **state)
{
    tiny_served_t *self = *state;
    catalogue_t *catalogue = catalogue_new ();
    offer_t *offer = offer_new (catalogue, self->model, NOW_MS);
    rng_t rng;
    rng_seed (&rng, 5, 0);
    for (int turn = 0; turn < TURNS; turn++) {
        int64_t item_ids[8], now_ms = NOW_MS + turn % 60;
        size_t count = rng_below (&rng, 8);
        for (size_t i = 0; i < count; i++) {
            item_ids[i] = 10 * (int64_t)(1 + rng_below (&rng, ITEMS + 10));
            s_put_any (catalogue, &rng, item_ids[i]);
        }
        offer_t *next =
            offer_changed (offer, catalogue, self->model, item_ids, count, now_ms);
        offer_t *fresh = offer_new (catalogue, self->model, now_ms);
        s_assert_same (next, fresh);
        offer_destroy (&fresh);
        offer_destroy (&offer);
        offer = next;
    }
    offer_destroy (&offer);
    catalogue_destroy (&catalogue);
}

/* What a model makes of it */

typedef struct {
    int64_t item_ids[ITEMS];
    float scores[ITEMS];
    model_answer_t answer;
} answered_t;

static answered_t
s_ask (tiny_served_t *self, model_query_t query)
{
    answered_t asked;
    asked.answer = (model_answer_t){.item_ids = asked.item_ids, .scores = asked.scores};
    query.k = ITEMS;
    model_recommend (self->model, self->scratch, &query, 1, &asked.answer);
    return asked;
}

/* With every second item hidden: the others, all of them, and with include_hidden all. */
static void
s_check_query (tiny_served_t *self, const offer_t *offer, model_query_t query)
{
    answered_t all = s_ask (self, query);
    query.offer = offer;
    answered_t left = s_ask (self, query);
    query.rules.include_hidden = true;
    answered_t again = s_ask (self, query);
    size_t next = 0;
    assert_int_equal (again.answer.count, all.answer.count);
    assert_memory_equal (
        again.item_ids, all.item_ids, all.answer.count * sizeof *all.item_ids);
    for (size_t i = 0; i < all.answer.count; i++) {
        if (s_is_hidden (offer, self->model, all.item_ids[i]))
            continue;
        assert_true (next < left.answer.count);
        assert_int_equal (left.item_ids[next], all.item_ids[i]);
        assert_true (left.scores[next++] == all.scores[i]);
    }
    assert_int_equal (left.answer.count, next);
    assert_in_range (next, 1, all.answer.count - 1);
}

static void
test_what_is_hidden_never_comes_back_and_all_else_does (void **state)
{
    tiny_served_t *self = *state;
    const int64_t history[] = {50, 60, 70}, unknown[] = {7}, allow[] = {10, 20, 30, 40};
    catalogue_t *catalogue = catalogue_new ();
    for (int64_t item_id = 20; item_id <= 10 * ITEMS; item_id += 20)
        s_hide (catalogue, item_id);
    offer_t *offer = offer_new (catalogue, self->model, NOW_MS);
    model_query_t query = {.history = history, .history_count = 3};
    s_check_query (self, offer, query); /* scanned */
    query.rules.only_allowed = true;
    query.rules.allow = allow;
    query.rules.allow_count = 4;
    s_check_query (self, offer, query); /* gathered */
    query = (model_query_t){
        .history = history, .history_count = 3, .rules.only_seen = true};
    s_check_query (self, offer, query);
    query = (model_query_t){.history = unknown, .history_count = 1};
    s_check_query (self, offer, query); /* popular */
    query = (model_query_t){.history = history, .history_count = 1, .similar = true};
    s_check_query (self, offer, query);
    offer_destroy (&offer);
    catalogue_destroy (&catalogue);
}

#define TEST(function) cmocka_unit_test_setup_teardown (function, s_set_up, s_tear_down)

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_a_set_is_found_again_and_has_its_members),
        cmocka_unit_test (test_what_others_hold_does_not_change),
        cmocka_unit_test (test_the_last_put_of_an_item_counts),
        cmocka_unit_test (
            test_an_item_is_on_offer_from_its_beginning_to_before_its_end),
        TEST (test_of_a_catalogue_what_the_model_knows_counts),
        TEST (test_an_offer_says_when_the_next_item_comes_or_goes),
        TEST (test_an_offer_of_a_later_time_is_old),
        TEST (test_an_offer_that_was_changed_is_as_a_fresh_one),
        TEST (test_what_is_hidden_never_comes_back_and_all_else_does),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

/* Maximal marginal relevance against its definition, worked out by hand; rules_test.c has
 * it against brute force. SPDX-License-Identifier: Apache-2.0 */
#include "model/serve/diversity.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { D = 2 };

/* Two directions, and one that is none. */
static const float s_items[] = {1, 0, 2, 0, 3, 0, 0, 1, 0, 0, -1, 0};

static void
s_check (float diversity, size_t k, const int64_t *expected)
{
    int64_t items[] = {0, 1, 2, 3, 4, 5};
    float scores[] = {10, 9, 8, 6, 4, 0};
    const float by_item[] = {10, 9, 8, 6, 4, 0};
    top_t top = {.k = 6, .items = items, .scores = scores, .count = 6};
    diversify (s_items, D, diversity, k, &top);
    for (size_t i = 0; i < 6; i++) {
        assert_int_equal (items[i], expected[i]);
        assert_true (scores[i] == by_item[items[i]]);
    }
}

static void
without_diversity_the_order_stays (void **state)
{
    (void)state;
    s_check (0, 6, (const int64_t[]){0, 1, 2, 3, 4, 5});
}

/* After item 0: 1 and 2 are like it (0.45 - 0.5, 0.4 - 0.5), 3 is not (0.3), 4 has no
 * direction (0.2), 5 is the opposite (0 + 0.5). */
static void
what_is_unlike_the_ones_before_comes_first (void **state)
{
    (void)state;
    s_check (0.5f, 6, (const int64_t[]){0, 5, 3, 4, 1, 2});
}

static void
places_behind_k_stay_by_score (void **state)
{
    (void)state;
    s_check (0.5f, 2, (const int64_t[]){0, 5, 1, 2, 3, 4});
    s_check (0.5f, 0, (const int64_t[]){0, 1, 2, 3, 4, 5});
}

/* Relevance counts for nothing, ties go to the better score. */
static void
at_1_only_the_distance_counts (void **state)
{
    (void)state;
    s_check (1, 6, (const int64_t[]){0, 5, 3, 4, 1, 2});
}

static void
behind_the_pool_nothing_moves (void **state)
{
    (void)state;
    enum { COUNT = 150 };
    float *vectors = calloc (COUNT * D, sizeof *vectors);
    int64_t items[COUNT];
    float scores[COUNT];
    assert_non_null (vectors);
    for (size_t i = 0; i < COUNT; i++) {
        vectors[i * D] = cosf ((float)i);
        vectors[i * D + 1] = sinf ((float)i);
        items[i] = (int64_t)i;
        scores[i] = (float)(COUNT - i);
    }
    top_t top = {.k = COUNT, .items = items, .scores = scores, .count = COUNT};
    diversify (vectors, D, 0.7f, COUNT, &top);
    bool found[COUNT] = {false};
    size_t moved = 0;
    for (size_t i = 0; i < COUNT; i++) {
        assert_false (found[items[i]]);
        found[items[i]] = true;
        moved += items[i] != (int64_t)i;
        assert_true (i < DIVERSITY_POOL || items[i] == (int64_t)i);
    }
    assert_true (moved > 0);
    free (vectors);
}

static void
equal_scores_are_all_relevant (void **state)
{
    (void)state;
    int64_t items[] = {0, 1, 3};
    float scores[] = {2, 2, 2};
    top_t top = {.k = 3, .items = items, .scores = scores, .count = 3};
    diversify (s_items, D, 0.1f, 3, &top);
    assert_int_equal (items[0], 0);
    assert_int_equal (items[1], 3);
    top.count = 0;
    diversify (s_items, D, 0.1f, 3, &top); /* nothing is fine */
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (without_diversity_the_order_stays),
        cmocka_unit_test (what_is_unlike_the_ones_before_comes_first),
        cmocka_unit_test (places_behind_k_stay_by_score),
        cmocka_unit_test (at_1_only_the_distance_counts),
        cmocka_unit_test (behind_the_pool_nothing_moves),
        cmocka_unit_test (equal_scores_are_all_relevant),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

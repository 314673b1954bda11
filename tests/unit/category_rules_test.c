/* Rules about categories: what is kept, and when it is made anew. What they leave is checked
 * in rules_test.c against brute force. SPDX-License-Identifier: Apache-2.0 */
#include "model/serve/category_rules.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/tiny_served.h"

enum { ITEMS = 130, WORDS = 3 };

typedef struct {
    tiny_served_t served;
    catalogue_t *catalogue;
    offer_t *offer;
    category_rules_t *rules;
} fixture_t;

static void
s_put (fixture_t *self, size_t item, const char *names)
{
    catalogue_row_t row = {.item_id = model_item_id (self->served.model, item),
        .from_ms = CATALOGUE_ALWAYS,
        .until_ms = CATALOGUE_NEVER};
    catalogue_put (self->catalogue, &row, names);
}

static int
s_setup (void **state)
{
    fixture_t *self = calloc (1, sizeof *self);
    const sasrec_shape_t shape = {ITEMS, 8, 1, 1, 4, 2, false, false};
    assert_non_null (self);
    tiny_serve (&self->served, &shape, 1);
    self->catalogue = catalogue_new ();
    s_put (self, 0, "a");
    s_put (self, 1,
        "a\x1f"
        "b");
    s_put (self, 64, "b");
    s_put (self, 129,
        "c\x1f"
        "b\x1f"
        "a");
    self->offer = offer_new (self->catalogue, self->served.model, 0);
    self->rules = category_rules_new (ITEMS);
    *state = self;
    return 0;
}

static int
s_teardown (void **state)
{
    fixture_t *self = *state;
    category_rules_destroy (&self->rules);
    offer_destroy (&self->offer);
    catalogue_destroy (&self->catalogue);
    tiny_served_end (&self->served);
    free (self);
    return 0;
}

#define NAMES(...)                                                                     \
    (category_names_t)                                                                 \
    {                                                                                  \
        (const char *const[]){__VA_ARGS__},                                            \
            sizeof ((const char *const[]){__VA_ARGS__}) / sizeof (char *)              \
    }

static void
s_check (fixture_t *self, const offer_t *offer, category_rule_t rule,
    const uint64_t expected[WORDS])
{
    const uint64_t *bits = category_rules_find (self->rules, &rule, offer);
    assert_memory_equal (bits, expected, WORDS * sizeof *bits);
}

static void
the_categories_of_an_item_decide (void **state)
{
    fixture_t *self = *state;
    s_check (self, self->offer, (category_rule_t){.any = NAMES ("a")},
        (const uint64_t[]){3, 0, 2});
    s_check (self, self->offer, (category_rule_t){.any = NAMES ("c", "b", "c")},
        (const uint64_t[]){2, 1, 2});
    s_check (self, self->offer, (category_rule_t){.all = NAMES ("b", "a", "b")},
        (const uint64_t[]){2, 0, 2});
    s_check (self, self->offer, (category_rule_t){.all = NAMES ("a", "nothing")},
        (const uint64_t[]){0, 0, 0});
    s_check (self, self->offer, (category_rule_t){.none = NAMES ("b", "nothing")},
        (const uint64_t[]){~(uint64_t)2, ~(uint64_t)1, 1});
    s_check (self, self->offer,
        (category_rule_t){.any = NAMES ("b"), .all = NAMES ("b"), .none = NAMES ("c")},
        (const uint64_t[]){2, 1, 0});
}

static void
without_a_catalogue_no_item_has_one (void **state)
{
    fixture_t *self = *state;
    s_check (
        self, NULL, (category_rule_t){.any = NAMES ("a")}, (const uint64_t[]){0, 0, 0});
    s_check (self, NULL, (category_rule_t){.none = NAMES ("a")},
        (const uint64_t[]){~(uint64_t)0, ~(uint64_t)0, 3});
}

static void
a_rule_is_worked_out_once (void **state)
{
    fixture_t *self = *state;
    const category_rule_t a = {.any = NAMES ("a")}, ab = {.any = NAMES ("a", "b")},
                          b = {.any = NAMES ("b")}, all = {.all = NAMES ("a")};
    const category_rule_t *const rules[] = {&a, &ab, &b, &all};
    for (int round = 0; round < 3; round++)
        for (size_t i = 0; i < 4; i++)
            category_rules_find (self->rules, rules[i], self->offer);
    assert_int_equal (category_rules_made (self->rules), 4);
}

static void
another_offer_is_looked_at_anew (void **state)
{
    fixture_t *self = *state;
    const category_rule_t rule = {.any = NAMES ("a")};
    s_check (self, self->offer, rule, (const uint64_t[]){3, 0, 2});
    s_put (self, 1, "b");
    offer_destroy (&self->offer); /* the next may well stand where it stood */
    self->offer = offer_new (self->catalogue, self->served.model, 0);
    s_check (self, self->offer, rule, (const uint64_t[]){1, 0, 2});
    s_check (self, NULL, rule, (const uint64_t[]){0, 0, 0});
    s_check (self, self->offer, rule, (const uint64_t[]){1, 0, 2});
    assert_int_equal (category_rules_made (self->rules), 4);
}

static void
what_is_used_stays_when_there_are_too_many (void **state)
{
    fixture_t *self = *state;
    const category_rule_t often = {.any = NAMES ("a")};
    for (int i = 0; i < 500; i++) {
        char name[16];
        snprintf (name, sizeof name, "%d", i);
        const char *const names[] = {name};
        const category_rule_t once = {.none = {names, 1}};
        s_check (self, self->offer, often, (const uint64_t[]){3, 0, 2});
        s_check (
            self, self->offer, once, (const uint64_t[]){~(uint64_t)0, ~(uint64_t)0, 3});
    }
    assert_int_equal (category_rules_made (self->rules), 501);
}

#define TEST(function) cmocka_unit_test_setup_teardown (function, s_setup, s_teardown)

int
main (void)
{
    const struct CMUnitTest tests[] = {
        TEST (the_categories_of_an_item_decide),
        TEST (without_a_catalogue_no_item_has_one),
        TEST (a_rule_is_worked_out_once),
        TEST (another_offer_is_looked_at_anew),
        TEST (what_is_used_stays_when_there_are_too_many),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

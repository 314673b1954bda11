/* Tests of actors/catalogue_feed. SPDX-License-Identifier: Apache-2.0 */
#include "actors/catalogue_feed.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static model_slot_change_t
s_change (int64_t item_id, bool hidden, const char *categories)
{
    return (model_slot_change_t){
        {item_id, hidden, CATALOGUE_ALWAYS, CATALOGUE_NEVER, 0}, categories};
}

/* Items 1 (nothing is known), 2 (hidden), 3 (in a and b). */
static catalogue_feed_t *
s_feed (void)
{
    catalogue_feed_t *self = catalogue_feed_new ();
    catalogue_t *all = catalogue_new ();
    const model_slot_change_t rows[] = {s_change (1, false, ""), s_change (2, true, ""),
        s_change (3, false,
            "a\x1f"
            "b")};
    for (int i = 0; i < 3; i++)
        catalogue_put (all, &rows[i].row, rows[i].categories);
    catalogue_feed_set_all (self, &all);
    return self;
}

/* What differs; all of it is heard when told so. */
static void
s_expect (catalogue_feed_t *self, bool hear, const char *expected)
{
    char text[200] = "";
    fact_t fact;
    while (catalogue_feed_next (self, &fact)) {
        snprintf (text + strlen (text), sizeof text - strlen (text), "%s%d%s%s",
            *text ? " " : "", (int)fact.item_id, fact.hidden ? "-" : "",
            fact.categories);
        if (hear)
            catalogue_feed_hear (self, &fact);
    }
    assert_string_equal (text, expected);
}

static void
test_before_the_database_is_known_nothing_differs (void **state)
{
    (void)state;
    catalogue_feed_t *self = catalogue_feed_new ();
    const fact_t fact = {7, true, FACT_ALWAYS, FACT_NEVER, ""};
    catalogue_feed_hear (self, &fact);
    s_expect (self, false, "");
    catalogue_feed_destroy (&self);
}

static void
test_what_differs_comes_again_until_it_is_heard (void **state)
{
    (void)state;
    catalogue_feed_t *self = s_feed ();
    s_expect (self, false,
        "2- 3a\x1f"
        "b");
    s_expect (self, false, ""); /* the walk is over */
    catalogue_feed_walk (self);
    s_expect (self, true,
        "2- 3a\x1f"
        "b");
    catalogue_feed_walk (self);
    s_expect (self, false, "");
    catalogue_feed_destroy (&self);
}

static void
test_changes_come_without_a_walk (void **state)
{
    (void)state;
    catalogue_feed_t *self = s_feed ();
    s_expect (self, true,
        "2- 3a\x1f"
        "b");
    const model_slot_change_t changes[] = {
        s_change (2, false, ""), s_change (4, true, ""), s_change (5, false, "")};
    catalogue_feed_change (self, changes, 3);
    s_expect (self, true, "4- 2");
    s_expect (self, true, "");
    catalogue_feed_destroy (&self);
}

/* Nothing is known of it: as if it had never been told. */
static void
test_what_the_database_does_not_have_is_taken_back (void **state)
{
    (void)state;
    catalogue_feed_t *self = s_feed ();
    const fact_t fact = {9, true, FACT_ALWAYS, FACT_NEVER, "c"};
    catalogue_feed_hear (self, &fact);
    s_expect (self, true,
        "2- 3a\x1f"
        "b 9");
    catalogue_feed_walk (self);
    s_expect (self, true, "");
    catalogue_feed_destroy (&self);
}

/* Shown and hidden again before the first was heard: nothing to publish, and yet the topic
 * says otherwise in the end. */
static void
test_what_is_heard_late_differs (void **state)
{
    (void)state;
    catalogue_feed_t *self = s_feed ();
    s_expect (self, true,
        "2- 3a\x1f"
        "b");
    fact_t shown;
    const model_slot_change_t show = s_change (2, false, ""),
                              hide = s_change (2, true, "");
    catalogue_feed_change (self, &show, 1);
    assert_true (catalogue_feed_next (self, &shown));
    catalogue_feed_change (self, &hide, 1);
    s_expect (self, false, "");
    assert_false (catalogue_feed_hear (self, &shown));
    catalogue_feed_walk (self);
    s_expect (self, true, "2-");
    catalogue_feed_destroy (&self);
}

static void
test_a_topic_that_began_afresh_is_filled_again (void **state)
{
    (void)state;
    catalogue_feed_t *self = s_feed ();
    s_expect (self, true,
        "2- 3a\x1f"
        "b");
    catalogue_feed_forget (self);
    s_expect (self, true,
        "2- 3a\x1f"
        "b");
    catalogue_feed_destroy (&self);
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_before_the_database_is_known_nothing_differs),
        cmocka_unit_test (test_what_differs_comes_again_until_it_is_heard),
        cmocka_unit_test (test_changes_come_without_a_walk),
        cmocka_unit_test (test_what_the_database_does_not_have_is_taken_back),
        cmocka_unit_test (test_what_is_heard_late_differs),
        cmocka_unit_test (test_a_topic_that_began_afresh_is_filled_again),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

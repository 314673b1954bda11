/* Tests of the topic table. SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "bridge/topics.h"

static void
test_every_topic_is_found_by_its_name (void **state)
{
    (void)state;
    for (int i = 0; i < TOPIC_COUNT; i++) {
        topic_t found = TOPIC_COUNT;
        assert_int_equal (topic_find (topic_name ((topic_t)i), &found), 0);
        assert_int_equal (found, i);
    }
}

static void
test_other_names_are_not_ours (void **state)
{
    (void)state;
    topic_t found;
    assert_int_equal (topic_find ("inference", &found), -1);
    assert_int_equal (topic_find ("", &found), -1);
}

/* Strangers' programs are written to these. */
static void
test_names_are_the_contract (void **state)
{
    (void)state;
    assert_string_equal (topic_name (TOPIC_REQUESTS), "inference.requests");
    assert_string_equal (topic_name (TOPIC_RESULTS), "inference.results");
    assert_string_equal (topic_name (TOPIC_ENDED), "inference.ended");
    assert_string_equal (topic_name (TOPIC_CONTROL), "system.control");
    assert_string_equal (topic_name (TOPIC_INTERACTIONS), "interactions.events");
    assert_string_equal (topic_name (TOPIC_CATALOGUE), "catalogue.items");
    assert_string_equal (topic_name (TOPIC_DEAD_LETTERS), "inference.dlq");
}

/* Else a message near its topic's limit could not be buried, headers and all. */
static void
test_a_dead_letter_may_be_larger_than_any_message (void **state)
{
    (void)state;
    for (int i = 0; i < TOPIC_COUNT; i++)
        if (i != TOPIC_DEAD_LETTERS)
            assert_true (topic_row (TOPIC_DEAD_LETTERS)->message_bytes >=
                         topic_row ((topic_t)i)->message_bytes + 65536);
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_every_topic_is_found_by_its_name),
        cmocka_unit_test (test_other_names_are_not_ours),
        cmocka_unit_test (test_names_are_the_contract),
        cmocka_unit_test (test_a_dead_letter_may_be_larger_than_any_message),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

/* Tests of base/suggest. SPDX-License-Identifier: Apache-2.0 */
#include "base/suggest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static const char *
s_suggest (const char *typed)
{
    static const char *const words[] = {
        "migrate", "train", "serve", "export", "import"};
    return suggest (typed, words, sizeof words / sizeof words[0]);
}

static void
test_finds_the_word_behind_a_slip (void **state)
{
    (void)state;
    assert_string_equal (s_suggest ("trian"), "train");
    assert_string_equal (s_suggest ("imprt"), "import");
    assert_string_equal (s_suggest ("sreve"), "serve");
    assert_string_equal (s_suggest ("exporrt"), "export");
}

static void
test_finds_the_word_that_was_begun (void **state)
{
    (void)state;
    assert_string_equal (s_suggest ("mig"), "migrate");
    assert_string_equal (s_suggest ("ex"), "export");
}

static void
test_says_nothing_when_nothing_is_near (void **state)
{
    (void)state;
    assert_null (s_suggest ("benchmark"));
    assert_null (s_suggest (""));
    assert_null (s_suggest ("a word that is much longer than any command could be"));
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_finds_the_word_behind_a_slip),
        cmocka_unit_test (test_finds_the_word_that_was_begun),
        cmocka_unit_test (test_says_nothing_when_nothing_is_near),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

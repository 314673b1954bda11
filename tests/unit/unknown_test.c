/* Tests of cli/unknown. SPDX-License-Identifier: Apache-2.0 */
#include "cli/unknown.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static const struct argp_option s_own[] = {{"columns", 1, "NAMES", 0, 0, 0},
    {"append", 2, 0, 0, 0, 0}, {"force", 0, 0, OPTION_ALIAS, 0, 0},
    {"out", 'o', "FILE", 0, 0, 0}, {0}};
static const struct argp_option s_more[] = {{"columns-too", 3, 0, 0, 0, 0}, {0}};
static const struct argp_option *const s_lists[] = {s_own, s_more};

static const char *
s_unknown (const char *first, const char *second, const char **meant)
{
    char *argv[] = {"sasrec", (char *)first, (char *)second, NULL};
    *meant = NULL;
    return unknown_option (
        (unknown_options_t){s_lists, 2}, second ? 3 : 2, argv, meant);
}

static void
test_finds_the_option_that_was_meant (void **state)
{
    (void)state;
    const char *meant;
    assert_string_equal (s_unknown ("--colums=x", NULL, &meant), "--colums=x");
    assert_string_equal (meant, "columns");
    assert_string_equal (s_unknown ("--append", "--apend", &meant), "--apend");
    assert_string_equal (meant, "append");
    assert_string_equal (s_unknown ("--banana", NULL, &meant), "--banana");
    assert_null (meant);
}

static void
test_leaves_what_is_right (void **state)
{
    (void)state;
    const char *meant;
    assert_null (s_unknown ("--columns", "--banana", &meant)); /* its value */
    assert_null (s_unknown ("-o", "--banana", &meant));
    assert_null (s_unknown ("--force", "word", &meant));
    assert_null (s_unknown ("--app", "--help", &meant)); /* getopt takes beginnings */
    assert_null (s_unknown ("--", "--banana", &meant));
    assert_null (s_unknown ("-", "-x", &meant)); /* getopt's to say */
    assert_string_equal (s_unknown ("--force", "--banana", &meant), "--banana");
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_finds_the_option_that_was_meant),
        cmocka_unit_test (test_leaves_what_is_right),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

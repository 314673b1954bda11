/* Which route a method and a path mean. SPDX-License-Identifier: Apache-2.0 */
#include "actors/http/router.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static const route_t s_routes[] = {
    {"GET", "/", NULL, 0},
    {"GET", "/users", NULL, 0},
    {"GET", "/users/{user_id}/history", NULL, 0},
    {"POST", "/predict", NULL, 0},
    {"POST", "/both", NULL, 0},
    {"GET", "/both", NULL, 0},
};

static router_match_t s_match;

static router_status_t
s_find (const char *method, const char *path)
{
    return router_match (
        s_routes, sizeof s_routes / sizeof s_routes[0], method, path, &s_match);
}

static void
test_exact_paths (void **state)
{
    (void)state;
    assert_int_equal (s_find ("GET", "/"), ROUTER_FOUND);
    assert_int_equal (s_match.index, 0);
    assert_int_equal (s_find ("POST", "/predict"), ROUTER_FOUND);
    assert_int_equal (s_match.index, 3);
    assert_string_equal (s_match.parameter, "");
}

static void
test_a_parameter_is_one_decoded_segment (void **state)
{
    (void)state;
    assert_int_equal (s_find ("GET", "/users/a%2Fb%20%C3%A9+/history"), ROUTER_FOUND);
    assert_int_equal (s_match.index, 2);
    assert_string_equal (s_match.parameter, "a/b \xc3\xa9+");
}

static void
test_paths_that_are_none (void **state)
{
    (void)state;
    static const char *const paths[] = {"", "//", "/users/", "/user", "/usersx",
        "/users//history", "/users/a/b/history", "/users/a/history/",
        "/users/%zz/history", "/users/%00/history", "/USERS",
        "/users/%2e%2e/../history", "users"};
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++)
        assert_int_equal (s_find ("GET", paths[i]), ROUTER_NOT_FOUND);
}

static void
test_a_parameter_too_long_is_no_path (void **state)
{
    (void)state;
    char path[ROUTER_PARAMETER_SIZE + 32] = "/users/";
    memset (path + 7, 'x', ROUTER_PARAMETER_SIZE);
    strcpy (path + 7 + ROUTER_PARAMETER_SIZE, "/history");
    assert_int_equal (s_find ("GET", path), ROUTER_NOT_FOUND);
    assert_string_equal (s_match.parameter, "");
}

static void
test_head_goes_where_get_goes (void **state)
{
    (void)state;
    assert_int_equal (s_find ("HEAD", "/users"), ROUTER_FOUND);
    assert_int_equal (s_match.index, 1);
    assert_int_equal (s_find ("HEAD", "/predict"), ROUTER_NOT_ALLOWED);
}

static void
test_a_wrong_method_learns_what_is_allowed (void **state)
{
    (void)state;
    assert_int_equal (s_find ("DELETE", "/users"), ROUTER_NOT_ALLOWED);
    assert_string_equal (s_match.allow, "GET, HEAD, OPTIONS");
    assert_int_equal (s_find ("GET", "/predict"), ROUTER_NOT_ALLOWED);
    assert_string_equal (s_match.allow, "POST, OPTIONS");
    assert_int_equal (s_find ("get", "/users"), ROUTER_NOT_ALLOWED);
}

static void
test_options_names_every_method (void **state)
{
    (void)state;
    assert_int_equal (s_find ("OPTIONS", "/both"), ROUTER_OPTIONS);
    assert_string_equal (s_match.allow, "POST, GET, HEAD, OPTIONS");
    assert_int_equal (s_find ("OPTIONS", "/nothing"), ROUTER_NOT_FOUND);
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_exact_paths),
        cmocka_unit_test (test_a_parameter_is_one_decoded_segment),
        cmocka_unit_test (test_paths_that_are_none),
        cmocka_unit_test (test_a_parameter_too_long_is_no_path),
        cmocka_unit_test (test_head_goes_where_get_goes),
        cmocka_unit_test (test_a_wrong_method_learns_what_is_allowed),
        cmocka_unit_test (test_options_names_every_method),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

/* The description and the route table say the same. SPDX-License-Identifier: Apache-2.0 */
#include <ctype.h>
#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "actors/http/assets.h"
#include "actors/http/problem.h"
#include "actors/http/routes.h"
#include "proto/interaction.h"
#include "proto/request.h"
#include "proto/rule_words.h"

static json_t *s_description;

static int
s_setup (void **state)
{
    (void)state;
    assets_t *assets = assets_new ();
    const asset_t *asset = assets_find (assets, "openapi.json");
    s_description =
        json_loads (asset->bodies[ASSET_PLAIN].bytes, JSON_REJECT_DUPLICATES, NULL);
    assets_destroy (&assets);
    return s_description ? 0 : -1;
}

static int
s_teardown (void **state)
{
    (void)state;
    json_decref (s_description);
    return 0;
}

static const json_t *
s_schema (const char *name)
{
    const json_t *components = json_object_get (s_description, "components");
    return json_object_get (json_object_get (components, "schemas"), name);
}

static const json_t *
s_operation (const route_t *route)
{
    char method[16] = "";
    for (size_t i = 0; route->method[i]; i++)
        method[i] = (char)tolower ((unsigned char)route->method[i]);
    const json_t *paths = json_object_get (s_description, "paths");
    return json_object_get (json_object_get (paths, route->path), method);
}

static void
test_every_route_is_described (void **state)
{
    (void)state;
    for (size_t i = 0; i < route_count; i++) {
        if (!s_operation (&routes[i]))
            fail_msg ("%s %s is not in openapi.json", routes[i].method, routes[i].path);
        assert_non_null (json_object_get (s_operation (&routes[i]), "responses"));
    }
}

static void
test_nothing_else_is_described (void **state)
{
    (void)state;
    const char *path, *key;
    json_t *item, *value;
    size_t operations = 0;
    json_object_foreach (json_object_get (s_description, "paths"), path, item)
        json_object_foreach (item, key, value) operations += json_is_object (value);
    assert_int_equal (operations, route_count);
}

/* What dispatch may answer before a handler is asked. */
static void
test_every_operation_has_the_answers_of_all (void **state)
{
    (void)state;
    static const char *const all[] = {"400", "413", "415", "421", "429"};
    for (size_t i = 0; i < route_count; i++) {
        const json_t *responses =
            json_object_get (s_operation (&routes[i]), "responses");
        for (size_t j = 0; j < sizeof all / sizeof all[0]; j++)
            if (!json_object_get (responses, all[j]))
                fail_msg ("%s %s lacks %s", routes[i].method, routes[i].path, all[j]);
        bool writes = strcmp (routes[i].method, "GET") != 0;
        if (writes && !json_object_get (responses, "403"))
            fail_msg ("%s %s lacks 403", routes[i].method, routes[i].path);
    }
}

static bool
s_is_in (const json_t *array, const char *text)
{
    size_t i;
    json_t *value;
    json_array_foreach (
        array, i, value) if (strcmp (json_string_value (value), text) == 0) return true;
    return false;
}

static void
test_every_kind_of_problem_is_described (void **state)
{
    (void)state;
    const json_t *kinds = json_object_get (
        json_array_get (json_object_get (s_schema ("ProblemType"), "anyOf"), 0),
        "enum");
    assert_int_equal (json_array_size (kinds), PROBLEM_COUNT);
    for (int i = 0; i < PROBLEM_COUNT; i++) {
        strbuf_t text = STRBUF_EMPTY;
        const problem_t problem = {.type = (problem_type_t)i, .detail = ""};
        problem_write (&problem, &text);
        json_t *written = json_loads (text.data, 0, NULL);
        const char *kind = json_string_value (json_object_get (written, "type"));
        if (!s_is_in (kinds, kind))
            fail_msg ("%s is not in openapi.json", kind);
        json_decref (written);
        strbuf_free (&text);
    }
}

/* known: ends with NULL. */
static void
s_check_fields (const char *schema, const char *const *known)
{
    const json_t *properties = json_object_get (s_schema (schema), "properties");
    size_t count = 0;
    for (; known[count]; count++)
        if (!json_object_get (properties, known[count]))
            fail_msg ("%s: %s is not described", schema, known[count]);
    assert_int_equal (json_object_size (properties), count);
}

static void
test_bodies_have_the_fields_that_are_read (void **state)
{
    (void)state;
    s_check_fields ("Request", request_body_fields);
    s_check_fields ("Interaction", interaction_fields);
    static const char *const rules[] = {RULES_FIELDS, NULL};
    s_check_fields ("Rules", rules);
}

/* The words of rules are parameters of the URL that takes them. */
static void
test_rules_in_a_url_are_described (void **state)
{
    (void)state;
    const json_t *parameters = json_object_get (
        json_object_get (json_object_get (json_object_get (s_description, "paths"),
                             "/users/{user_id}/recommendations"),
            "get"),
        "parameters");
    for (size_t i = 0; i < RULE_WORD_COUNT; i++) {
        size_t place;
        json_t *parameter;
        bool found = false;
        json_array_foreach (parameters, place, parameter)
        {
            const char *name = json_string_value (json_object_get (parameter, "name"));
            found = found || (name && strcmp (name, rule_words[i].name) == 0);
        }
        if (!found)
            fail_msg ("%s is not described", rule_words[i].name);
    }
}

static const json_t *
s_follow (const char *reference)
{
    char path[160];
    const json_t *node = s_description;
    assert_int_equal (strncmp (reference, "#/components/", 13), 0);
    snprintf (path, sizeof path, "%s", reference + 2);
    char *rest = path;
    for (char *key; node && (key = strsep (&rest, "/"));)
        node = json_object_get (node, key);
    return node;
}

/* Every "$ref" leads somewhere. */
static void
s_check_references (const json_t *node)
{
    const char *key;
    json_t *value;
    size_t i;
    if (json_is_array (node)) {
        json_array_foreach (node, i, value) s_check_references (value);
        return;
    }
    json_object_foreach ((json_t *)node, key, value)
    {
        s_check_references (value);
        if (strcmp (key, "$ref"))
            continue;
        if (!s_follow (json_string_value (value)))
            fail_msg ("%s leads nowhere", json_string_value (value));
    }
}

static void
test_references_lead_somewhere (void **state)
{
    (void)state;
    s_check_references (s_description);
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_every_route_is_described),
        cmocka_unit_test (test_nothing_else_is_described),
        cmocka_unit_test (test_every_operation_has_the_answers_of_all),
        cmocka_unit_test (test_every_kind_of_problem_is_described),
        cmocka_unit_test (test_bodies_have_the_fields_that_are_read),
        cmocka_unit_test (test_rules_in_a_url_are_described),
        cmocka_unit_test (test_references_lead_somewhere),
    };
    return cmocka_run_group_tests (tests, s_setup, s_teardown);
}

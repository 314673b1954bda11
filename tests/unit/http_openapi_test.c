/* The description and the route table say the same. SPDX-License-Identifier: Apache-2.0 */
#include <ctype.h>
#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "actors/http/assets.h"
#include "actors/http/routes.h"

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
    const char *path;
    json_t *item;
    size_t operations = 0;
    json_object_foreach (json_object_get (s_description, "paths"), path, item)
        operations += json_object_size (item);
    assert_int_equal (operations, route_count);
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
        char kind[32], name[64];
        assert_int_equal (
            sscanf (json_string_value (value), "#/components/%31[^/]/%63s", kind, name),
            2);
        const json_t *components = json_object_get (s_description, "components");
        if (!json_object_get (json_object_get (components, kind), name))
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
        cmocka_unit_test (test_references_lead_somewhere),
    };
    return cmocka_run_group_tests (tests, s_setup, s_teardown);
}

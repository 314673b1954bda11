/* Tests of the files that are built into the program. SPDX-License-Identifier: Apache-2.0 */
#include "actors/http/assets.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/embed.h"

static const char *
s_coding (const asset_t *asset, const char *accept_encoding)
{
    const char *coding = asset_body (asset, accept_encoding)->coding;
    return coding ? coding : "plain";
}

static void
test_the_smallest_form_that_can_be_read_is_chosen (void **state)
{
    (void)state;
    static const asset_t asset = {.bodies = {
                                      [ASSET_PLAIN] = {"", 9, NULL, "\"1\""},
                                      [ASSET_GZIP] = {"", 5, "gzip", "\"2\""},
                                      [ASSET_BROTLI] = {"", 4, "br", "\"3\""},
                                  }};
    static const char *const cases[][2] = {
        {"gzip, deflate, br, zstd", "br"},
        {"gzip, deflate", "gzip"},
        {"GZIP", "gzip"},
        {"br;q=0.1 , gzip;q=1.0", "br"},
        {"br;q=0, gzip", "gzip"},
        {"gzip;q=0.001", "gzip"},
        {"gzip; q=0.000", "plain"},
        {"*", "br"},
        {"*, br;q=0", "gzip"},
        {"br;q=0,*", "gzip"},
        {"*;q=0", "plain"},
        {"identity", "plain"},
        {"zstd", "plain"},
        {"gzipped, brr", "plain"},
        {" ,\t, br", "br"},
        {"", "plain"},
        {",", "plain"},
        {";q=0", "plain"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *coding = s_coding (&asset, cases[i][0]);
        if (strcmp (coding, cases[i][1]) != 0)
            fail_msg ("\"%s\" gets %s instead of %s", cases[i][0], coding, cases[i][1]);
    }
    assert_string_equal (s_coding (&asset, NULL), "plain");
}

static void
test_a_form_that_was_not_made_is_not_chosen (void **state)
{
    (void)state;
    static const asset_t asset = {.bodies = {[ASSET_PLAIN] = {"", 9, NULL, ""}}};
    assert_string_equal (s_coding (&asset, "gzip, br"), "plain");
}

static void
test_every_embedded_file_is_found_or_is_a_form_of_one (void **state)
{
    (void)state;
    assets_t *assets = assets_new ();
    size_t found = 0, forms = 0;
    for (size_t i = 0; i < embed_ui_count; i++) {
        const asset_t *asset = assets_find (assets, embed_ui[i].name);
        if (!asset)
            continue;
        found++;
        for (size_t form = 0; form < ASSET_FORM_COUNT; form++)
            forms += asset->bodies[form].bytes != NULL;
        assert_string_not_equal (asset->content_type, "application/octet-stream");
        assert_int_equal (
            asset->bodies[ASSET_PLAIN].length, embed_ui[i].end - embed_ui[i].bytes);
    }
    assert_true (found >= 9);
    assert_int_equal (forms, embed_ui_count);
    assert_null (assets_find (assets, "index.html.gz"));
    assets_destroy (&assets);
}

/* The page is not kept by browsers, what it names is: so it must name what is there. */
static void
test_pages_name_files_that_last (void **state)
{
    (void)state;
    static const char *const pages[] = {"index.html", "docs.html"};
    assets_t *assets = assets_new ();
    for (size_t i = 0; i < 2; i++) {
        const asset_t *page = assets_find (assets, pages[i]);
        assert_false (page->lasting);
        int links = 0;
        const char *at = page->bodies[ASSET_PLAIN].bytes;
        for (; (at = strstr (at, "\"assets/")) != NULL; links++) {
            char name[80];
            at += strlen ("\"assets/");
            snprintf (name, sizeof name, "%.*s", (int)strcspn (at, "\""), at);
            const asset_t *asset = assets_find (assets, name);
            if (!asset || !asset->lasting)
                fail_msg ("%s names %s", pages[i], name);
        }
        assert_true (links >= 3);
    }
    assets_destroy (&assets);
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_the_smallest_form_that_can_be_read_is_chosen),
        cmocka_unit_test (test_a_form_that_was_not_made_is_not_chosen),
        cmocka_unit_test (test_every_embedded_file_is_found_or_is_a_form_of_one),
        cmocka_unit_test (test_pages_name_files_that_last),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

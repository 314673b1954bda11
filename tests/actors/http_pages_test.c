/* The http actor: the pages and their files. SPDX-License-Identifier: Apache-2.0 */
#include "tests/actors/http_fixture.h"

/* The first name the page has under assets/. */
static void
s_asset_path (fixture_t *self, char path[96])
{
    answer_t page = s_get (self, "/");
    const char *at = strstr (page.body, "\"assets/");
    assert_non_null (at);
    snprintf (path, 96, "/%.*s", (int)strcspn (at + 1, "\""), at + 1);
    client_free (&page);
}

/* The value of the ETag, with its quotes. */
static void
s_etag (const answer_t *answer, char etag[32])
{
    const char *at = strcasestr (answer->text, "\nETag: ");
    assert_non_null (at);
    snprintf (etag, 32, "%.*s", (int)strcspn (at + 7, "\r"), at + 7);
}

static void
test_files_are_kept_for_ever_pages_are_asked_for (void **state)
{
    char path[96];
    s_asset_path (*state, path);
    answer_t answer = s_get (*state, path);
    assert_int_equal (answer.status, 200);
    assert_true (client_has_header (
        &answer, "Cache-Control: public, max-age=31536000, immutable"));
    client_free (&answer);
    static const char *const pages[] = {"/", "/docs", "/openapi.json"};
    for (size_t i = 0; i < 3; i++) {
        answer = s_get (*state, pages[i]);
        assert_int_equal (answer.status, 200);
        assert_true (client_has_header (&answer, "Cache-Control: no-cache"));
        client_free (&answer);
    }
}

static void
test_who_can_read_it_gets_it_compressed (void **state)
{
    fixture_t *self = *state;
    static const char *const codings[] = {"gzip", "br"};
    char plain[32], etag[32], headers[96], line[64];
    answer_t answer = s_get (self, "/openapi.json");
    assert_null (strcasestr (answer.text, "\nContent-Encoding:"));
    s_etag (&answer, plain);
    client_free (&answer);
    for (size_t i = 0; i < 2; i++) {
        snprintf (headers, sizeof headers, "Accept-Encoding: %s\r\n", codings[i]);
        snprintf (line, sizeof line, "Content-Encoding: %s", codings[i]);
        answer = client_ask (self->port, "GET", "/openapi.json", headers, NULL);
        assert_int_equal (answer.status, 200);
        assert_true (client_has_header (&answer, line));
        assert_true (client_has_header (&answer, "Vary: Accept-Encoding"));
        assert_true (client_has_header (&answer, "Content-Type: application/json"));
        s_etag (&answer, etag);
        assert_string_not_equal (etag, plain);
        client_free (&answer);
        snprintf (headers, sizeof headers,
            "Accept-Encoding: %s\r\nIf-None-Match: %s\r\n", codings[i], etag);
        answer = client_ask (self->port, "GET", "/openapi.json", headers, NULL);
        assert_int_equal (answer.status, 304);
        assert_string_equal (answer.body, "");
        client_free (&answer);
    }
}

/* Under a prefix of a proxy an address that begins with a slash would miss it. */
static void
test_pages_have_relative_addresses (void **state)
{
    static const char *const pages[] = {"/", "/docs"};
    for (size_t i = 0; i < 2; i++) {
        answer_t answer = s_get (*state, pages[i]);
        assert_null (strstr (answer.body, "href=\"/"));
        assert_null (strstr (answer.body, "src=\"/"));
        client_free (&answer);
    }
}

int
main (void)
{
    s_block_signals ();
    const struct CMUnitTest tests[] = {
        TEST (test_files_are_kept_for_ever_pages_are_asked_for),
        TEST (test_who_can_read_it_gets_it_compressed),
        TEST (test_pages_have_relative_addresses),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

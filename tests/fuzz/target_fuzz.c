/* The head of a request: its line and its headers. The input is a head: lines, the first
 * one "METHOD PATH?QUERY", then "Name: value".
 * SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "actors/http/address.h"
#include "actors/http/framing.h"
#include "actors/http/hosts.h"
#include "actors/http/query.h"
#include "actors/http/routes.h"
#include "base/session_token.h"
#include "tests/fuzz/fuzz.h"

/* The real table; nothing is handled here. */
#define ROW(method, path, handler, scopes) {method, path, NULL, scopes},
static const route_t s_routes[] = {ROUTES (ROW)};
#define ROUTE_COUNT (sizeof s_routes / sizeof s_routes[0])

static void
s_check_route (const char *method, const char *path)
{
    router_match_t match;
    router_match (s_routes, ROUTE_COUNT, method, path, &match);
    if (match.status == ROUTER_FOUND || match.status == ROUTER_NOT_ALLOWED)
        assert (match.index < ROUTE_COUNT);
    assert (memchr (match.parameter, '\0', sizeof match.parameter));
    assert (memchr (match.allow, '\0', sizeof match.allow));
}

static void
s_check_query (const char *query)
{
    static const char *const names[] = {
        "k", "include_seen", "prefix", "after", "limit", "ids", "request_id", "wait"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char value[40];
        memset (value, 'x', sizeof value);
        if (query_find (query, names[i], value, sizeof value) != QUERY_FOUND)
            continue;
        assert (memchr (value, '\0', sizeof value));
        int64_t integers[8] = {0}, integer = 0;
        size_t count = 0;
        if (query_integer (value, 1, 1000, &integer))
            assert (integer >= 1 && integer <= 1000);
        if (query_integers (value, 0, JSON_INTEGER_MAX, integers, 8, &count))
            assert (count >= 1 && count <= 8);
        if (query_text_valid (value, sizeof value - 1)) {
            strbuf_t text = STRBUF_EMPTY;
            strbuf_add (&text, "{\"a\":");
            strbuf_add_json_string (&text, value);
            strbuf_add (&text, "}");
            fuzz_check_json (&text);
            strbuf_free (&text);
        }
    }
}

/* A key or a session: nobody's. */
static void
s_check_secret (const char *value)
{
    char prefix[API_KEY_PREFIX_SIZE];
    int64_t expires_s;
    static const uint8_t seal[API_KEY_SEAL_SIZE];
    assert (!api_key_matches (NULL, value));
    if (api_key_prefix (value, prefix))
        assert (strlen (prefix) == sizeof prefix - 1);
    if (session_token_read (value, prefix, &expires_s))
        assert (strlen (prefix) == sizeof prefix - 1 && expires_s >= 0);
    assert (!session_token_sealed (value, seal));
}

static void
s_check_value (const char *value)
{
    static networks_t *trusted;
    char error[160];
    if (!trusted)
        trusted = networks_new ("10.0.0.0/8, 2001:db8::/32", error);
    int wait = query_prefer_wait (value, 30);
    assert (wait == -1 || (wait >= 1 && wait <= 30));
    address_t peer, client;
    assert (address_parse ("10.0.0.1", 8, &peer));
    client = networks_client (trusted, &peer, value);
    char text[ADDRESS_TEXT_SIZE];
    address_t again;
    address_print (&client, text);
    assert (address_parse (text, strlen (text), &again));
    assert (address_equal (&client, &again));
    (void)hosts_allow (value, "127.0.0.1", &peer, "rec.example.com, .example.org");
    assert (hosts_name_length (value) <= strlen (value));
    networks_t *list = networks_new (value, error);
    if (!list)
        assert (strlen (error) > 0);
    networks_destroy (&list);
    s_check_secret (value);
}

static void
s_check_header (framing_t *framing, char *line)
{
    size_t name = strcspn (line, ":");
    const char *value = line[name] ? line + name + 1 : NULL;
    if (value)
        value += strspn (value, " ");
    framing_see (framing, line, name, value, value ? strlen (value) : 0);
    if (value)
        s_check_value (value);
}

static void
s_check_head (char *head)
{
    framing_t framing = {0};
    char *rest = head, *line = strsep (&rest, "\n");
    char *method = strsep (&line, " ");
    char *query = line ? strchr (line, '?') : NULL;
    if (query)
        *query++ = '\0';
    if (line)
        s_check_route (method, line);
    s_check_query (query);
    while ((line = strsep (&rest, "\n")))
        s_check_header (&framing, line);
    const char *fault = framing_fault (&framing, "HTTP/1.1");
    assert (fault || framing.hosts == 1);
}

int
LLVMFuzzerTestOneInput (const uint8_t *bytes, size_t length)
{
    char *head = strndup ((const char *)bytes, length);
    assert (head);
    s_check_head (head);
    free (head);
    return 0;
}

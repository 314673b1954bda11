/* Who may, at the http actor: each path, method and scope, and what it answers.
 * SPDX-License-Identifier: Apache-2.0 */
#include <ctype.h>

#include "tests/actors/http_fixture.h"

#include "actors/http/assets.h"
#include "actors/http/routes.h"
#include "base/session_token.h"

#define HEADERS_SIZE 400

/* Who asks; the first ones have a key of that scope alone. */
typedef enum {
    CALLER_PREDICT,
    CALLER_READ,
    CALLER_WRITE,
    CALLER_ADMIN,
    CALLER_STRANGER, /* a key that nobody made */
    CALLER_NOBODY,
    CALLER_COUNT
} caller_t;

static char s_texts[CALLER_COUNT][API_KEY_TEXT_SIZE];

/* The keys of all scopes hold. */
static void
s_add_keys (fixture_t *self)
{
    api_key_t keys[CALLER_STRANGER + 1] = {0};
    for (int i = 0; i <= CALLER_STRANGER; i++) {
        api_key_make (&keys[i], s_texts[i]);
        snprintf (keys[i].name, sizeof keys[i].name, "key-%d", i);
        keys[i].scopes = 1u << i;
    }
    keyring_replace (self->args.keyring, keys, CALLER_STRANGER, true);
}

static int
s_setup_unknown (void **state)
{
    s_setup_stopped (state);
    fixture_t *self = *state;
    self->args.keyring = keyring_new ();
    return 0;
}

static int
s_setup_keys (void **state)
{
    s_setup_unknown (state);
    s_add_keys (*state);
    s_command (*state, "START", "OK");
    return 0;
}

static int
s_teardown_keys (void **state)
{
    keyring_t *keyring = ((fixture_t *)*state)->args.keyring;
    s_teardown (state);
    keyring_destroy (&keyring);
    return 0;
}

static const char *
s_header (caller_t caller, char headers[HEADERS_SIZE])
{
    headers[0] = '\0';
    if (caller != CALLER_NOBODY)
        snprintf (
            headers, HEADERS_SIZE, "Authorization: Bearer %s\r\n", s_texts[caller]);
    return headers;
}

static const char *
s_cookie (caller_t caller, int64_t left_s, char headers[HEADERS_SIZE])
{
    char token[SESSION_TOKEN_SIZE];
    session_token_make (s_texts[caller], clock_unix_ms () / 1000 + left_s, token);
    snprintf (
        headers, HEADERS_SIZE, "Cookie: theme=dark; sasrec_session=%s\r\n", token);
    return headers;
}

/* Reads the head alone: a stream has no end. */
static answer_t
s_read_head (int fd)
{
    answer_t answer = {.body = ""};
    strbuf_t text = STRBUF_EMPTY;
    char bytes[2048];
    ssize_t got;
    while ((!text.data || !strstr (text.data, "\r\n\r\n")) &&
           (got = recv (fd, bytes, sizeof bytes, 0)) > 0)
        strbuf_add_bytes (&text, bytes, (size_t)got);
    close (fd);
    answer.text = strbuf_take (&text);
    answer.body = strstr (answer.text, "\r\n\r\n");
    answer.body = answer.body ? answer.body + 4 : "";
    answer.status = atoi (answer.text + strlen ("HTTP/1.1 "));
    return answer;
}

/* The neighbour of POST /models/reload answers, when it is asked. */
static answer_t
s_ask_route (fixture_t *self, const char *method, const char *path, const char *headers)
{
    int fd = client_connect (self->port);
    assert_true (fd >= 0);
    client_send (fd, method, path, headers, strcmp (method, "GET") ? "" : NULL);
    while (strcmp (path, "/models/reload") == 0 && !client_readable (fd, 0)) {
        reload_t *reload =
            s_waits (self->reload, 5) ? reload_recv (self->reload) : NULL;
        if (reload)
            ticket_answer (reload->ticket, TICKET_DONE, "v1");
        reload_destroy (&reload);
    }
    return s_read_head (fd);
}

/* A path of the template: its parameter is 1. */
static void
s_fill (const char *template, char path[100])
{
    const char *open = strchr (template, '{');
    if (open)
        snprintf (path, 100, "%.*s1%s", (int)(open - template), template,
            strchr (template, '}') + 1);
    else
        snprintf (path, 100, "%s", template);
}

/* Which route a method means on the path of this one; NULL: none. */
static const route_t *
s_meant (const route_t *route, const char *method)
{
    const char *wanted = strcmp (method, "HEAD") ? method : "GET";
    for (size_t i = 0; i < route_count; i++)
        if (!strcmp (routes[i].path, route->path) && !strcmp (routes[i].method, wanted))
            return &routes[i];
    return NULL;
}

static bool
s_is_session (const route_t *route)
{
    return strcmp (route->path, "/session") == 0 && strcmp (route->method, "POST") == 0;
}

/* 0: whatever the handler says. */
static int
s_expected (const route_t *route, const char *method, caller_t caller)
{
    if (strcmp (method, "OPTIONS") == 0)
        return 204;
    const route_t *meant = s_meant (route, method);
    if (!meant)
        return 405;
    if (s_is_session (meant))
        return caller < CALLER_STRANGER ? 200 : 401;
    if (meant->scopes == 0)
        return 0;
    if (caller >= CALLER_STRANGER)
        return 401;
    return meant->scopes & 1u << caller ? 0 : 403;
}

static json_t *
s_description (void)
{
    assets_t *assets = assets_new ();
    const asset_t *asset = assets_find (assets, "openapi.json");
    json_t *description =
        json_loads (asset->bodies[ASSET_PLAIN].bytes, JSON_REJECT_DUPLICATES, NULL);
    assets_destroy (&assets);
    assert_non_null (description);
    return description;
}

static const json_t *
s_operation (const json_t *description, const route_t *route)
{
    char method[16] = "";
    for (size_t i = 0; route->method[i]; i++)
        method[i] = (char)tolower ((unsigned char)route->method[i]);
    const json_t *paths = json_object_get (description, "paths");
    return json_object_get (json_object_get (paths, route->path), method);
}

static void
s_check_documented (const json_t *description, const route_t *route, int status)
{
    char code[8];
    snprintf (code, sizeof code, "%d", status);
    if (!json_object_get (
            json_object_get (s_operation (description, route), "responses"), code))
        fail_msg ("%s %s answers %d, and openapi.json does not say so", route->method,
            route->path, status);
}

static void
s_check (fixture_t *self, const json_t *description, const route_t *route,
    const char *method, caller_t caller)
{
    char path[100], headers[HEADERS_SIZE];
    s_fill (route->path, path);
    answer_t answer = s_ask_route (self, method, path, s_header (caller, headers));
    int expected = s_expected (route, method, caller);
    bool refused = answer.status == 401 || answer.status == 403;
    if (expected ? answer.status != expected : refused)
        fail_msg ("%s %s, caller %d: %d instead of %d: %s", method, path, (int)caller,
            answer.status, expected, answer.text);
    if (refused)
        assert_non_null (strstr (answer.text, "WWW-Authenticate: Bearer"));
    const route_t *meant = s_meant (route, method);
    if (meant && answer.status != 204)
        s_check_documented (description, meant, answer.status);
    client_free (&answer);
}

static void
test_each_path_method_and_scope (void **state)
{
    fixture_t *self = *state;
    static const char *const methods[] = {
        "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"};
    json_t *description = s_description ();
    for (size_t i = 0; i < route_count; i++)
        for (size_t j = 0; j < sizeof methods / sizeof methods[0]; j++)
            for (caller_t caller = 0; caller < CALLER_COUNT; caller++)
                if (route_kind (&routes[i]) != ROUTE_KEEPER)
                    s_check (self, description, &routes[i], methods[j], caller);
    json_decref (description);
}

/* The description's "security" names the scopes of the table, and no other. */
static void
test_the_description_has_the_scopes_of_the_table (void **state)
{
    (void)state;
    json_t *description = s_description ();
    for (size_t i = 0; i < route_count; i++) {
        const json_t *security =
            json_object_get (s_operation (description, &routes[i]), "security");
        unsigned said = 0, scopes;
        size_t j, k;
        json_t *way, *word;
        json_array_foreach (security, j, way)
        {
            json_array_foreach (json_object_get (way, "key"), k, word)
            {
                assert_true (scopes_parse (json_string_value (word), &scopes));
                said |= scopes;
            }
            assert_true (
                json_object_get (way, "key") ||
                json_equal (json_object_get (way, "session"),
                    json_object_get (json_array_get (security, j - 1), "key")));
        }
        if (said != routes[i].scopes)
            fail_msg ("%s %s: openapi.json has other scopes", routes[i].method,
                routes[i].path);
    }
    json_decref (description);
}

static int
s_status_of (fixture_t *self, const char *path, const char *headers)
{
    answer_t answer = s_ask_route (self, "GET", path, headers);
    int status = answer.status;
    client_free (&answer);
    return status;
}

static void
test_a_session_may_what_its_key_may (void **state)
{
    fixture_t *self = *state;
    char headers[HEADERS_SIZE];
    assert_int_equal (
        s_status_of (self, "/models", s_cookie (CALLER_READ, 60, headers)), 200);
    assert_int_equal (
        s_status_of (self, "/metrics", s_cookie (CALLER_READ, 60, headers)), 403);
    assert_int_equal (
        s_status_of (self, "/models", s_cookie (CALLER_READ, -1, headers)), 401);
    assert_int_equal (
        s_status_of (self, "/models", s_cookie (CALLER_STRANGER, 60, headers)), 401);
    assert_int_equal (
        s_status_of (self, "/models", "Cookie: sasrec_session=\r\n"), 401);
}

/* A key that is sent counts, however good the cookie is. */
static void
test_a_wrong_key_is_not_saved_by_a_cookie (void **state)
{
    fixture_t *self = *state;
    char headers[2 * HEADERS_SIZE], cookie[HEADERS_SIZE];
    snprintf (headers, sizeof headers, "%sAuthorization: Bearer %s\r\n",
        s_cookie (CALLER_READ, 60, cookie), s_texts[CALLER_STRANGER]);
    assert_int_equal (s_status_of (self, "/models", headers), 401);
}

static void
test_a_session_is_opened_by_a_key_alone (void **state)
{
    fixture_t *self = *state;
    char headers[HEADERS_SIZE];
    answer_t answer = client_ask (
        self->port, "POST", "/session", s_header (CALLER_READ, headers), "");
    assert_int_equal (answer.status, 200);
    assert_string_equal (client_text (&answer, "name"), "key-1");
    const char *cookie = strstr (answer.text, "Set-Cookie: sasrec_session=");
    assert_non_null (cookie);
    char line[HEADERS_SIZE];
    snprintf (line, sizeof line, "%.*s", (int)strcspn (cookie, "\r"), cookie);
    assert_non_null (strstr (line, "; HttpOnly"));
    assert_non_null (strstr (line, "; SameSite=Strict"));
    assert_non_null (strstr (line, "; Path=/;"));
    assert_non_null (strstr (line, "; Max-Age=28800"));
    line[strcspn (line, ";")] = '\0';
    snprintf (
        headers, sizeof headers, "Cookie: %s\r\n", line + strlen ("Set-Cookie: "));
    client_free (&answer);
    assert_int_equal (s_status_of (self, "/models", headers), 200);
    s_expect_problem (
        client_ask (self->port, "POST", "/session", headers, ""), 401, "key-needed");
    answer = client_ask (self->port, "DELETE", "/session", headers, NULL);
    assert_int_equal (answer.status, 204);
    assert_non_null (strstr (answer.text, "sasrec_session=; Path=/; Max-Age=0"));
    client_free (&answer);
}

static void
test_a_key_that_was_taken_away_is_refused (void **state)
{
    fixture_t *self = *state;
    char headers[HEADERS_SIZE], cookie[HEADERS_SIZE];
    s_cookie (CALLER_READ, 60, cookie);
    assert_int_equal (
        s_status_of (self, "/models", s_header (CALLER_READ, headers)), 200);
    int stream = client_connect (self->port);
    client_send (stream, "GET", "/events", cookie, NULL);
    assert_true (client_readable (stream, PATIENCE_MS));
    keyring_replace (self->args.keyring, NULL, 0, true);
    assert_int_equal (
        s_status_of (self, "/models", s_header (CALLER_READ, headers)), 401);
    assert_int_equal (s_status_of (self, "/models", cookie), 401);
    answer_t answer = client_receive (stream); /* to its end */
    assert_int_equal (answer.status, 200);
    client_free (&answer);
}

static void
test_what_a_key_lacks_is_named (void **state)
{
    fixture_t *self = *state;
    char headers[HEADERS_SIZE];
    answer_t answer = client_ask (
        self->port, "POST", "/recommend", s_header (CALLER_WRITE, headers), "{}");
    s_check_problem (&answer, 403, "scope-missing");
    assert_non_null (strstr (client_text (&answer, "detail"), "predict"));
    assert_true (client_has_header (&answer,
        "WWW-Authenticate: Bearer realm=\"sasrec\", error=\"insufficient_scope\", "
        "scope=\"predict\""));
    client_free (&answer);
}

static void
test_the_listener_for_probes_asks_for_nothing (void **state)
{
    fixture_t *self = *state;
    static const char *const paths[] = {"/livez", "/metrics", "/status"};
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        answer_t answer = client_ask (self->admin_port, "GET", paths[i], "", NULL);
        assert_int_equal (answer.status, 200);
        client_free (&answer);
    }
}

static void
test_no_answer_repeats_a_key (void **state)
{
    fixture_t *self = *state;
    char headers[HEADERS_SIZE];
    static const char *const paths[] = {
        "/models", "/metrics", "/nowhere", "/users?limit=x"};
    for (caller_t caller = 0; caller < CALLER_NOBODY; caller++)
        for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
            answer_t answer = client_ask (
                self->port, "GET", paths[i], s_header (caller, headers), NULL);
            assert_null (strstr (answer.text, s_texts[caller] + 16));
            client_free (&answer);
        }
}

/* Other states of the table */

static void
test_without_a_key_this_machine_is_let_in (void **state)
{
    fixture_t *self = *state;
    keyring_replace (self->args.keyring, NULL, 0, false);
    s_command (self, "START", "OK");
    assert_int_equal (s_status_of (self, "/models", ""), 200);
}

static void
s_listen_to_others (fixture_t *self)
{
    char error[160];
    config_set (self->config, "bind", "0.0.0.0", error);
}

static void
test_without_a_key_others_are_not_let_in (void **state)
{
    fixture_t *self = *state;
    s_listen_to_others (self);
    keyring_replace (self->args.keyring, NULL, 0, false);
    s_command (self, "START", "OK");
    answer_t answer = s_get (self, "/models");
    s_check_problem (&answer, 401, "key-needed");
    assert_non_null (strstr (client_text (&answer, "detail"), "sasrec keys create"));
    client_free (&answer);
    assert_int_equal (s_status_of (self, "/livez", ""), 200);
    s_add_keys (self); /* the first keys */
    char headers[HEADERS_SIZE];
    assert_int_equal (
        s_status_of (self, "/models", s_header (CALLER_READ, headers)), 200);
}

static void
test_open_lets_everybody_in (void **state)
{
    fixture_t *self = *state;
    char error[160], headers[HEADERS_SIZE];
    s_listen_to_others (self);
    config_set (self->config, "open", "yes", error);
    s_add_keys (self);
    s_command (self, "START", "OK");
    assert_int_equal (s_status_of (self, "/models", ""), 200);
    assert_int_equal (
        s_status_of (self, "/models", s_header (CALLER_STRANGER, headers)), 200);
}

static void
test_a_table_that_was_not_read_lets_in_who_is_near (void **state)
{
    fixture_t *self = *state;
    s_command (self, "START", "OK");
    assert_int_equal (s_status_of (self, "/models", ""), 200);
    assert_int_equal (
        s_status_of (self, "/models", "X-Forwarded-For: 192.0.2.7\r\n"), 503);
}

/* The database may be there, and only its keys not be read: a right that is missing. */
static void
test_a_table_that_was_not_read_keeps_all_from_the_database (void **state)
{
    fixture_t *self = *state;
    static const char *const reads[] = {"/users", "/users/a/history", "/items",
        "/items/1", "/popular", "/result/0190a0b0-c0d0-7000-8000-00000000dead",
        "/events?request_id=0190a0b0-c0d0-7000-8000-00000000dead"};
    static const char *const posts[] = {"/predict", "/interactions", "/items",
        "/recommend", "/models/reload", "/session"};
    s_command (self, "START", "OK");
    for (size_t i = 0; i < sizeof reads / sizeof *reads; i++) {
        answer_t answer = s_get (self, reads[i]);
        assert_non_null (strstr (answer.body, "Which keys hold is not known yet"));
        s_expect_problem (answer, 503, "unavailable");
    }
    for (size_t i = 0; i < sizeof posts / sizeof *posts; i++) {
        answer_t answer = client_ask (self->port, "POST", posts[i], "", BODY);
        assert_non_null (strstr (answer.body, "Which keys hold is not known yet"));
        s_expect_problem (answer, 503, "unavailable");
    }
    s_nothing_was_sent (self);
}

static void
test_a_table_that_was_not_read_keeps_others_out (void **state)
{
    fixture_t *self = *state;
    s_listen_to_others (self);
    s_command (self, "START", "OK");
    s_expect_problem (s_get (self, "/models"), 503, "unavailable");
    assert_int_equal (s_status_of (self, "/livez", ""), 200);
}

/* How often */

static void
s_expect_later (answer_t answer, const char *seconds)
{
    char line[40];
    s_check_problem (&answer, 429, "too-many-requests");
    snprintf (line, sizeof line, "Retry-After: %s", seconds);
    assert_true (client_has_header (&answer, line));
    client_free (&answer);
}

static void
test_a_key_has_its_rate (void **state)
{
    fixture_t *self = *state;
    api_key_t key = {.name = "slow", .scopes = SCOPE_READ, .rate = {2, 3600}};
    char headers[HEADERS_SIZE];
    api_key_make (&key, s_texts[CALLER_READ]);
    keyring_replace (self->args.keyring, &key, 1, true);
    s_command (self, "START", "OK");
    s_header (CALLER_READ, headers);
    assert_int_equal (s_status_of (self, "/models", headers), 200);
    assert_int_equal (s_status_of (self, "/models", headers), 200);
    s_expect_later (client_ask (self->port, "GET", "/models", headers, NULL), "1800");
    assert_int_equal (s_status_of (self, "/livez", headers), 200);
}

static void
test_an_address_has_its_rate (void **state)
{
    fixture_t *self = *state;
    char error[160];
    config_set (self->config, "address-rate", "3/h", error);
    keyring_replace (self->args.keyring, NULL, 0, false);
    s_command (self, "START", "OK");
    for (int i = 0; i < 3; i++)
        assert_int_equal (s_status_of (self, "/nowhere", ""), 404);
    s_expect_later (s_get (self, "/models"), "1200");
    answer_t answer = client_ask (self->admin_port, "GET", "/livez", "", NULL);
    assert_int_equal (answer.status, 200); /* probes go on */
    client_free (&answer);
}

#define KEYS(name) cmocka_unit_test_setup_teardown (name, s_setup_keys, s_teardown_keys)
#define OTHER(name)                                                                    \
    cmocka_unit_test_setup_teardown (name, s_setup_unknown, s_teardown_keys)

int
main (void)
{
    s_block_signals ();
    const struct CMUnitTest tests[] = {
        KEYS (test_each_path_method_and_scope),
        KEYS (test_the_description_has_the_scopes_of_the_table),
        KEYS (test_a_session_may_what_its_key_may),
        KEYS (test_a_wrong_key_is_not_saved_by_a_cookie),
        KEYS (test_a_session_is_opened_by_a_key_alone),
        KEYS (test_a_key_that_was_taken_away_is_refused),
        KEYS (test_what_a_key_lacks_is_named),
        KEYS (test_the_listener_for_probes_asks_for_nothing),
        KEYS (test_no_answer_repeats_a_key),
        OTHER (test_without_a_key_this_machine_is_let_in),
        OTHER (test_without_a_key_others_are_not_let_in),
        OTHER (test_open_lets_everybody_in),
        OTHER (test_a_table_that_was_not_read_lets_in_who_is_near),
        OTHER (test_a_table_that_was_not_read_keeps_all_from_the_database),
        OTHER (test_a_table_that_was_not_read_keeps_others_out),
        OTHER (test_a_key_has_its_rate),
        OTHER (test_an_address_has_its_rate),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

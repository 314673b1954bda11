/* Tests of base/api_key and base/session_token. SPDX-License-Identifier: Apache-2.0 */
#include "base/session_token.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

static void
test_a_key_is_its_own_and_no_other (void **state)
{
    (void)state;
    char text[API_KEY_TEXT_SIZE], other_text[API_KEY_TEXT_SIZE];
    api_key_t key, other;
    api_key_make (&key, text);
    api_key_make (&other, other_text);
    assert_int_equal (strlen (text), API_KEY_TEXT_SIZE - 1);
    assert_int_equal (strncmp (text, "sasrec_", 7), 0);
    assert_int_equal (strncmp (text + 7, key.prefix, 8), 0);
    assert_string_not_equal (text, other_text);
    assert_true (api_key_matches (&key, text));
    assert_false (api_key_matches (&other, text));
    assert_false (api_key_matches (NULL, text));
    for (size_t i = 0; text[i]; i++) { /* each letter of it counts */
        text[i] ^= 1;
        assert_false (api_key_matches (&key, text));
        text[i] ^= 1;
    }
}

static void
test_what_is_longer_or_shorter_is_another (void **state)
{
    (void)state;
    char text[API_KEY_TEXT_SIZE], longer[API_KEY_TEXT_SIZE + 1];
    api_key_t key;
    api_key_make (&key, text);
    strcat (strcpy (longer, text), "x");
    assert_false (api_key_matches (&key, longer));
    text[API_KEY_TEXT_SIZE - 2] = '\0';
    assert_false (api_key_matches (&key, text));
    assert_false (api_key_matches (&key, ""));
}

static void
test_only_what_looks_like_a_key_has_a_prefix (void **state)
{
    (void)state;
    char prefix[API_KEY_PREFIX_SIZE];
    assert_true (api_key_prefix ("sasrec_abcdefgh_abcdefghjkmnpqrstuvwxyz234", prefix));
    assert_string_equal (prefix, "abcdefgh");
    static const char *const others[] = {"", "sasrec_", "sasrec_abcdefgh",
        "sasrec_abcdefgh_abcdefghjkmnpqrstuvwxyz23",
        "sasrec_abcdefgh_abcdefghjkmnpqrstuvwxyz2345",
        "sasrek_abcdefgh_abcdefghjkmnpqrstuvwxyz234",
        "sasrec_abcdefghXabcdefghjkmnpqrstuvwxyz234",
        "sasrec_ABCDEFGH_abcdefghjkmnpqrstuvwxyz234",
        "sasrec_abc'efgh_abcdefghjkmnpqrstuvwxyz234"};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        assert_false (api_key_prefix (others[i], prefix));
}

static void
test_scopes_are_words (void **state)
{
    (void)state;
    unsigned scopes;
    char text[SCOPES_TEXT_SIZE];
    assert_true (scopes_parse ("read,predict", &scopes));
    assert_int_equal (scopes, SCOPE_READ | SCOPE_PREDICT);
    assert_string_equal (scopes_print (scopes, text), "predict,read");
    assert_string_equal (scopes_print (SCOPE_ALL, text), "predict,read,write,admin");
    assert_true (scopes_parse (text, &scopes));
    assert_int_equal (scopes, SCOPE_ALL);
    static const char *const others[] = {
        "", "all", "read,", ",read", "read, write", "Read", "readx", "rea"};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        assert_false (scopes_parse (others[i], &scopes));
}

static void
test_names_are_words (void **state)
{
    (void)state;
    char longest[API_KEY_NAME_SIZE + 1] = "";
    memset (longest, 'x', API_KEY_NAME_SIZE - 1);
    assert_true (api_key_name_valid ("shop-2.eu_west"));
    assert_true (api_key_name_valid (longest));
    longest[API_KEY_NAME_SIZE - 1] = 'x';
    assert_false (api_key_name_valid (longest));
    assert_false (api_key_name_valid (""));
    assert_false (api_key_name_valid ("my shop"));
    assert_false (api_key_name_valid ("shop\""));
}

/* A session */

typedef struct {
    char text[API_KEY_TEXT_SIZE];
    api_key_t key;
    char token[SESSION_TOKEN_SIZE];
} opened_t;

static opened_t
s_open (int64_t expires_s)
{
    opened_t opened;
    api_key_make (&opened.key, opened.text);
    session_token_make (opened.text, expires_s, opened.token);
    return opened;
}

static void
test_a_session_says_whose_it_is_and_until_when (void **state)
{
    (void)state;
    opened_t opened = s_open (1790000000);
    char prefix[API_KEY_PREFIX_SIZE];
    int64_t expires_s;
    assert_true (session_token_read (opened.token, prefix, &expires_s));
    assert_string_equal (prefix, opened.key.prefix);
    assert_int_equal (expires_s, 1790000000);
    assert_true (session_token_sealed (opened.token, opened.key.seal));
    assert_null (strstr (opened.token, opened.text + 16)); /* not the secret */
}

static void
test_a_session_of_another_key_is_not_sealed (void **state)
{
    (void)state;
    opened_t opened = s_open (1790000000), other = s_open (1790000000);
    assert_false (session_token_sealed (opened.token, other.key.seal));
}

static void
test_nothing_of_a_session_can_be_changed (void **state)
{
    (void)state;
    opened_t opened = s_open (1790000000);
    size_t length = strlen (opened.token);
    for (size_t i = 0; i + 1 < length; i++) { /* the last letter has spare bits */
        char changed[SESSION_TOKEN_SIZE];
        memcpy (changed, opened.token, sizeof changed);
        changed[i] = changed[i] == 'a' ? 'b' : 'a';
        assert_false (session_token_sealed (changed, opened.key.seal));
    }
}

static void
test_what_is_no_session_is_not_read (void **state)
{
    (void)state;
    char prefix[API_KEY_PREFIX_SIZE];
    int64_t expires_s;
    uint8_t seal[API_KEY_SEAL_SIZE] = {0};
    static const char *const others[] = {"", ".", "abcdefgh", "abcdefgh.", "abcdefgh.1",
        "abcdefg.1.x", "abcdefgh.-1.x", "abcdefgh.1234567890123.x", "abcdefgh..x"};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        assert_false (session_token_read (others[i], prefix, &expires_s));
    assert_false (session_token_sealed ("", seal));
    assert_false (session_token_sealed ("abcdefgh.1.", seal));
    assert_false (session_token_sealed ("abcdefgh.1.!!!!", seal));
    assert_false (session_token_sealed ("abcdefgh.1.AAAA", seal));
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_a_key_is_its_own_and_no_other),
        cmocka_unit_test (test_what_is_longer_or_shorter_is_another),
        cmocka_unit_test (test_only_what_looks_like_a_key_has_a_prefix),
        cmocka_unit_test (test_scopes_are_words),
        cmocka_unit_test (test_names_are_words),
        cmocka_unit_test (test_a_session_says_whose_it_is_and_until_when),
        cmocka_unit_test (test_a_session_of_another_key_is_not_sealed),
        cmocka_unit_test (test_nothing_of_a_session_can_be_changed),
        cmocka_unit_test (test_what_is_no_session_is_not_read),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

/* Tests of actors/keyring. SPDX-License-Identifier: Apache-2.0 */
#include "actors/keyring.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "base/session_token.h"

#define KEYS 20

typedef struct {
    keyring_t *ring;
    api_key_t keys[KEYS];
    char texts[KEYS][API_KEY_TEXT_SIZE];
} fixture_t;

static int
s_setup (void **state)
{
    static fixture_t self;
    memset (&self, 0, sizeof self);
    self.ring = keyring_new ();
    for (size_t i = 0; i < KEYS; i++) {
        api_key_make (&self.keys[i], self.texts[i]);
        snprintf (self.keys[i].name, sizeof self.keys[i].name, "key-%zu", i);
        self.keys[i].scopes = SCOPE_READ;
    }
    *state = &self;
    return 0;
}

static int
s_teardown (void **state)
{
    fixture_t *self = *state;
    keyring_destroy (&self->ring);
    return 0;
}

static void
test_it_begins_knowing_nothing (void **state)
{
    fixture_t *self = *state;
    keyring_caller_t caller;
    assert_int_equal (keyring_state (self->ring), KEYRING_UNKNOWN);
    assert_false (keyring_find (self->ring, self->texts[0], &caller));
    keyring_replace (self->ring, NULL, 0, false);
    assert_int_equal (keyring_state (self->ring), KEYRING_NONE);
}

static void
test_each_key_is_found_and_no_other (void **state)
{
    fixture_t *self = *state;
    keyring_caller_t caller;
    keyring_replace (self->ring, self->keys, KEYS - 1, true);
    assert_int_equal (keyring_state (self->ring), KEYRING_KEYS);
    for (size_t i = 0; i < KEYS - 1; i++) {
        assert_true (keyring_find (self->ring, self->texts[i], &caller));
        assert_string_equal (caller.name, self->keys[i].name);
        assert_string_equal (caller.prefix, self->keys[i].prefix);
        assert_int_equal (caller.scopes, SCOPE_READ);
        assert_int_equal (caller.expires_s, 0);
    }
    assert_false (keyring_find (self->ring, self->texts[KEYS - 1], &caller));
    assert_false (keyring_find (self->ring, "", &caller));
    self->texts[0][API_KEY_TEXT_SIZE - 2] ^= 1; /* of a prefix that is known */
    assert_false (keyring_find (self->ring, self->texts[0], &caller));
}

static void
test_a_key_that_was_taken_away_opens_nothing (void **state)
{
    fixture_t *self = *state;
    keyring_caller_t caller;
    keyring_replace (self->ring, self->keys, 2, true);
    assert_true (keyring_has (self->ring, self->keys[1].prefix));
    keyring_replace (self->ring, self->keys, 1, true);
    assert_false (keyring_find (self->ring, self->texts[1], &caller));
    assert_false (keyring_has (self->ring, self->keys[1].prefix));
    assert_true (keyring_find (self->ring, self->texts[0], &caller));
    keyring_replace (self->ring, NULL, 0, true); /* the last one, too */
    assert_int_equal (keyring_state (self->ring), KEYRING_KEYS);
    assert_false (keyring_find (self->ring, self->texts[0], &caller));
}

static void
test_a_session_lasts_until_it_ends_or_its_key_is_revoked (void **state)
{
    fixture_t *self = *state;
    keyring_caller_t caller;
    char token[SESSION_TOKEN_SIZE];
    session_token_make (self->texts[3], 1000, token);
    keyring_replace (self->ring, self->keys, KEYS, true);
    assert_true (keyring_find_session (self->ring, token, 999, &caller));
    assert_string_equal (caller.name, "key-3");
    assert_int_equal (caller.expires_s, 1000);
    assert_false (keyring_find_session (self->ring, token, 1000, &caller));
    assert_false (keyring_find_session (self->ring, self->texts[3], 999, &caller));
    assert_false (keyring_find (self->ring, token, &caller));
    keyring_replace (self->ring, self->keys, 3, true);
    assert_false (keyring_find_session (self->ring, token, 999, &caller));
}

static void
test_a_rate_goes_on_when_the_table_is_read_again (void **state)
{
    fixture_t *self = *state;
    self->keys[0].rate = (rate_t){2, 60};
    keyring_replace (self->ring, self->keys, KEYS, true);
    const char *prefix = self->keys[0].prefix;
    assert_int_equal (keyring_take (self->ring, prefix, 1), 0);
    keyring_replace (self->ring, self->keys, KEYS, true);
    assert_int_equal (keyring_take (self->ring, prefix, 1), 0);
    assert_int_equal (keyring_take (self->ring, prefix, 1), 30000000);
    for (int i = 0; i < 100; i++) /* others have theirs */
        assert_int_equal (keyring_take (self->ring, self->keys[1].prefix, 1), 0);
    assert_int_equal (keyring_take (self->ring, "nobody", 1), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown (name, s_setup, s_teardown)

int
main (void)
{
    const struct CMUnitTest tests[] = {
        TEST (test_it_begins_knowing_nothing),
        TEST (test_each_key_is_found_and_no_other),
        TEST (test_a_key_that_was_taken_away_opens_nothing),
        TEST (test_a_session_lasts_until_it_ends_or_its_key_is_revoked),
        TEST (test_a_rate_goes_on_when_the_table_is_read_again),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

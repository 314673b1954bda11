/* The table of keys, against a real PostgreSQL. SPDX-License-Identifier: Apache-2.0 */
#include "store_fixture.h"

#include "store/api_keys.h"

static api_key_t
s_add (store_fixture_t *self, const char *name, unsigned scopes)
{
    char text[API_KEY_TEXT_SIZE];
    api_key_t key = {.scopes = scopes, .rate = {100, 60}};
    snprintf (key.name, sizeof key.name, "%s", name);
    api_key_make (&key, text);
    assert_int_equal (api_keys_add (self->db, &key), DB_OK);
    return key;
}

static api_key_t *
s_read (store_fixture_t *self, size_t count, bool any)
{
    api_key_t *keys;
    size_t found;
    bool has;
    assert_int_equal (api_keys_read (self->db, &keys, &found, &has), DB_OK);
    assert_int_equal (found, count);
    assert_int_equal (has, any);
    return keys;
}

static void
s_an_empty_table_says_so (void **state)
{
    free (s_read (*state, 0, false));
}

static void
s_a_key_comes_back_as_it_went (void **state)
{
    api_key_t key = s_add (*state, "shop", SCOPE_PREDICT | SCOPE_WRITE);
    api_key_t *keys = s_read (*state, 1, true);
    assert_string_equal (keys[0].name, "shop");
    assert_string_equal (keys[0].prefix, key.prefix);
    assert_memory_equal (keys[0].hash, key.hash, sizeof key.hash);
    assert_memory_equal (keys[0].seal, key.seal, sizeof key.seal);
    assert_int_equal (keys[0].scopes, key.scopes);
    assert_int_equal (keys[0].rate.count, 100);
    assert_int_equal (keys[0].rate.period_s, 60);
    free (keys);
}

static void
s_a_name_has_one_key_at_a_time (void **state)
{
    store_fixture_t *self = *state;
    bool revoked;
    api_key_t key = s_add (self, "shop", SCOPE_READ);
    key.prefix[0] = key.prefix[0] == 'a' ? 'b' : 'a';
    assert_int_equal (api_keys_add (self->db, &key), DB_DATA);
    assert_int_equal (api_keys_revoke (self->db, "shop", &revoked), DB_OK);
    assert_true (revoked);
    s_add (self, "shop", SCOPE_READ);
    free (s_read (self, 1, true));
}

static void
s_a_revoked_key_is_gone_but_not_forgotten (void **state)
{
    store_fixture_t *self = *state;
    bool revoked;
    s_add (self, "shop", SCOPE_READ);
    assert_int_equal (api_keys_revoke (self->db, "nobody", &revoked), DB_OK);
    assert_false (revoked);
    assert_int_equal (api_keys_revoke (self->db, "shop", &revoked), DB_OK);
    assert_true (revoked);
    assert_int_equal (api_keys_revoke (self->db, "shop", &revoked), DB_OK);
    assert_false (revoked);
    free (s_read (self, 0, true));
}

typedef struct {
    size_t count;
    char revoked[40]; /* of the last */
} listed_t;

static void
s_note (void *context, const api_key_t *key, const char *created, const char *revoked)
{
    listed_t *listed = context;
    assert_string_equal (key->name, "shop");
    assert_int_equal (strlen (created), 20);
    listed->count++;
    snprintf (listed->revoked, sizeof listed->revoked, "%s", revoked);
}

static void
s_a_list_has_all_there_ever_were (void **state)
{
    store_fixture_t *self = *state;
    listed_t listed = {0};
    bool revoked;
    s_add (self, "shop", SCOPE_READ);
    api_keys_revoke (self->db, "shop", &revoked);
    s_add (self, "shop", SCOPE_READ);
    assert_int_equal (api_keys_list (self->db, s_note, &listed), DB_OK);
    assert_int_equal (listed.count, 2);
    assert_int_equal (strlen (listed.revoked), 20); /* the older one comes last */
}

static void
s_what_makes_no_key_is_refused (void **state)
{
    store_fixture_t *self = *state;
    char text[API_KEY_TEXT_SIZE];
    api_key_t key = {.scopes = SCOPE_READ};
    api_key_make (&key, text);
    assert_int_equal (api_keys_add (self->db, &key), DB_DATA); /* nobody's */
    snprintf (key.name, sizeof key.name, "shop");
    key.scopes = 0;
    assert_int_equal (api_keys_add (self->db, &key), DB_DATA);
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        STORE_TEST (s_an_empty_table_says_so),
        STORE_TEST (s_a_key_comes_back_as_it_went),
        STORE_TEST (s_a_name_has_one_key_at_a_time),
        STORE_TEST (s_a_revoked_key_is_gone_but_not_forgotten),
        STORE_TEST (s_a_list_has_all_there_ever_were),
        STORE_TEST (s_what_makes_no_key_is_refused),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

/* Tests of the key_watch actor, against a real PostgreSQL.
 * SPDX-License-Identifier: Apache-2.0 */
#include "tests/actors/postgres.h"

#include "actors/key_watch.h"
#include "base/health.h"
#include "store/api_keys.h"

typedef struct {
    key_watch_args_t args;
    zactor_t *actor;
    char text[API_KEY_TEXT_SIZE]; /* of the key that was made */
} watched_t;

static watched_t
s_watch (store_fixture_t *store, bool needed)
{
    watched_t self = {.args = {.conninfo = store->conninfo,
                          .statement_timeout_ms = 2000,
                          .look_ms = 20,
                          .keyring = keyring_new (),
                          .needed = needed}};
    health_reset ();
    return self;
}

static void
s_end (watched_t *self)
{
    zactor_destroy (&self->actor);
    keyring_destroy (&self->args.keyring);
}

static void
s_create (store_fixture_t *store, watched_t *self)
{
    api_key_t key = {.name = "shop", .scopes = SCOPE_READ};
    api_key_make (&key, self->text);
    assert_int_equal (api_keys_add (store->db, &key), DB_OK);
}

static void
s_await (watched_t *self, bool found)
{
    keyring_caller_t caller;
    int64_t limit_ms = clock_monotonic_ms () + LIMIT_MS;
    while (keyring_find (self->args.keyring, self->text, &caller) != found &&
           clock_monotonic_ms () < limit_ms)
        zclock_sleep (5);
    assert_int_equal (keyring_find (self->args.keyring, self->text, &caller), found);
}

static void
s_await_ready (bool ready)
{
    char reason[160];
    int64_t limit_ms = clock_monotonic_ms () + LIMIT_MS;
    while (health_ready (reason, sizeof reason) != ready &&
           clock_monotonic_ms () < limit_ms)
        zclock_sleep (5);
    assert_int_equal (health_ready (reason, sizeof reason), ready);
}

static void
s_what_is_there_at_the_start_is_known_after_it (void **state)
{
    watched_t self = s_watch (*state, false);
    keyring_caller_t caller;
    s_create (*state, &self);
    self.actor = actor_start (key_watch_actor, &self.args);
    assert_true (keyring_find (self.args.keyring, self.text, &caller));
    actor_refuses_unknown (self.actor);
    s_end (&self);
}

static void
s_keys_come_and_go (void **state)
{
    store_fixture_t *store = *state;
    watched_t self = s_watch (store, false);
    bool revoked;
    self.actor = actor_start (key_watch_actor, &self.args);
    assert_int_equal (keyring_state (self.args.keyring), KEYRING_NONE);
    s_create (store, &self);
    s_await (&self, true);
    api_keys_revoke (store->db, "shop", &revoked);
    s_await (&self, false);
    assert_int_equal (keyring_state (self.args.keyring), KEYRING_KEYS);
    s_end (&self);
}

static void
s_known_keys_go_on_without_the_table (void **state)
{
    store_fixture_t *store = *state;
    watched_t self = s_watch (store, false);
    keyring_caller_t caller;
    s_create (store, &self);
    self.actor = actor_start (key_watch_actor, &self.args);
    store_do (store, "ALTER TABLE api_keys RENAME TO away");
    zclock_sleep (200); /* ten looks */
    assert_true (keyring_find (self.args.keyring, self.text, &caller));
    store_do (store, "UPDATE away SET revoked_at = now ();"
                     "ALTER TABLE away RENAME TO api_keys");
    s_await (&self, false);
    s_end (&self);
}

static void
s_a_service_for_others_is_ready_with_its_first_key (void **state)
{
    store_fixture_t *store = *state;
    watched_t self = s_watch (store, true);
    bool revoked;
    self.actor = actor_start (key_watch_actor, &self.args);
    s_await_ready (false);
    s_create (store, &self);
    s_await_ready (true);
    api_keys_revoke (store->db, "shop", &revoked);
    s_await_ready (false);
    s_end (&self);
}

static void
s_a_table_that_comes_later_is_read (void **state)
{
    store_fixture_t *store = *state;
    watched_t self = s_watch (store, false);
    s_create (store, &self);
    store_do (store, "ALTER TABLE api_keys RENAME TO away");
    self.actor = actor_start (key_watch_actor, &self.args);
    assert_int_equal (keyring_state (self.args.keyring), KEYRING_UNKNOWN);
    s_await_ready (false);
    store_do (store, "ALTER TABLE away RENAME TO api_keys");
    s_await (&self, true);
    s_await_ready (true);
    s_end (&self);
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        STORE_TEST (s_what_is_there_at_the_start_is_known_after_it),
        STORE_TEST (s_keys_come_and_go),
        STORE_TEST (s_known_keys_go_on_without_the_table),
        STORE_TEST (s_a_service_for_others_is_ready_with_its_first_key),
        STORE_TEST (s_a_table_that_comes_later_is_read),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

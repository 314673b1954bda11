/* Tests of the pruner actor, against a real PostgreSQL.
 * SPDX-License-Identifier: Apache-2.0 */
#include "tests/actors/postgres.h"

#include "actors/pruner.h"
#include "base/metrics.h"

static pruner_args_t
s_args (store_fixture_t *store, int64_t retention_s)
{
    return (pruner_args_t){.conninfo = store->conninfo,
        .statement_timeout_ms = 2000,
        .retention_s = retention_s,
        .sweep_ms = 20};
}

static void
s_make_old (store_fixture_t *store, size_t count)
{
    rows_make (store, count);
    store_do (store, "UPDATE predictions SET created_at = now () - interval '31 days',"
                     " status = 'FAILED'");
}

static void
s_old_requests_are_deleted_again_and_again (void **state)
{
    store_fixture_t *store = *state;
    pruner_args_t args = s_args (store, 30 * 86400);
    zactor_t *actor = actor_start (pruner_actor, &args);
    actor_refuses_unknown (actor);
    for (int i = 0; i < 3; i++) {
        s_make_old (store, 1200);
        rows_await (store, "true", 0);
    }
    zactor_destroy (&actor);
    size_t length;
    char *text = metrics_render (&length);
    assert_non_null (strstr (text, "sasrec_retention_deleted_total 3600"));
    free (text);
}

static void
s_without_a_retention_nothing_is_deleted (void **state)
{
    store_fixture_t *store = *state;
    pruner_args_t args = s_args (store, 0);
    s_make_old (store, 3);
    zactor_t *actor = actor_start (pruner_actor, &args);
    zclock_sleep (200); /* ten sweeps */
    zactor_destroy (&actor);
    rows_await (store, "true", 3);
}

static void
s_database_that_comes_later_is_swept (void **state)
{
    store_fixture_t *store = *state;
    pruner_args_t args = s_args (store, 30 * 86400);
    s_make_old (store, 3);
    store_do (store, "ALTER TABLE predictions RENAME TO away");
    zactor_t *actor = actor_start (pruner_actor, &args);
    zclock_sleep (100);
    store_do (store, "ALTER TABLE away RENAME TO predictions");
    rows_await (store, "true", 0);
    zactor_destroy (&actor);
}

static void
s_keys_are_forgotten_without_a_retention (void **state)
{
    store_fixture_t *store = *state;
    pruner_args_t args = s_args (store, 0);
    store_do (store, "INSERT INTO idempotency (id, fingerprint, created_at)"
                     " SELECT gen_random_uuid (), '', now () - interval '25 h'"
                     " FROM generate_series (1, 2500);"
                     "INSERT INTO idempotency (id, fingerprint)"
                     " VALUES (gen_random_uuid (), '')");
    zactor_t *actor = actor_start (pruner_actor, &args);
    int64_t limit_ms = clock_monotonic_ms () + LIMIT_MS;
    bool gone = false;
    while (!gone && clock_monotonic_ms () < limit_ms) {
        char *left = store_value (store, "SELECT count(*) FROM idempotency");
        gone = strcmp (left, "1") == 0;
        free (left);
    }
    assert_true (gone);
    zactor_destroy (&actor);
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        STORE_TEST (s_old_requests_are_deleted_again_and_again),
        STORE_TEST (s_without_a_retention_nothing_is_deleted),
        STORE_TEST (s_keys_are_forgotten_without_a_retention),
        STORE_TEST (s_database_that_comes_later_is_swept),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

/* Migrations, against a real PostgreSQL. SPDX-License-Identifier: Apache-2.0 */
#include "store_fixture.h"

#include <pthread.h>

#include "base/embed.h"

static void
s_second_run_applies_nothing (void **state)
{
    store_fixture_t *self = *state;
    size_t applied = 9;
    char error[160] = "";
    assert_int_equal (migrate_run (self->conninfo, &applied, error), 0);
    assert_int_equal (applied, 0);
    assert_true (migrate_current (self->db));
}

static void
s_schema_of_an_older_program_is_not_current (void **state)
{
    store_fixture_t *self = *state;
    store_do (self, "DELETE FROM schema_migrations WHERE name ="
                    " (SELECT max (name) FROM schema_migrations)");
    assert_false (migrate_current (self->db));
}

static void
s_empty_database_is_not_current (void **state)
{
    store_fixture_t *self = *state;
    store_do (self, "DROP TABLE schema_migrations");
    assert_false (migrate_current (self->db));
    assert_int_equal (db_exec (self->db, "SELECT 1", 0, NULL, NULL), DB_OK);
}

static void
s_missing_database_is_created (void **state)
{
    store_fixture_t *self = *state;
    store_do (self, "DROP DATABASE IF EXISTS \"odd \"\"name\"");
    size_t applied;
    char error[160] = "";
    if (migrate_run ("dbname='odd \"name'", &applied, error))
        fail_msg ("%s", error);
    assert_int_equal (applied, embed_schema_count);
}

typedef struct {
    pthread_t thread;
    const char *conninfo;
    size_t applied;
    int rc;
    char error[160];
} runner_t;

static void *
s_run (void *argument)
{
    runner_t *self = argument;
    self->rc = migrate_run (self->conninfo, &self->applied, self->error);
    return NULL;
}

static void
s_concurrent_runs_apply_each_once (void **state)
{
    store_fixture_t *self = *state;
    store_do (self, "DROP DATABASE IF EXISTS together");
    runner_t runners[6] = {0};
    size_t applied = 0;
    for (int i = 0; i < 6; i++) {
        runners[i].conninfo = "dbname=together";
        pthread_create (&runners[i].thread, NULL, s_run, &runners[i]);
    }
    for (int i = 0; i < 6; i++) {
        pthread_join (runners[i].thread, NULL);
        if (runners[i].rc)
            fail_msg ("%s", runners[i].error);
        applied += runners[i].applied;
    }
    assert_int_equal (applied, embed_schema_count);
}

static void
s_newer_database_is_refused (void **state)
{
    store_fixture_t *self = *state;
    store_do (self, "INSERT INTO schema_migrations VALUES ('999_future.sql', 'x')");
    char error[160];
    assert_int_equal (migrate_run (self->conninfo, NULL, error), -1);
    assert_non_null (strstr (error, "999_future.sql"));
    assert_non_null (strstr (error, "newer sasrec"));
}

static void
s_changed_migration_is_refused (void **state)
{
    store_fixture_t *self = *state;
    store_do (self, "UPDATE schema_migrations SET checksum = 'x'");
    char error[160];
    assert_int_equal (migrate_run (self->conninfo, NULL, error), -1);
    assert_non_null (strstr (error, embed_schema[0].name));
}

static void
s_failed_migration_leaves_nothing (void **state)
{
    store_fixture_t *self = *state;
    /* The last object of the first migration is in the way. */
    store_do (self, "DROP SCHEMA public CASCADE; CREATE SCHEMA public;"
                    "CREATE TABLE predictions (a int)");
    char error[160];
    assert_int_equal (migrate_run (self->conninfo, NULL, error), -1);
    assert_non_null (strstr (error, "\"predictions\" already exists"));
    store_assert_value (self, "SELECT to_regclass ('interactions') IS NULL", "t");
    store_assert_value (self, "SELECT count (*) FROM schema_migrations", "0");
}

static void
s_absent_server_is_named (void **state)
{
    (void)state;
    char error[160];
    assert_int_equal (migrate_run ("host=127.0.0.1 port=1 dbname=x", NULL, error), -1);
    assert_string_equal (error, "cannot reach PostgreSQL at 127.0.0.1:1: Connection "
                                "refused; is it running?");
}

static void
s_refused_login_is_no_absent_server (void **state)
{
    (void)state;
    char error[160];
    assert_int_equal (migrate_run ("user=nobody_we_know", NULL, error), -1);
    assert_non_null (strstr (error, "refused"));
    assert_non_null (strstr (error, "nobody_we_know"));
    assert_null (strstr (error, "is it running"));
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        STORE_TEST (s_second_run_applies_nothing),
        STORE_TEST (s_schema_of_an_older_program_is_not_current),
        STORE_TEST (s_empty_database_is_not_current),
        STORE_TEST (s_missing_database_is_created),
        STORE_TEST (s_concurrent_runs_apply_each_once),
        STORE_TEST (s_newer_database_is_refused),
        STORE_TEST (s_changed_migration_is_refused),
        STORE_TEST (s_failed_migration_leaves_nothing),
        STORE_TEST (s_absent_server_is_named),
        STORE_TEST (s_refused_login_is_no_absent_server),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

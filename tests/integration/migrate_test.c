/* Migrations, against a real PostgreSQL. SPDX-License-Identifier: Apache-2.0 */
#include "store_fixture.h"

#include <pthread.h>

#include "base/embed.h"
#include "store/schema_check.h"

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
s_empty_public (store_fixture_t *self)
{
    store_do (self, "DROP SCHEMA public CASCADE; CREATE SCHEMA public");
}

static void
s_assert_refused (store_fixture_t *self, const char *conninfo, const char *words)
{
    char error[160] = "";
    (void)self;
    assert_int_equal (migrate_run (conninfo, NULL, error), -1);
    if (!strstr (error, words))
        fail_msg ("%s", error);
}

/* A shop's own "items", or Rails' "schema_migrations". */
static void
s_strangers_tables_are_left_alone (void **state)
{
    static const char *const names[] = {
        "items", "schema_migrations", "imports", "predictions", "interactions"};
    store_fixture_t *self = *state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char sql[120], words[120];
        s_empty_public (self);
        snprintf (sql, sizeof sql, "CREATE TABLE %s (version int)", names[i]);
        store_do (self, sql);
        snprintf (words, sizeof words, "schema public has a table %s that is not ours",
            names[i]);
        s_assert_refused (self, self->conninfo, words);
        store_assert_value (self,
            "SELECT count (*) || min (relname) FROM pg_class WHERE relnamespace ="
            " 'public'::regnamespace AND relkind IN ('r', 'i', 'S')",
            (snprintf (words, sizeof words, "1%s", names[i]), words));
    }
}

static void
s_schema_is_made_and_ours_alone (void **state)
{
    store_fixture_t *self = *state;
    const char *conninfo = "schema='shop recs' dbname=sasrec";
    size_t applied;
    char error[160] = "";
    s_empty_public (self);
    store_do (self, "DROP SCHEMA IF EXISTS \"shop recs\" CASCADE;"
                    "CREATE TABLE items (sku text); CREATE TABLE interactions (a int)");
    for (int i = 0; i < 2; i++) {
        if (migrate_run (conninfo, &applied, error))
            fail_msg ("%s", error);
        assert_int_equal (applied, i == 0 ? embed_schema_count : 0);
    }
    db_t *db = db_new (conninfo, "test", 5000);
    char reason[160] = "";
    assert_true (db_ensure (db));
    if (!schema_check (db, reason))
        fail_msg ("%s", reason);
    assert_int_equal (
        db_exec (db, "INSERT INTO items (item_id) VALUES (7)", 0, NULL, NULL), DB_OK);
    db_destroy (&db);
    store_assert_value (self, "SELECT count (*) FROM public.items", "0");
    store_assert_value (self, "SELECT to_regclass ('public.predictions') IS NULL", "t");
    store_do (self, "DROP SCHEMA \"shop recs\" CASCADE");
}

static void
s_failed_migration_leaves_nothing (void **state)
{
    store_fixture_t *self = *state;
    s_empty_public (self);
    store_do (
        self, "CREATE SCHEMA late; CREATE TYPE predictions AS ENUM ('in the way')");
    s_assert_refused (self, self->conninfo, "predictions");
    store_assert_value (self, "SELECT to_regclass ('interactions') IS NULL", "t");
    store_assert_value (self, "SELECT to_regclass ('schema_migrations') IS NULL", "t");
    store_do (self, "DROP SCHEMA late");
}

static void
s_role_without_rights_passes_when_nothing_is_to_do (void **state)
{
    store_fixture_t *self = *state;
    size_t applied = 9;
    char error[160] = "", reason[160] = "";
    store_do (self, "DROP ROLE IF EXISTS clerk; CREATE ROLE clerk LOGIN;"
                    "REVOKE CREATE ON SCHEMA public FROM PUBLIC;"
                    "GRANT USAGE ON SCHEMA public TO clerk;"
                    "GRANT SELECT ON schema_migrations TO clerk");
    if (migrate_run ("dbname=sasrec user=clerk", &applied, error))
        fail_msg ("%s", error);
    assert_int_equal (applied, 0);
    db_t *db = db_new ("dbname=sasrec user=clerk", "test", 5000);
    assert_true (db_ensure (db));
    assert_false (schema_check (db, reason));
    assert_string_equal (
        reason, "the role clerk lacks the right to SELECT on interactions: GRANT it");
    db_destroy (&db);
    store_do (self, "DROP OWNED BY clerk; DROP ROLE clerk");
}

/* What the Python service of this shape makes, and how it writes. */
static const char s_python_tables[] =
    "CREATE TABLE interactions (id serial PRIMARY KEY, user_id varchar NOT NULL,"
    " item_id integer NOT NULL, created_at timestamp DEFAULT now ());"
    "CREATE TABLE predictions (request_id varchar PRIMARY KEY, user_id varchar,"
    " status varchar(20) DEFAULT 'PENDING', result_json json, note text,"
    " created_at timestamptz DEFAULT now ());"
    "CREATE INDEX ON interactions (user_id);"
    "INSERT INTO interactions (user_id, item_id) VALUES ('user_1', 5), ('user_1', 6);"
    "INSERT INTO predictions (request_id, user_id, status, result_json) VALUES"
    " ('6b0d4a52-9c1f-4a7e-8f57-0d5a1be3a001', 'user_1', 'COMPLETED', '{\"a\": 1}'),"
    " ('6b0d4a52-9c1f-4a7e-8f57-0d5a1be3a002', 'user_1', 'PENDING', NULL);";

/* Columns of a table as a line each; those of strangers are their own. */
static const char s_shape[] =
    "SELECT string_agg (line, E'\\n' ORDER BY line) FROM ("
    "SELECT attrelid::regclass::text || ' ' || attname || ' ' ||"
    " format_type (atttypid, atttypmod) || ' ' || attnotnull || ' ' ||"
    " attcollation::regcollation || ' ' || coalesce (pg_get_expr (adbin, adrelid), '')"
    " AS line FROM pg_attribute LEFT JOIN pg_attrdef ON adrelid = attrelid"
    " AND adnum = attnum WHERE attrelid IN ('interactions'::regclass,"
    " 'predictions'::regclass) AND attnum > 0 AND NOT attisdropped AND attname <> "
    "'note'"
    " AND attname <> 'id'"
    " UNION ALL SELECT conrelid::regclass || ' ' || pg_get_constraintdef (oid)"
    " FROM pg_constraint WHERE connamespace = 'public'::regnamespace"
    " UNION ALL SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' AND"
    " indexdef NOT LIKE '%interactions_user_id_idx%'"
    " UNION ALL SELECT relname || reloptions::text FROM pg_class"
    " WHERE relnamespace = 'public'::regnamespace AND reloptions IS NOT NULL) t";

static void
s_tables_of_another_service_become_ours (void **state)
{
    store_fixture_t *self = *state;
    char error[160] = "", reason[160];
    char *ours = store_value (self, s_shape);
    s_empty_public (self);
    store_do (self, s_python_tables);
    s_assert_refused (self, self->conninfo, "--adopt");
    if (migrate_adopt (self->conninfo, NULL, error))
        fail_msg ("%s", error);
    store_assert_value (self, s_shape, ours);
    free (ours);
    store_assert_value (self, "SELECT count (*) FROM interactions", "2");
    assert_true (db_ensure (self->db));
    assert_true (schema_check (self->db, reason));
    /* Its writers, as before. */
    store_do (self, "INSERT INTO interactions (user_id, item_id) VALUES ('user_2', 7);"
                    "INSERT INTO predictions (request_id, user_id, status) VALUES"
                    " ('6b0d4a52-9c1f-4a7e-8f57-0d5a1be3a003', 'user_2', 'PENDING')");
    store_assert_value (self,
        "SELECT count (*) FROM predictions"
        " WHERE status = 'PENDING' AND request_json IS NULL AND deadline > now ()",
        "2");
}

static void
s_adopting_says_what_does_not_fit (void **state)
{
    static const char *const cases[][2] = {
        {"CREATE TABLE interactions (id serial PRIMARY KEY, user_id text, item text)",
            "interactions cannot be taken over: it lacks created_at, item_id"},
        {"CREATE TABLE predictions (request_id text PRIMARY KEY, user_id text,"
         " status text, result_json json, created_at timestamptz, who int NOT NULL)",
            "its who must have a default or accept NULL"},
        {"CREATE TABLE predictions (request_id text, user_id text, status text,"
         " result_json json, created_at timestamptz, n serial PRIMARY KEY)",
            "another primary key than ours, PRIMARY KEY (request_id)"},
        {"CREATE TABLE predictions (request_id text PRIMARY KEY, user_id text,"
         " status text, result_json json, created_at timestamptz);"
         "INSERT INTO predictions VALUES ('abc')",
            "invalid input syntax for type uuid: \"abc\""},
        {"CREATE VIEW predictions AS SELECT 1 AS request_id",
            "has a view predictions that is not ours"},
        {"CREATE VIEW interactions AS SELECT 1 AS id, 2 AS user_id", "item_id"},
        {"CREATE TABLE items (a int); CREATE TABLE interactions (a int)",
            "has a table items that is not ours: choose another by --schema"},
    };
    store_fixture_t *self = *state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char error[160] = "";
        s_empty_public (self);
        store_do (self, cases[i][0]);
        assert_int_equal (migrate_adopt (self->conninfo, NULL, error), -1);
        if (!strstr (error, cases[i][1]))
            fail_msg ("%zu: %s", i, error);
        store_assert_value (self, "SELECT to_regclass ('imports') IS NULL", "t");
        store_assert_value (
            self, "SELECT count (*) FROM pg_class WHERE relname LIKE 'adopted%'", "0");
    }
}

static void
s_view_of_interactions_stays_in_their_place (void **state)
{
    store_fixture_t *self = *state;
    char error[160] = "";
    s_empty_public (self);
    store_do (self,
        "CREATE TABLE clicks (n int, who int, what int, at timestamp);"
        "CREATE VIEW interactions AS SELECT n AS id, who AS user_id, what AS item_id,"
        " at AS created_at FROM clicks");
    if (migrate_adopt (self->conninfo, NULL, error))
        fail_msg ("%s", error);
    store_assert_value (
        self, "SELECT relkind FROM pg_class WHERE oid = 'interactions'::regclass", "v");
}

static void
s_view_that_cannot_be_read_is_named (void **state)
{
    store_fixture_t *self = *state;
    char reason[160] = "";
    store_do (self,
        "DROP TABLE interactions; CREATE VIEW interactions AS SELECT 1 AS id,"
        " 2 AS user_id, 3 AS item_id, 1700000000 AS created_at");
    assert_false (schema_check (self->db, reason));
    assert_non_null (strstr (reason, "created_at (timestamptz): cannot cast type"));
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
        STORE_TEST (s_strangers_tables_are_left_alone),
        STORE_TEST (s_schema_is_made_and_ours_alone),
        STORE_TEST (s_failed_migration_leaves_nothing),
        STORE_TEST (s_role_without_rights_passes_when_nothing_is_to_do),
        STORE_TEST (s_tables_of_another_service_become_ours),
        STORE_TEST (s_adopting_says_what_does_not_fit),
        STORE_TEST (s_view_of_interactions_stays_in_their_place),
        STORE_TEST (s_view_that_cannot_be_read_is_named),
        STORE_TEST (s_absent_server_is_named),
        STORE_TEST (s_refused_login_is_no_absent_server),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

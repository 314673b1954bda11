/* Connections that are lost and come back, against a real PostgreSQL that is stopped,
 * killed and frozen. SPDX-License-Identifier: Apache-2.0 */
#include "store_fixture.h"

#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include "base/metrics.h"
#include "store/pool.h"

/* "stop", "kill" or "start": the server of with-postgres. */
static void
s_server (const char *verb)
{
    char command[512];
    snprintf (command, sizeof command, "%s --%s", WITH_POSTGRES, verb);
    assert_int_equal (system (command), 0);
}

static db_status_t
s_ping (db_t *db)
{
    return db_exec (db, "SELECT 1", 0, NULL, NULL);
}

/* Calls db_ensure until it holds; -1 after 5 s, else how long it took. */
static int64_t
s_wait_connected (db_t *db)
{
    int64_t start_ms = clock_monotonic_ms ();
    while (clock_monotonic_ms () - start_ms < 5000) {
        if (db_ensure (db))
            return clock_monotonic_ms () - start_ms;
        usleep (1000);
    }
    return -1;
}

static void
s_terminate (store_fixture_t *self)
{
    store_do (self, "SELECT pg_terminate_backend (pid) FROM pg_stat_activity"
                    " WHERE application_name = 'test'");
}

static void
s_statement_needs_a_connection (void **state)
{
    store_fixture_t *self = *state;
    db_t *db = db_new (self->conninfo, "other", 5000);
    assert_int_equal (s_ping (db), DB_AWAY);
    assert_true (db_ensure (db));
    assert_int_equal (s_ping (db), DB_OK);
    db_destroy (&db);
    assert_null (db);
}

static void
s_parameters_are_not_sql (void **state)
{
    store_fixture_t *self = *state;
    const char *value = "'; DROP TABLE items; --";
    PGresult *result;
    assert_int_equal (db_exec (self->db, "SELECT $1", 1, &value, &result), DB_OK);
    assert_string_equal (PQgetvalue (result, 0, 0), value);
    PQclear (result);
}

static void
s_refused_data_keeps_the_connection (void **state)
{
    store_fixture_t *self = *state;
    const char *value = "-1";
    PGresult *result;
    assert_int_equal (db_exec (self->db, "INSERT INTO items (item_id) VALUES ($1)", 1,
                          &value, &result),
        DB_DATA);
    assert_null (result);
    assert_non_null (strstr (db_error (self->db), "items_item_id_check"));
    assert_int_equal (s_ping (self->db), DB_OK);
}

static void
s_failure_ends_the_transaction (void **state)
{
    store_fixture_t *self = *state;
    assert_int_equal (db_script (self->db, "BEGIN"), DB_OK);
    assert_int_equal (db_exec (self->db, "SELECT 1 / 0", 0, NULL, NULL), DB_DATA);
    assert_int_equal (PQtransactionStatus (db_raw (self->db)), PQTRANS_IDLE);
    assert_string_equal (db_error (self->db), "division by zero");
}

static void
s_slow_statement_times_out (void **state)
{
    store_fixture_t *self = *state;
    db_t *db = db_new (self->conninfo, "other", 100);
    assert_true (db_ensure (db));
    assert_int_equal (db_exec (db, "SELECT pg_sleep (60)", 0, NULL, NULL), DB_RETRY);
    assert_int_equal (s_ping (db), DB_OK);
    db_destroy (&db);
}

static void
s_lock_is_not_waited_for_longer_than_the_time_out (void **state)
{
    store_fixture_t *self = *state;
    db_t *db = db_new (self->conninfo, "other", 100);
    assert_true (db_ensure (db));
    assert_int_equal (db_script (self->db, "BEGIN; LOCK TABLE items"), DB_OK);
    assert_int_equal (db_exec (db, "SELECT FROM items", 0, NULL, NULL), DB_RETRY);
    db_destroy (&db);
}

static void
s_frozen_server_is_given_up (void **state)
{
    store_fixture_t *self = *state;
    db_t *db = db_new (self->conninfo, "other", 200);
    assert_true (db_ensure (db));
    pid_t backend = PQbackendPID (db_raw (db));
    assert_int_equal (kill (backend, SIGSTOP), 0);
    int64_t start_ms = clock_monotonic_ms ();
    assert_int_equal (s_ping (db), DB_AWAY);
    assert_in_range (clock_monotonic_ms () - start_ms, 200, 4000);
    assert_string_equal (db_error (db), "no answer from PostgreSQL in time");
    assert_int_equal (kill (backend, SIGCONT), 0);
    assert_true (s_wait_connected (db) >= 0);
    db_destroy (&db);
}

static void
s_owner_that_stops_waits_no_longer_than_it_said (void **state)
{
    store_fixture_t *self = *state;
    db_t *db = db_new (self->conninfo, "other", 5000);
    assert_true (db_ensure (db));
    int64_t start_ms = clock_monotonic_ms ();
    db_end_by (db, start_ms + 200);
    assert_int_equal (s_ping (db), DB_OK);
    assert_int_equal (db_exec (db, "SELECT pg_sleep (2)", 0, NULL, NULL), DB_AWAY);
    assert_in_range (clock_monotonic_ms () - start_ms, 200, 1900);
    assert_false (db_ensure (db)); /* and no new connection */
    db_destroy (&db);
}

static void
s_cut_connection_is_away_and_comes_back_at_once (void **state)
{
    store_fixture_t *self = *state;
    assert_int_equal (s_ping (self->db), DB_OK);
    s_terminate (self);
    assert_int_equal (s_ping (self->db), DB_AWAY);
    assert_false (db_up (self->db));
    assert_null (db_raw (self->db));
    assert_true (db_ensure (self->db));
    assert_int_equal (s_ping (self->db), DB_OK);
}

static void
s_ensure_notices_a_cut_connection (void **state)
{
    store_fixture_t *self = *state;
    assert_int_equal (s_ping (self->db), DB_OK);
    pid_t backend = PQbackendPID (db_raw (self->db));
    s_terminate (self);
    /* The backend ends in its own time. */
    int64_t end_ms = clock_monotonic_ms () + 5000;
    while (kill (backend, 0) == 0 && clock_monotonic_ms () < end_ms)
        usleep (1000);
    assert_true (db_ensure (self->db));
    assert_int_equal (s_ping (self->db), DB_OK); /* a new one: no statement was lost */
}

static const db_statement_t s_prepared = {.name = "db_test_items",
    .sql = "SELECT item_id FROM items WHERE item_id = $1::bigint"};

static void
s_prepared_statement_survives_reconnecting (void **state)
{
    store_fixture_t *self = *state;
    db_param_t param = {.bytes = "1"};
    assert_int_equal (db_query (self->db, &s_prepared, 1, &param, NULL), DB_OK);
    assert_int_equal (db_query (self->db, &s_prepared, 1, &param, NULL), DB_OK);
    s_terminate (self);
    assert_int_equal (db_query (self->db, &s_prepared, 1, &param, NULL), DB_AWAY);
    assert_true (db_ensure (self->db));
    assert_int_equal (db_query (self->db, &s_prepared, 1, &param, NULL), DB_OK);
}

static void
s_prepared_statement_survives_a_changed_table (void **state)
{
    store_fixture_t *self = *state;
    db_param_t param = {.bytes = "1"};
    assert_int_equal (db_query (self->db, &s_prepared, 1, &param, NULL), DB_OK);
    store_do (self, "ALTER TABLE items ALTER COLUMN item_id TYPE numeric");
    db_query (self->db, &s_prepared, 1, &param, NULL);
    assert_true (db_ensure (self->db));
    assert_int_equal (db_query (self->db, &s_prepared, 1, &param, NULL), DB_OK);
}

/* Connecting again would not make it come. */
static void
s_missing_table_is_no_lost_connection (void **state)
{
    store_fixture_t *self = *state;
    pid_t backend = PQbackendPID (db_raw (self->db));
    for (int i = 0; i < 20; i++) {
        assert_true (db_ensure (self->db));
        assert_int_equal (
            db_exec (self->db, "SELECT FROM nowhere", 0, NULL, NULL), DB_UNABLE);
    }
    assert_string_equal (db_error (self->db), "relation \"nowhere\" does not exist");
    assert_int_equal (PQbackendPID (db_raw (self->db)), backend);
    assert_int_equal (s_ping (self->db), DB_OK);
}

static void
s_missing_right_is_no_lost_connection (void **state)
{
    store_fixture_t *self = *state;
    store_do (self, "DROP ROLE IF EXISTS clerk; CREATE ROLE clerk LOGIN;"
                    "GRANT USAGE ON SCHEMA public TO clerk");
    db_t *db = db_new ("dbname=sasrec user=clerk", "other", 5000);
    assert_true (db_ensure (db));
    assert_int_equal (db_exec (db, "SELECT FROM items", 0, NULL, NULL), DB_UNABLE);
    assert_string_equal (db_error (db), "permission denied for table items");
    assert_true (db_ensure (db));
    store_do (self, "GRANT SELECT ON items TO clerk");
    assert_int_equal (db_exec (db, "SELECT FROM items", 0, NULL, NULL), DB_OK);
    db_destroy (&db);
    store_do (self, "DROP OWNED BY clerk; DROP ROLE clerk");
}

static void
s_other_encodings_are_refused (void **state)
{
    store_fixture_t *self = *state;
    store_do (self, "DROP DATABASE IF EXISTS latin");
    store_do (self, "CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C'"
                    " TEMPLATE template0");
    db_t *db = db_new ("dbname=latin", "other", 5000);
    assert_false (db_ensure (db));
    assert_non_null (strstr (db_error (db), "latin has the encoding LATIN1"));
    db_destroy (&db);
    store_do (self, "DROP DATABASE latin");
}

static void
s_read_only_database_is_named (void **state)
{
    store_fixture_t *self = *state;
    store_do (self, "ALTER DATABASE sasrec SET default_transaction_read_only = on");
    db_t *db = db_new (self->conninfo, "other", 5000);
    assert_false (db_ensure (db));
    assert_non_null (strstr (db_error (db), "session is read-only"));
    db_destroy (&db);
    free (store_run ("dbname=postgres",
        "ALTER DATABASE sasrec RESET default_transaction_read_only"));
}

static void
s_schema_can_be_named (void **state)
{
    store_fixture_t *self = *state;
    store_do (self, "CREATE SCHEMA \"odd 'name\";"
                    "CREATE TABLE \"odd 'name\".items (a int)");
    db_t *db = db_new ("schema='odd \\'name' dbname=sasrec", "other", 5000);
    assert_true (db_ensure (db));
    assert_int_equal (db_exec (db, "SELECT a FROM items", 0, NULL, NULL), DB_OK);
    db_destroy (&db);
    store_do (self, "DROP SCHEMA \"odd 'name\" CASCADE");
}

/* The server's own count of what a pool has tried. */
static size_t
s_refusals_logged (void)
{
    char command[256], count[32] = "";
    snprintf (command, sizeof command,
        "grep -c 'database \"no_such_database\" does not exist' %s/log",
        getenv ("TEST_POSTGRES"));
    FILE *pipe = popen (command, "r");
    assert_non_null (fgets (count, sizeof count, pipe));
    pclose (pipe);
    return (size_t)atoi (count);
}

static void
s_pool_does_not_hammer (void **state)
{
    (void)state;
    size_t before = s_refusals_logged ();
    pool_t *pool = pool_new ("dbname=no_such_database", "test", 8, 1000);
    int64_t end_ms = clock_monotonic_ms () + 1000;
    while (clock_monotonic_ms () < end_ms) {
        assert_null (pool_take (pool, 0));
        usleep (1000);
    }
    pool_destroy (&pool);
    assert_in_range (s_refusals_logged () - before, 1, 4);
}

static void
s_sessions_are_safe_for_commits (void **state)
{
    store_fixture_t *self = *state;
    store_do (self, "ALTER DATABASE sasrec SET synchronous_commit = off");
    db_t *db = db_new (self->conninfo, "other", 1234);
    assert_true (db_ensure (db));
    PGresult *result;
    assert_int_equal (db_exec (db,
                          "SELECT current_setting ('synchronous_commit') ||"
                          " current_setting ('statement_timeout') ||"
                          " current_setting ('TimeZone')",
                          0, NULL, &result),
        DB_OK);
    assert_string_equal (PQgetvalue (result, 0, 0), "on1234msUTC");
    PQclear (result);
    db_destroy (&db);
    store_do (self, "ALTER DATABASE sasrec RESET synchronous_commit");
}

static void
s_server_stopped_and_started (void **state)
{
    store_fixture_t *self = *state;
    assert_int_equal (s_ping (self->db), DB_OK);
    s_server ("stop");
    assert_false (db_ensure (self->db));
    assert_int_equal (s_ping (self->db), DB_AWAY);
    s_server ("start");
    assert_in_range (s_wait_connected (self->db), 0, 2000);
    assert_int_equal (s_ping (self->db), DB_OK);
}

static void
s_server_crash_inside_a_transaction (void **state)
{
    store_fixture_t *self = *state;
    assert_int_equal (
        db_script (self->db, "BEGIN; INSERT INTO items (item_id) VALUES (1)"), DB_OK);
    s_server ("kill");
    assert_int_equal (db_script (self->db, "COMMIT"), DB_AWAY);
    s_server ("start");
    assert_in_range (s_wait_connected (self->db), 0, 2000);
    store_assert_value (self, "SELECT count (*) FROM items", "0");
}

static void
s_pool_gives_each_connection_once (void **state)
{
    store_fixture_t *self = *state;
    pool_t *pool = pool_new (self->conninfo, "test", 2, 1000);
    db_t *first = pool_take (pool, 0);
    db_t *second = pool_take (pool, 0);
    assert_non_null (first);
    assert_non_null (second);
    assert_ptr_not_equal (first, second);
    assert_true (metric_value (metrics_find ("sasrec_db_pool_used", "")) == 2);
    double timeouts = metric_value (metrics_find ("sasrec_db_pool_timeouts_total", ""));
    assert_null (pool_take (pool, 20));
    assert_true (metric_value (metrics_find ("sasrec_db_pool_timeouts_total", "")) ==
                 timeouts + 1);
    pool_give (pool, &first);
    assert_null (first);
    first = pool_take (pool, 0);
    assert_non_null (first);
    pool_give (pool, &first);
    pool_give (pool, &second);
    assert_true (metric_value (metrics_find ("sasrec_db_pool_used", "")) == 0);
    pool_destroy (&pool);
}

static void *
s_hold_briefly (void *argument)
{
    pool_t *pool = argument;
    for (int i = 0; i < 50; i++) {
        db_t *db = pool_take (pool, 10000);
        assert_non_null (db);
        assert_int_equal (s_ping (db), DB_OK);
        pool_give (pool, &db);
    }
    return NULL;
}

static void
s_pool_serves_more_threads_than_connections (void **state)
{
    store_fixture_t *self = *state;
    pool_t *pool = pool_new (self->conninfo, "test", 2, 1000);
    pthread_t threads[8];
    for (int i = 0; i < 8; i++)
        assert_int_equal (pthread_create (&threads[i], NULL, s_hold_briefly, pool), 0);
    for (int i = 0; i < 8; i++)
        pthread_join (threads[i], NULL);
    pool_destroy (&pool);
}

static void
s_pool_is_empty_handed_while_the_server_is_away (void **state)
{
    store_fixture_t *self = *state;
    pool_t *pool = pool_new (self->conninfo, "test", 2, 1000);
    db_t *db = pool_take (pool, 0);
    assert_int_equal (s_ping (db), DB_OK);
    pool_give (pool, &db);
    s_server ("kill");
    assert_null (pool_take (pool, 10));
    s_server ("start");
    int64_t end_ms = clock_monotonic_ms () + 2000;
    while (!db && clock_monotonic_ms () < end_ms)
        db = pool_take (pool, 10);
    assert_non_null (db);
    assert_int_equal (s_ping (db), DB_OK);
    pool_give (pool, &db);
    pool_destroy (&pool);
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        STORE_TEST (s_statement_needs_a_connection),
        STORE_TEST (s_parameters_are_not_sql),
        STORE_TEST (s_refused_data_keeps_the_connection),
        STORE_TEST (s_failure_ends_the_transaction),
        STORE_TEST (s_slow_statement_times_out),
        STORE_TEST (s_lock_is_not_waited_for_longer_than_the_time_out),
        STORE_TEST (s_frozen_server_is_given_up),
        STORE_TEST (s_owner_that_stops_waits_no_longer_than_it_said),
        STORE_TEST (s_cut_connection_is_away_and_comes_back_at_once),
        STORE_TEST (s_ensure_notices_a_cut_connection),
        STORE_TEST (s_prepared_statement_survives_reconnecting),
        STORE_TEST (s_prepared_statement_survives_a_changed_table),
        STORE_TEST (s_missing_table_is_no_lost_connection),
        STORE_TEST (s_missing_right_is_no_lost_connection),
        STORE_TEST (s_other_encodings_are_refused),
        STORE_TEST (s_read_only_database_is_named),
        STORE_TEST (s_schema_can_be_named),
        STORE_TEST (s_sessions_are_safe_for_commits),
        STORE_TEST (s_server_stopped_and_started),
        STORE_TEST (s_server_crash_inside_a_transaction),
        STORE_TEST (s_pool_gives_each_connection_once),
        STORE_TEST (s_pool_does_not_hammer),
        STORE_TEST (s_pool_serves_more_threads_than_connections),
        STORE_TEST (s_pool_is_empty_handed_while_the_server_is_away),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

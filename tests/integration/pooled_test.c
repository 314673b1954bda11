/* Behind pgbouncer in transaction pooling, with fewer connections to the server than
 * clients: each statement may meet another one. SPDX-License-Identifier: Apache-2.0 */
#include "store_fixture.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "store/interactions.h"

#define BOUNCER_PORT "6543"

static char s_conninfo[128]; /* leads to the bouncer */
static pid_t s_bouncer;

static void
s_write_settings (const char *folder)
{
    char path[128];
    snprintf (path, sizeof path, "%s/users.txt", folder);
    FILE *file = fopen (path, "w");
    assert_non_null (file);
    fputs ("\"postgres\" \"\"\n", file);
    fclose (file);
    snprintf (path, sizeof path, "%s/bouncer.ini", folder);
    file = fopen (path, "w");
    assert_non_null (file);
    fprintf (file,
        "[databases]\n* = host=%s port=5432\n[pgbouncer]\nlisten_port = %s\n"
        "unix_socket_dir = %s\nauth_type = trust\nauth_file = %s/users.txt\n"
        "pool_mode = transaction\ndefault_pool_size = 2\nmax_client_conn = 50\n",
        getenv ("TEST_POSTGRES"), BOUNCER_PORT, folder, folder);
    fclose (file);
}

/* It refuses to run as root, as PostgreSQL does. */
static int
s_start_bouncer (void **state)
{
    (void)state;
    static char folder[] = "/tmp/sasrec-bouncer.XXXXXX";
    char command[256];
    assert_non_null (mkdtemp (folder));
    s_write_settings (folder);
    snprintf (command, sizeof command,
        "chmod -R a+rwX %s; %s exec%s pgbouncer -q %s/bouncer.ini 2>%s/log", folder,
        "PATH=$PATH:/usr/sbin;",
        geteuid () == 0 ? " setpriv --reuid=postgres --regid=postgres --init-groups"
                        : "",
        folder, folder);
    snprintf (s_conninfo, sizeof s_conninfo, "host=%s port=%s dbname=sasrec", folder,
        BOUNCER_PORT);
    s_bouncer = fork ();
    if (s_bouncer == 0) {
        execl ("/bin/sh", "sh", "-c", command, (char *)NULL);
        _exit (127);
    }
    int64_t end_ms = clock_monotonic_ms () + 10000;
    while (PQping (s_conninfo) != PQPING_OK && clock_monotonic_ms () < end_ms)
        usleep (20000);
    assert_int_equal (PQping (s_conninfo), PQPING_OK);
    return 0;
}

static int
s_stop_bouncer (void **state)
{
    (void)state;
    kill (s_bouncer, SIGINT);
    waitpid (s_bouncer, NULL, 0);
    return 0;
}

static db_t *
s_client (int timeout_ms)
{
    db_t *db = db_new (s_conninfo, "pooled", timeout_ms);
    if (!db_ensure (db))
        fail_msg ("%s", db_error (db));
    return db;
}

static void
s_assert_setting (db_t *db, const char *name, const char *expected)
{
    PGresult *result;
    assert_int_equal (
        db_exec (db, "SELECT current_setting ($1)", 1, &name, &result), DB_OK);
    assert_string_equal (PQgetvalue (result, 0, 0), expected);
    PQclear (result);
}

static void
s_settings_go_with_each_statement_and_stay_with_nobody (void **state)
{
    (void)state;
    db_t *clients[] = {s_client (1234), s_client (4321), s_client (999)};
    for (int i = 0; i < 10; i++) {
        s_assert_setting (clients[0], "statement_timeout", "1234ms");
        s_assert_setting (clients[1], "statement_timeout", "4321ms");
        s_assert_setting (clients[2], "lock_timeout", "999ms");
        char *theirs = store_run (s_conninfo, "SHOW statement_timeout");
        assert_string_equal (theirs, "0");
        free (theirs);
    }
    for (int i = 0; i < 3; i++)
        db_destroy (&clients[i]);
}

static const db_statement_t s_add_item = {.name = "pooled_add_item",
    .sql = "INSERT INTO items (item_id) VALUES ($1::bigint) RETURNING item_id"};

/* "From the 9th round every POST is 503." */
static void
s_statements_of_the_hot_path_work_on_any_connection (void **state)
{
    store_fixture_t *self = *state;
    db_t *clients[4];
    for (int i = 0; i < 4; i++)
        clients[i] = s_client (5000);
    for (int i = 0; i < 100; i++) {
        char text[16];
        snprintf (text, sizeof text, "%d", i);
        db_param_t param = {.bytes = text};
        PGresult *result;
        assert_int_equal (
            db_query (clients[i % 4], &s_add_item, 1, &param, &result), DB_OK);
        assert_string_equal (PQgetvalue (result, 0, 0), text);
        PQclear (result);
    }
    store_assert_value (self, "SELECT count (*) FROM items", "100");
    for (int i = 0; i < 4; i++)
        db_destroy (&clients[i]);
}

static void
s_failures_keep_the_connection (void **state)
{
    (void)state;
    db_t *db = s_client (300);
    assert_int_equal (db_exec (db, "SELECT 1 / 0", 0, NULL, NULL), DB_DATA);
    assert_string_equal (db_error (db), "division by zero");
    assert_int_equal (db_exec (db, "SELECT FROM nowhere", 0, NULL, NULL), DB_UNABLE);
    assert_int_equal (db_exec (db, "SELECT pg_sleep (60)", 0, NULL, NULL), DB_RETRY);
    assert_int_equal (db_exec (db, "SELECT 1", 0, NULL, NULL), DB_OK);
    db_destroy (&db);
}

static void
s_frozen_server_is_given_up (void **state)
{
    (void)state;
    db_t *db = s_client (200);
    PGresult *result;
    assert_int_equal (
        db_exec (db, "SELECT pg_backend_pid ()", 0, NULL, &result), DB_OK);
    pid_t backend = atoi (PQgetvalue (result, 0, 0));
    PQclear (result);
    assert_int_equal (kill (backend, SIGSTOP), 0);
    assert_int_equal (db_exec (db, "SELECT 1", 0, NULL, NULL), DB_AWAY);
    assert_string_equal (db_error (db), "no answer from PostgreSQL in time");
    assert_int_equal (kill (backend, SIGCONT), 0);
    db_destroy (&db);
}

static void
s_count_row (void *context, const interactions_row_t *row)
{
    *(int64_t *)context += row->item_id;
}

static void
s_transactions_and_copies_work (void **state)
{
    (void)state;
    char error[160] = "";
    uint64_t rows;
    int64_t sum = 0;
    db_t *db = s_client (0);
    interactions_load_t *load = interactions_load_new (db, "file", "d", false, error);
    if (!load)
        fail_msg ("%s", error);
    for (int i = 0; i < 1000; i++)
        assert_int_equal (interactions_load_row (load, "ann", i, INT64_MIN), 0);
    assert_int_equal (interactions_load_commit (&load, &rows, error), 0);
    assert_int_equal (interactions_each (db, s_count_row, &sum, &rows, error), 0);
    assert_int_equal (rows, 1000);
    assert_int_equal (sum, 999 * 500);
    db_destroy (&db);
}

static void
s_migrations_run_and_leave_no_lock (void **state)
{
    store_fixture_t *self = *state;
    char error[160] = "";
    for (int i = 0; i < 5; i++)
        if (migrate_run (s_conninfo, NULL, error))
            fail_msg ("%s", error);
    store_assert_value (
        self, "SELECT count (*) FROM pg_locks WHERE locktype = 'advisory'", "0");
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        STORE_TEST (s_settings_go_with_each_statement_and_stay_with_nobody),
        STORE_TEST (s_statements_of_the_hot_path_work_on_any_connection),
        STORE_TEST (s_failures_keep_the_connection),
        STORE_TEST (s_frozen_server_is_given_up),
        STORE_TEST (s_transactions_and_copies_work),
        STORE_TEST (s_migrations_run_and_leave_no_lock),
    };
    return cmocka_run_group_tests (tests, s_start_bouncer, s_stop_bouncer);
}

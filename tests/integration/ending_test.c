/* A process that stops beside a server that says nothing: a listener that never answers, as
 * a frozen PostgreSQL. What is said is for good, so this is a process of its own.
 * SPDX-License-Identifier: Apache-2.0 */
#include "store_fixture.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

static int s_silent_port;

static int
s_listen (void)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t length = sizeof address;
    address.sin_addr.s_addr = htonl (INADDR_LOOPBACK);
    int fd = socket (AF_INET, SOCK_STREAM, 0);
    assert_int_equal (bind (fd, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal (listen (fd, 64), 0);
    assert_int_equal (getsockname (fd, (struct sockaddr *)&address, &length), 0);
    s_silent_port = ntohs (address.sin_port);
    return fd;
}

static void *
s_connect (void *argument)
{
    (void)argument;
    char conninfo[64];
    snprintf (conninfo, sizeof conninfo, "host=127.0.0.1 port=%d", s_silent_port);
    db_t *db = db_new (conninfo, "test", 1000);
    assert_false (db_ensure (db));
    assert_non_null (strstr (db_error (db), "failed: no answer in time"));
    assert_false (db_ensure (db));
    db_destroy (&db);
    return NULL;
}

static void
s_silent_server_takes_its_time_out (void **state)
{
    (void)state;
    int64_t start_ms = clock_monotonic_ms ();
    s_connect (NULL);
    assert_in_range (clock_monotonic_ms () - start_ms, 2900, 9000);
}

static int
s_own_port (store_fixture_t *self)
{
    char *port = store_value (self, "SHOW port");
    int number = atoi (port);
    free (port);
    return number;
}

/* Two that say nothing, one that refuses, and ours. */
static void
s_silent_hosts_are_passed (void **state)
{
    store_fixture_t *self = *state;
    char conninfo[400];
    snprintf (conninfo, sizeof conninfo,
        "%s host=127.0.0.1,127.0.0.1,localhost,%s port=%d,1,%d,%d connect_timeout=1",
        self->conninfo, getenv ("PGHOST"), s_silent_port, s_silent_port,
        s_own_port (self));
    db_t *db = db_new (conninfo, "test", 1000);
    assert_true (db_ensure (db));
    assert_int_equal (db_exec (db, "SELECT 1", 0, NULL, NULL), DB_OK);
    db_destroy (&db);
}

static void
s_silent_hosts_alone_are_given_up (void **state)
{
    (void)state;
    char conninfo[200];
    snprintf (conninfo, sizeof conninfo,
        "host=localhost,127.0.0.1 port=%d connect_timeout=1", s_silent_port);
    db_t *db = db_new (conninfo, "test", 1000);
    assert_false (db_ensure (db));
    assert_non_null (strstr (db_error (db), "no answer in time"));
    db_destroy (&db);
}

static void *
s_connect_to_many (void *argument)
{
    (void)argument;
    char conninfo[200];
    snprintf (conninfo, sizeof conninfo,
        "host=127.0.0.1,localhost,127.0.0.1 port=%d connect_timeout=30", s_silent_port);
    db_t *db = db_new (conninfo, "test", 1000);
    assert_false (db_ensure (db));
    db_destroy (&db);
    return NULL;
}

static void *
s_sleep_there (void *db)
{
    db_status_t status = db_exec (db, "SELECT pg_sleep (30)", 0, NULL, NULL);
    assert_int_equal (status, DB_AWAY);
    return NULL;
}

static void
s_stopping_ends_all_waits (void **state)
{
    store_fixture_t *self = *state;
    pthread_t threads[3];
    db_t *db = db_new (self->conninfo, "test", 60000);
    assert_true (db_ensure (db));
    assert_int_equal (db_exec (self->db, "SELECT 1", 0, NULL, NULL), DB_OK);
    pthread_create (&threads[0], NULL, s_connect, NULL);
    pthread_create (&threads[1], NULL, s_sleep_there, db);
    pthread_create (&threads[2], NULL, s_connect_to_many, NULL);
    usleep (300000); /* all wait */
    int64_t start_ms = clock_monotonic_ms ();
    db_end_all_by (start_ms + 2500);
    pthread_join (threads[0], NULL);
    pthread_join (threads[1], NULL);
    pthread_join (threads[2], NULL);
    assert_in_range (clock_monotonic_ms () - start_ms, 0, 2000);
    assert_int_equal (db_exec (self->db, "SELECT 1", 0, NULL, NULL), DB_OK);
    assert_false (db_ensure (db)); /* lost, and not made again */
    db_destroy (&db);
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        STORE_TEST (s_silent_server_takes_its_time_out),
        STORE_TEST (s_silent_hosts_are_passed),
        STORE_TEST (s_silent_hosts_alone_are_given_up),
        STORE_TEST (s_stopping_ends_all_waits),
    };
    int fd = s_listen ();
    int failed = cmocka_run_group_tests (tests, NULL, NULL);
    close (fd);
    return failed;
}

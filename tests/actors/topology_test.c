/* Tests of the topology: each runs the whole of it in a process of its own, as main does,
 * without a database. SPDX-License-Identifier: Apache-2.0 */
#include "actors/topology.h"

#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/clock.h"
#include "base/log.h"
#include "tests/actors/free_port.h"
#include "tests/actors/tiny_checkpoint.h"

#define LIMIT_MS 60000

/* A listening socket on a port of the system's choice. */
static int
s_listen (int *port)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t size = sizeof address;
    address.sin_addr.s_addr = htonl (INADDR_LOOPBACK);
    int handle = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal (bind (handle, (struct sockaddr *)&address, size), 0);
    assert_int_equal (listen (handle, 1), 0);
    getsockname (handle, (struct sockaddr *)&address, &size);
    *port = ntohs (address.sin_port);
    return handle;
}

static void
s_set (config_t *config, const char *flag, const char *value)
{
    char error[160] = "";
    if (config_set (config, flag, value, error))
        fail_msg ("%s", error);
}

typedef struct {
    pid_t pid;
    tiny_folder_t folder;
    char error_path[96]; /* what topology_run said */
} process_t;

/* In the child. Status: 0 stopped in order, 2 it could not start. */
static void
s_run (const process_t *process, int port)
{
    char text[16], error[160] = "", unused[160];
    config_t *config = config_new (unused);
    snprintf (text, sizeof text, "%d", port);
    log_configure ("error", "text");
    s_set (config, "http-port", text);
    s_set (config, "ui-port", "0");
    s_set (config, "admin-port", "0");
    s_set (config, "checkpoints", process->folder.path);
    s_set (config, "pghost", process->folder.path); /* nobody listens there */
    int rc = topology_run (config, "all", error);
    FILE *file = fopen (process->error_path, "w");
    fputs (error, file);
    fclose (file);
    config_destroy (&config);
    _exit (rc == 0 ? 0 : 2);
}

static process_t
s_start (int port)
{
    process_t process = {.folder = tiny_folder_new ()};
    tiny_write (&process.folder, "v1", 8);
    tiny_publish (&process.folder, "v1");
    snprintf (
        process.error_path, sizeof process.error_path, "%s/error", process.folder.path);
    fflush (NULL);
    process.pid = fork ();
    if (process.pid == 0)
        s_run (&process, port);
    return process;
}

/* The process's exit status, or 1000 + its signal; it is killed after the limit. */
static int
s_end (process_t *process)
{
    int64_t limit_ms = clock_monotonic_ms () + LIMIT_MS;
    int status = 0;
    while (waitpid (process->pid, &status, WNOHANG) == 0) {
        if (clock_monotonic_ms () > limit_ms)
            kill (process->pid, SIGKILL);
        usleep (2000);
    }
    return WIFEXITED (status) ? WEXITSTATUS (status) : 1000 + WTERMSIG (status);
}

static int
s_connect (int port)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons ((uint16_t)port)};
    address.sin_addr.s_addr = htonl (INADDR_LOOPBACK);
    int64_t limit_ms = clock_monotonic_ms () + LIMIT_MS;
    for (;;) {
        int handle = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (connect (handle, (struct sockaddr *)&address, sizeof address) == 0)
            return handle;
        close (handle);
        if (clock_monotonic_ms () > limit_ms)
            fail_msg ("nobody listens on port %d", port);
        usleep (2000);
    }
}

/* Until the answer of a GET begins with the status line. */
static void
s_await (int port, const char *path, const char *status_line)
{
    int64_t limit_ms = clock_monotonic_ms () + LIMIT_MS;
    char text[200] = "";
    while (strncmp (text, status_line, strlen (status_line)) != 0 &&
           clock_monotonic_ms () < limit_ms) {
        int handle = s_connect (port);
        dprintf (handle, "GET %s HTTP/1.0\r\n\r\n", path);
        ssize_t length = read (handle, text, sizeof text - 1);
        text[length > 0 ? length : 0] = 0;
        close (handle);
    }
    assert_memory_equal (text, status_line, strlen (status_line));
}

static void
test_a_signal_stops_all_of_it_in_order (void **state)
{
    (void)state;
    static const int signals[] = {SIGTERM, SIGINT};
    for (size_t i = 0; i < 2; i++) {
        int port = free_port ();
        process_t process = s_start (port);
        s_await (port, "/livez", "HTTP/1.1 200");
        int64_t start_ms = clock_monotonic_ms ();
        kill (process.pid, signals[i]);
        assert_int_equal (s_end (&process), 0);
        assert_true (clock_monotonic_ms () - start_ms < 8000);
        tiny_folder_remove (&process.folder);
    }
}

static void
test_without_a_database_it_is_alive_and_not_ready (void **state)
{
    (void)state;
    int port = free_port ();
    process_t process = s_start (port);
    s_await (port, "/livez", "HTTP/1.1 200");
    s_await (port, "/readyz", "HTTP/1.1 503");
    kill (process.pid, SIGTERM);
    assert_int_equal (s_end (&process), 0);
    tiny_folder_remove (&process.folder);
}

static void
test_a_taken_port_is_a_sentence_and_a_clean_end (void **state)
{
    (void)state;
    int port;
    int taken = s_listen (&port);
    process_t process = s_start (port);
    assert_int_equal (s_end (&process), 2);
    char text[200] = "", number[16];
    FILE *file = fopen (process.error_path, "r");
    assert_non_null (file);
    assert_non_null (fgets (text, sizeof text, file));
    fclose (file);
    snprintf (number, sizeof number, "%d", port);
    assert_non_null (strstr (text, number));
    close (taken);
    tiny_folder_remove (&process.folder);
}

static void
test_a_stop_signal_sent_twice_does_not_hang (void **state)
{
    (void)state;
    int port = free_port ();
    process_t process = s_start (port);
    s_await (port, "/livez", "HTTP/1.1 200");
    kill (process.pid, SIGINT);
    kill (process.pid, SIGINT);
    int status = s_end (&process); /* in order if it was quick, else at once */
    assert_true (status == 0 || status == 128 + SIGINT);
    tiny_folder_remove (&process.folder);
}

static void
test_other_roles_are_refused_with_the_reason (void **state)
{
    (void)state;
    char error[160] = "";
    config_t *config = config_new (error);
    static const char *const roles[] = {"api", "worker", "db-writer"};
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal (topology_run (config, roles[i], error), -1);
        assert_non_null (strstr (error, "needs Kafka"));
    }
    assert_int_equal (topology_run (config, "dancer", error), -1);
    assert_non_null (strstr (error, "unknown role 'dancer'"));
    config_destroy (&config);
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_a_signal_stops_all_of_it_in_order),
        cmocka_unit_test (test_without_a_database_it_is_alive_and_not_ready),
        cmocka_unit_test (test_a_taken_port_is_a_sentence_and_a_clean_end),
        cmocka_unit_test (test_a_stop_signal_sent_twice_does_not_hang),
        cmocka_unit_test (test_other_roles_are_refused_with_the_reason),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

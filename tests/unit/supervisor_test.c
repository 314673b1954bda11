/* Telling systemd, played by the test. SPDX-License-Identifier: Apache-2.0 */
#include "base/supervisor.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <cmocka.h>

/* name: as in $NOTIFY_SOCKET. */
static int
s_listen (const char *name)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    memcpy (address.sun_path, name, strlen (name));
    if (*name == '@')
        address.sun_path[0] = '\0';
    int fd = socket (AF_UNIX, SOCK_DGRAM, 0);
    socklen_t length =
        (socklen_t)(offsetof (struct sockaddr_un, sun_path) + strlen (name));
    assert_int_equal (bind (fd, (struct sockaddr *)&address, length), 0);
    return fd;
}

static void
s_expect (int fd, const char *start)
{
    char text[128];
    ssize_t got = recv (fd, text, sizeof text - 1, MSG_DONTWAIT);
    assert_true (got > 0);
    text[got] = '\0';
    assert_memory_equal (text, start, strlen (start));
}

static void
s_check (const char *name)
{
    int fd = s_listen (name);
    setenv ("NOTIFY_SOCKET", name, 1);
    supervisor_tell ("READY=1");
    s_expect (fd, "READY=1");
    supervisor_tell_reloading ();
    s_expect (fd, "RELOADING=1\nMONOTONIC_USEC=");
    close (fd);
}

static void
test_it_hears_us_by_path_and_by_name (void **state)
{
    (void)state;
    char name[64];
    snprintf (name, sizeof name, "/tmp/supervisor_test-%d", getpid ());
    s_check (name);
    unlink (name);
    snprintf (name, sizeof name, "@supervisor_test-%d", getpid ());
    s_check (name);
}

/* No answer is awaited, and none of these is a reason to stop. */
static void
test_nobody_has_to_listen (void **state)
{
    (void)state;
    static const char *const names[] = {"", "/", "nothing", "/nowhere/at/all",
        "/a/path/that/is/far/too/long/for/the/address/of/a/socket/of/this/family/as/"
        "it/has/a/hundred/and/eight/bytes/at/most"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        setenv ("NOTIFY_SOCKET", names[i], 1);
        supervisor_tell ("READY=1");
    }
    unsetenv ("NOTIFY_SOCKET");
    supervisor_tell ("READY=1");
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_it_hears_us_by_path_and_by_name),
        cmocka_unit_test (test_nobody_has_to_listen),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

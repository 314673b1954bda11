/* Tests of cli/http_get: a server of one answer, which a thread plays.
 * SPDX-License-Identifier: Apache-2.0 */
#include "cli/http_get.h"

#include <assert.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/clock.h"
#include "tests/actors/free_port.h"

typedef struct {
    const char *answer; /* sent one byte after the other; NULL = never */
    char request[256];  /* what came */
    int listener;
    int port;
    pthread_t thread;
} server_t;

static void *
s_serve (void *context)
{
    server_t *self = context;
    int fd = accept (self->listener, NULL, NULL);
    ssize_t got = recv (fd, self->request, sizeof self->request - 1, 0);
    self->request[got > 0 ? got : 0] = '\0';
    if (self->answer) {
        for (const char *at = self->answer; *at; at++)
            if (send (fd, at, 1, MSG_NOSIGNAL) != 1)
                break;
    } else { /* until the client has enough */
        char byte;
        assert (recv (fd, &byte, 1, 0) == 0);
    }
    close (fd);
    return NULL;
}

static void
s_start (server_t *self, const char *answer)
{
    *self = (server_t){.answer = answer, .port = free_port ()};
    struct sockaddr_in address = {.sin_family = AF_INET,
        .sin_addr.s_addr = htonl (INADDR_LOOPBACK),
        .sin_port = htons ((uint16_t)self->port)};
    self->listener = socket (AF_INET, SOCK_STREAM, 0);
    assert_int_equal (
        bind (self->listener, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal (listen (self->listener, 1), 0);
    assert_int_equal (pthread_create (&self->thread, NULL, s_serve, self), 0);
}

static void
s_stop (server_t *self)
{
    assert_int_equal (pthread_join (self->thread, NULL), 0);
    close (self->listener);
}

/* What a server of this answer is understood as. */
static int
s_ask (const char *answer, int64_t timeout_ms, char **body, char error[160])
{
    server_t server;
    s_start (&server, answer);
    *error = '\0';
    int status =
        http_get ("127.0.0.1", server.port, "/readyz", timeout_ms, body, error);
    s_stop (&server);
    return status;
}

static void
test_status_and_body_are_read (void **state)
{
    (void)state;
    char *body, error[160];
    assert_int_equal (s_ask ("HTTP/1.1 503 Service Unavailable\r\nContent-Length: 9\r\n"
                             "\r\n[-]model\n",
                          10000, &body, error),
        503);
    assert_string_equal (body, "[-]model\n");
    free (body);
}

static void
test_the_request_is_whole_and_goes_to_no_proxy (void **state)
{
    (void)state;
    server_t server;
    char *body, error[160];
    setenv ("http_proxy", "http://127.0.0.1:9", 1);
    s_start (&server, "HTTP/1.0 200 OK\r\n\r\n");
    assert_int_equal (
        http_get ("127.0.0.1", server.port, "/livez", 10000, &body, error), 200);
    s_stop (&server);
    assert_ptr_equal (
        strstr (server.request, "GET /livez HTTP/1.1\r\n"), server.request);
    assert_non_null (strstr (server.request, "\r\nHost: localhost\r\n"));
    assert_string_equal (body, "");
    free (body);
}

static void
test_what_is_not_http_is_refused (void **state)
{
    (void)state;
    static const char *const answers[] = {
        "", "SSH-2.0-OpenSSH\r\n\r\n", "HTTP/1.1 many\r\n\r\n", "200 OK\r\n\r\n"};
    for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++) {
        char *body, error[160];
        assert_int_equal (s_ask (answers[i], 10000, &body, error), -1);
        assert_null (body);
        assert_non_null (strstr (error, "not HTTP"));
    }
}

static void
test_silence_ends_in_time (void **state)
{
    (void)state;
    char *body, error[160];
    int64_t begun = clock_monotonic_ms ();
    assert_int_equal (s_ask (NULL, 50, &body, error), -1);
    assert_true (clock_monotonic_ms () - begun >= 50);
    assert_null (body);
    assert_non_null (strstr (error, "no answer in time"));
}

static void
test_nobody_there_is_said (void **state)
{
    (void)state;
    char *body, error[160];
    assert_int_equal (http_get ("127.0.0.1", 9, "/", 1000, &body, error), -1);
    assert_string_equal (error, "127.0.0.1, port 9: Connection refused");
    assert_int_equal (http_get ("no.such.invalid", 9, "/", 1000, &body, error), -1);
    assert_non_null (strstr (error, "no.such.invalid, port 9: "));
    assert_null (body);
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_status_and_body_are_read),
        cmocka_unit_test (test_the_request_is_whole_and_goes_to_no_proxy),
        cmocka_unit_test (test_what_is_not_http_is_refused),
        cmocka_unit_test (test_silence_ends_in_time),
        cmocka_unit_test (test_nobody_there_is_said),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/http_get.h"

#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/strbuf.h"

#define LIMIT ((size_t)4 << 20)

/* Sending and connecting are limited by the kernel, reading by s_receive. */
static int
s_socket (const struct addrinfo *address, int64_t timeout_ms)
{
    int fd = socket (address->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    struct timeval patience = {
        .tv_sec = timeout_ms / 1000, .tv_usec = timeout_ms % 1000 * 1000};
    if (setsockopt (fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience) == 0 &&
        connect (fd, address->ai_addr, address->ai_addrlen) == 0)
        return fd;
    int reason = errno == EINPROGRESS ? ETIMEDOUT : errno; /* connect(2), SO_SNDTIMEO */
    close (fd);
    errno = reason;
    return -1;
}

/* -1 with the reason. */
static int
s_connect (const char *host, int64_t port, int64_t timeout_ms, const char **reason)
{
    char service[24];
    snprintf (service, sizeof service, "%lld", (long long)port);
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct addrinfo *found;
    int status = getaddrinfo (host, service, &hints, &found);
    if (status != 0) {
        *reason = gai_strerror (status);
        return -1;
    }
    int fd = -1;
    for (const struct addrinfo *each = found; each && fd == -1; each = each->ai_next)
        fd = s_socket (each, timeout_ms);
    *reason = fd == -1 ? strerror (errno) : NULL;
    freeaddrinfo (found);
    return fd;
}

/* Version 1.0: the answer has no chunks and ends with the connection. */
static const char *
s_send (int fd, const char *path)
{
    strbuf_t head = STRBUF_EMPTY;
    strbuf_addf (&head, "GET %s HTTP/1.0\r\nHost: localhost\r\n\r\n", path);
    ssize_t sent = send (fd, head.data, head.length, MSG_NOSIGNAL);
    const char *reason = sent < 0                      ? strerror (errno)
                         : (size_t)sent == head.length ? NULL
                                                       : "the request did not go out";
    strbuf_free (&head);
    return reason;
}

/* All that comes until the connection ends; NULL, or why not. */
static const char *
s_receive (int fd, int64_t deadline_ms, strbuf_t *text)
{
    char part[4096];
    while (text->length <= LIMIT) {
        int64_t left = deadline_ms - clock_monotonic_ms ();
        struct pollfd wait = {.fd = fd, .events = POLLIN};
        int ready = left > 0 ? poll (&wait, 1, (int)left) : 0;
        if (ready < 0 && errno == EINTR)
            continue;
        if (ready <= 0)
            return ready < 0 ? strerror (errno) : "no answer in time";
        ssize_t got = recv (fd, part, sizeof part, 0);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return got < 0 ? strerror (errno) : NULL;
        strbuf_add_bytes (text, part, (size_t)got);
    }
    return "the answer is too long";
}

/* The status of the whole answer; *body lies in it. -1: it is not HTTP. */
static int
s_parse (const char *text, const char **body)
{
    static const char version[] = "HTTP/1.";
    if (!text || strncmp (text, version, sizeof version - 1) != 0)
        return -1;
    const char *status = strchr (text, ' ');
    const char *blank = strstr (text, "\r\n\r\n");
    if (!status || !blank || status > blank || !isdigit ((unsigned char)status[1]))
        return -1;
    *body = blank + 4;
    return atoi (status + 1);
}

static const char *
s_exchange (int fd, const char *path, int64_t deadline_ms, strbuf_t *text)
{
    const char *reason = s_send (fd, path);
    return reason ? reason : s_receive (fd, deadline_ms, text);
}

int
http_get (const char *host, int64_t port, const char *path, int64_t timeout_ms,
    char **body_p, char error[160])
{
    *body_p = NULL;
    int64_t deadline_ms = clock_monotonic_ms () + timeout_ms;
    strbuf_t text = STRBUF_EMPTY;
    const char *reason;
    int status = -1;
    int fd = s_connect (host, port, timeout_ms, &reason);
    if (fd != -1)
        reason = s_exchange (fd, path, deadline_ms, &text);
    const char *body = NULL;
    if (!reason) {
        status = s_parse (text.data, &body);
        reason = status == -1 ? "the answer is not HTTP" : NULL;
    }
    if (reason)
        snprintf (error, 160, "%.60s, port %lld: %.60s", host, (long long)port, reason);
    else {
        *body_p = strdup (body);
        assert (*body_p);
    }
    if (fd != -1)
        close (fd);
    strbuf_free (&text);
    return status;
}

/* A small HTTP client for tests: raw, so that it can also do what no client should.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_TESTS_ACTORS_HTTP_CLIENT_H
#define SASREC_TESTS_ACTORS_HTTP_CLIENT_H

#include <arpa/inet.h>
#include <assert.h>
#include <jansson.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/strbuf.h"
#include "tests/actors/free_port.h"

typedef struct {
    int status;
    char *text;       /* all of it; owned */
    const char *body; /* inside text */
    json_t *json;     /* of the body, or NULL */
} answer_t;

/* -1: refused. Reads give up after 15 s. */
static inline int
client_connect (int port)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
        .sin_addr.s_addr = htonl (INADDR_LOOPBACK),
        .sin_port = htons ((uint16_t)port)};
    struct timeval patience = {.tv_sec = 15};
    int fd = socket (AF_INET, SOCK_STREAM, 0);
    setsockopt (fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    if (connect (fd, (struct sockaddr *)&address, sizeof address) == 0)
        return fd;
    close (fd);
    return -1;
}

static inline void
client_send_bytes (int fd, const void *bytes, size_t length)
{
    const char *at = bytes;
    while (length > 0) {
        ssize_t sent = send (fd, at, length, MSG_NOSIGNAL);
        if (sent <= 0)
            return; /* the server had enough; the answer says why */
        at += sent;
        length -= (size_t)sent;
    }
}

/* headers: "Name: value\r\n" lines, or "". The answer ends with the connection. */
static inline void
client_send (
    int fd, const char *method, const char *path, const char *headers, const char *body)
{
    strbuf_t text = STRBUF_EMPTY;
    strbuf_addf (&text, "%s %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n",
        method, path);
    strbuf_add (&text, headers);
    if (body)
        strbuf_addf (&text, "Content-Length: %zu\r\n", strlen (body));
    strbuf_add (&text, "\r\n");
    strbuf_add (&text, body ? body : "");
    client_send_bytes (fd, text.data, text.length);
    strbuf_free (&text);
}

/* Reads to the end and closes. */
static inline answer_t
client_receive (int fd)
{
    answer_t answer = {0};
    strbuf_t text = STRBUF_EMPTY;
    char bytes[4096];
    ssize_t got;
    while ((got = recv (fd, bytes, sizeof bytes, 0)) > 0)
        strbuf_add_bytes (&text, bytes, (size_t)got);
    close (fd);
    answer.text = strbuf_take (&text);
    answer.body = strstr (answer.text, "\r\n\r\n");
    answer.body = answer.body ? answer.body + 4 : "";
    if (strncmp (answer.text, "HTTP/1.1 ", 9) == 0)
        answer.status = atoi (answer.text + 9);
    answer.json = json_loads (answer.body, JSON_REJECT_DUPLICATES, NULL);
    return answer;
}

static inline answer_t
client_ask (int port, const char *method, const char *path, const char *headers,
    const char *body)
{
    int fd = client_connect (port);
    assert (fd >= 0);
    client_send (fd, method, path, headers, body);
    return client_receive (fd);
}

static inline void
client_free (answer_t *answer)
{
    json_decref (answer->json);
    free (answer->text);
    memset (answer, 0, sizeof *answer);
}

/* The header line "Name: value" is there. */
static inline bool
client_has_header (const answer_t *answer, const char *line)
{
    const char *at = strcasestr (answer->text, line);
    return at && at < answer->body && at[-1] == '\n' && at[strlen (line)] == '\r';
}

static inline const char *
client_text (const answer_t *answer, const char *key)
{
    const char *text = json_string_value (json_object_get (answer->json, key));
    return text ? text : "";
}

/* True when something (or the end) can be read within the time. */
static inline bool
client_readable (int fd, int timeout_ms)
{
    struct pollfd item = {.fd = fd, .events = POLLIN};
    return poll (&item, 1, timeout_ms) == 1;
}

#endif

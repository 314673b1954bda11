/* SPDX-License-Identifier: Apache-2.0 */
#include "actors/http/listen.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "actors/http/address.h"

#define BACKLOG 4096 /* past it a connection's first packet is dropped: a second */

static int
s_bind (const struct addrinfo *address)
{
    int fd = socket (address->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int yes = 1, no = 0;
    if (fd < 0)
        return -1;
    setsockopt (fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (address->ai_family == AF_INET6) /* "::" is every address, as people mean it */
        setsockopt (fd, IPPROTO_IPV6, IPV6_V6ONLY, &no, sizeof no);
    if (bind (fd, address->ai_addr, address->ai_addrlen) == 0 &&
        listen (fd, BACKLOG) == 0)
        return fd;
    int reason = errno;
    close (fd);
    errno = reason;
    return -1;
}

static int
s_find (const char *host, const char *service, struct addrinfo **found)
{
    const struct addrinfo hints = {.ai_flags = AI_PASSIVE | AI_NUMERICSERV,
        .ai_family = AF_UNSPEC,
        .ai_socktype = SOCK_STREAM};
    return getaddrinfo (host, service, &hints, found);
}

int
listen_on (const char *host, int port, char error[160])
{
    char service[12];
    snprintf (service, sizeof service, "%d", port);
    struct addrinfo *found = NULL;
    int status = s_find (host, service, &found);
    if (status != 0) {
        snprintf (
            error, 160, "cannot listen on \"%.60s\": %s", host, gai_strerror (status));
        return -1;
    }
    int fd = s_bind (found);
    if (fd < 0 && errno == EADDRINUSE)
        snprintf (error, 160,
            "port %d of %.60s is in use: stop what has it (ss -ltnp) or choose another",
            port, host);
    else if (fd < 0)
        snprintf (
            error, 160, "cannot listen on %.60s:%d: %s", host, port, strerror (errno));
    freeaddrinfo (found);
    return fd;
}

/* The first is the one that is listened on. */
bool
listen_is_loopback (const char *host)
{
    struct addrinfo *found = NULL;
    if (s_find (host, NULL, &found))
        return false;
    address_t address = address_of_socket (found->ai_addr);
    freeaddrinfo (found);
    return address_is_loopback (&address);
}

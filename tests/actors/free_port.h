/* Ports for servers of tests. Not of the kernel's choice (bind to port 0): those are in the
 * range it takes for outgoing connections, too, and one of a program that runs beside may
 * have taken it before the server starts. A client that connects again and again to such a
 * port before its server is up can even end up connected with itself, and hold it.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_TESTS_ACTORS_FREE_PORT_H
#define SASREC_TESTS_ACTORS_FREE_PORT_H

#include <arpa/inet.h>
#include <assert.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <unistd.h>

#define FREE_PORT_FIRST 10000
#define FREE_PORT_COUNT                                                                \
    20000 /* up to 30000: below every usual range of outgoing ones */

static inline bool
free_port_is (int port)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
        .sin_addr.s_addr = htonl (INADDR_LOOPBACK),
        .sin_port = htons ((uint16_t)port)};
    int handle = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool free_now = bind (handle, (struct sockaddr *)&address, sizeof address) == 0;
    close (handle);
    return free_now;
}

/* Another one at each call; processes that run beside each other start apart. */
static inline int
free_port (void)
{
    static int calls;
    for (int tries = 0; tries < FREE_PORT_COUNT; tries++) {
        int port = FREE_PORT_FIRST + (getpid () * 31 + calls++) % FREE_PORT_COUNT;
        if (free_port_is (port))
            return port;
    }
    assert (!"no free port");
    return -1;
}

#endif

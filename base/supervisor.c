/* Telling the process that keeps us how we are. SPDX-License-Identifier: Apache-2.0 */
#include "base/supervisor.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"

void
supervisor_tell (const char *state)
{
    const char *path = getenv ("NOTIFY_SOCKET");
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t length = path ? strlen (path) : 0;
    if (length < 2 || length >= sizeof address.sun_path || !strchr ("/@", *path))
        return;
    memcpy (address.sun_path, path, length);
    if (*path == '@') /* an abstract name */
        address.sun_path[0] = '\0';
    int fd = socket (AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return;
    sendto (fd, state, strlen (state), MSG_DONTWAIT | MSG_NOSIGNAL,
        (struct sockaddr *)&address,
        (socklen_t)(offsetof (struct sockaddr_un, sun_path) + length));
    close (fd);
}

void
supervisor_tell_reloading (void)
{
    char state[64];
    snprintf (state, sizeof state, "RELOADING=1\nMONOTONIC_USEC=%" PRId64,
        clock_monotonic_us ());
    supervisor_tell (state);
}

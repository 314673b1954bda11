/* Where the lines of the log go. SPDX-License-Identifier: Apache-2.0 */
#include "base/log_sink.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PATIENCE_MS 100 /* for a reader, before he counts as gone */

static pthread_mutex_t s_lock = PTHREAD_MUTEX_INITIALIZER; /* keeps lines whole */
static int s_fd = STDERR_FILENO;
static char *s_path;  /* of s_fd; NULL: stderr */
static bool s_stuck;  /* the reader did not read when he was waited for */
static bool s_broken; /* the last line went out in part */
static size_t s_lost;

int
log_sink_open (const char *path, char error[160])
{
    int fd = STDERR_FILENO;
    if (*path)
        fd = open (path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, 0640);
    if (fd < 0) {
        snprintf (error, 160, "cannot open the log %.80s: %s", path, strerror (errno));
        return -1;
    }
    char *copy = *path ? strdup (path) : NULL;
    assert (copy || !*path);
    pthread_mutex_lock (&s_lock);
    if (s_fd != STDERR_FILENO)
        close (s_fd);
    free (s_path);
    s_fd = fd;
    s_path = copy;
    pthread_mutex_unlock (&s_lock);
    return 0;
}

int
log_sink_reopen (char error[160])
{
    pthread_mutex_lock (&s_lock);
    char *path = s_path ? strdup (s_path) : NULL;
    pthread_mutex_unlock (&s_lock);
    int rc = path ? log_sink_open (path, error) : 0;
    free (path);
    return rc;
}

/* A write of PIPE_BUF bytes to what is writable does not wait, whatever it is. */
static ssize_t
s_write_some (const char *bytes, size_t length)
{
    struct pollfd item = {.fd = s_fd, .events = POLLOUT};
    if (poll (&item, 1, s_stuck ? 0 : PATIENCE_MS) == 0) {
        s_stuck = true;
        return -1;
    }
    s_stuck = false;
    return write (s_fd, bytes, length < PIPE_BUF ? length : PIPE_BUF);
}

/* False: not all of it; there is nowhere to tell that. */
static bool
s_write (const char *bytes, size_t length)
{
    while (length > 0) {
        ssize_t written = s_write_some (bytes, length);
        if (written < 0 && errno == EINTR && !s_stuck)
            continue;
        if (written <= 0)
            return false;
        s_broken = true; /* until the rest is out */
        bytes += written;
        length -= (size_t)written;
    }
    s_broken = false;
    return true;
}

size_t
log_sink_write (const char *line, size_t length)
{
    pthread_mutex_lock (&s_lock);
    bool whole = !s_broken || s_write ("\n", 1);
    whole = whole && s_write (line, length);
    size_t lost = whole ? s_lost : 0;
    s_lost = whole ? 0 : s_lost + 1;
    pthread_mutex_unlock (&s_lock);
    return lost;
}

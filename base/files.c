/* SPDX-License-Identifier: Apache-2.0 */
#include "base/files.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* "path: reason"; a long path keeps its end. */
static int
s_fail (char error[160], const char *path, const char *reason)
{
    size_t length = strlen (path);
    const char *dots = length > 90 ? "..." : "";
    if (length > 90)
        path += length - 87;
    snprintf (error, 160, "%s%s: %.60s", dots, path, reason);
    return -1;
}

static int
s_fail_errno (char error[160], const char *path)
{
    return s_fail (error, path, strerror (errno));
}

/* Up to size bytes; less at the end of the file. -1 with errno. */
static ssize_t
s_read_all (int file, char *bytes, size_t size)
{
    size_t length = 0;
    while (length < size) {
        ssize_t got = read (file, bytes + length, size - length);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return -1;
        if (got == 0)
            break;
        length += (size_t)got;
    }
    return (ssize_t)length;
}

static int
s_read_open (int file, const char *path, size_t limit, char **bytes, size_t *length,
    char error[160])
{
    struct stat info;
    if (fstat (file, &info) != 0)
        return s_fail_errno (error, path);
    if (!S_ISREG (info.st_mode))
        return s_fail (error, path, "not a regular file");
    size_t size = (size_t)info.st_size;
    if (size > limit)
        return s_fail (error, path, "larger than allowed");
    char *fresh = malloc (size + 1);
    if (!fresh)
        return s_fail (error, path, "not enough memory");
    ssize_t got = s_read_all (file, fresh, size);
    if (got < 0) {
        s_fail_errno (error, path);
        free (fresh);
        return -1;
    }
    fresh[got] = '\0';
    *bytes = fresh;
    *length = (size_t)got;
    return 0;
}

int
files_read (
    const char *path, size_t limit, char **bytes, size_t *length, char error[160])
{
    assert (path && bytes && length && error);
    /* O_NONBLOCK: opening a FIFO must not wait for its writer. */
    int file = open (path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (file < 0)
        return s_fail_errno (error, path);
    int rc = s_read_open (file, path, limit, bytes, length, error);
    close (file);
    return rc;
}

static int
s_write_all (int file, const files_part_t *part)
{
    const char *bytes = part->bytes;
    size_t left = part->length;
    while (left > 0) {
        ssize_t written = write (file, bytes, left);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return -1;
        bytes += written;
        left -= (size_t)written;
    }
    return 0;
}

/* A complete file that survives a power cut; -1 with errno. */
static int
s_write_file (const char *path, const files_part_t *parts, size_t part_count)
{
    int file = open (path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644);
    if (file < 0)
        return -1;
    int rc = 0;
    for (size_t i = 0; i < part_count && rc == 0; i++)
        rc = s_write_all (file, &parts[i]);
    if (rc == 0)
        rc = fsync (file);
    int reason = errno;
    if (close (file) != 0 && rc == 0)
        return -1;
    errno = reason;
    return rc;
}

static int
s_open_folder_of (const char *path)
{
    char folder[PATH_MAX];
    const char *slash = strrchr (path, '/');
    int length = slash ? (int)(slash - path) : 1;
    if (slash == path)
        length = 1;
    snprintf (folder, sizeof folder, "%.*s", length, slash ? path : ".");
    return open (folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

int
files_replace (
    const char *path, const files_part_t *parts, size_t part_count, char error[160])
{
    assert (path && (parts || part_count == 0) && error);
    char tmp[PATH_MAX];
    int length = snprintf (tmp, sizeof tmp, "%s.tmp.%d", path, (int)getpid ());
    if (length < 0 || (size_t)length >= sizeof tmp)
        return s_fail (error, path, "path too long");
    int folder = s_open_folder_of (path);
    if (folder < 0)
        return s_fail_errno (error, path);
    int rc = s_write_file (tmp, parts, part_count);
    if (rc == 0)
        rc = rename (tmp, path);
    if (rc != 0) {
        s_fail_errno (error, path);
        unlink (tmp);
    } else if (fsync (folder) != 0 && errno != EINVAL) /* EINVAL: cannot, so need not */
        rc = s_fail_errno (error, path);
    close (folder);
    return rc;
}

static int
s_make_one (const char *path, char error[160])
{
    if (mkdir (path, 0777) == 0)
        return 0;
    struct stat info;
    if (errno == EEXIST && stat (path, &info) == 0 && S_ISDIR (info.st_mode))
        return 0;
    if (errno == EEXIST)
        return s_fail (error, path, "exists and is not a folder");
    return s_fail_errno (error, path);
}

int
files_make_folder (const char *path, char error[160])
{
    assert (path && error);
    char part[PATH_MAX];
    size_t length = strlen (path);
    if (length == 0 || length >= sizeof part)
        return s_fail (error, path, length ? "path too long" : "no path");
    memcpy (part, path, length + 1);
    for (char *slash = strchr (part + 1, '/'); slash; slash = strchr (slash + 1, '/')) {
        *slash = '\0';
        if (s_make_one (part, error) != 0)
            return -1;
        *slash = '/';
    }
    return s_make_one (part, error);
}

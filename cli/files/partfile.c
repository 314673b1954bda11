/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/files/partfile.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/files.h"

#define STATE_LIMIT 65536

struct partfile {
    char path[PATH_MAX]; /* where it goes in the end */
    char part[PATH_MAX];
    char state_path[PATH_MAX];
    int fd;
    const json_t *terms; /* borrowed */
    json_t *kept;        /* the state as it was read or kept; owned; NULL: none */
    partfile_state_t state;
    uint64_t bytes; /* written */
};

static int
s_fail (const char *what, const char *path, char error[160])
{
    snprintf (error, 160, "cannot %s %.90s: %s", what, path, strerror (errno));
    return -1;
}

/* A link is followed, a device is none of ours: it could not be gone on with. */
static int
s_name (partfile_t *self, const char *path, char error[160])
{
    struct stat info;
    char *real = realpath (path, NULL);
    int length = snprintf (self->path, sizeof self->path, "%s", real ? real : path);
    free (real);
    if (stat (self->path, &info) == 0 && !S_ISREG (info.st_mode)) {
        snprintf (error, 160, "%.100s is no regular file", path);
        return -1;
    }
    int part = snprintf (self->part, sizeof self->part, "%s.part", self->path);
    int state =
        snprintf (self->state_path, sizeof self->state_path, "%s.json", self->part);
    if (length < (int)sizeof self->path && part < (int)sizeof self->part &&
        state < (int)sizeof self->state_path)
        return 0;
    errno = ENAMETOOLONG;
    return s_fail ("write", path, error);
}

static int
s_open (partfile_t *self, char error[160])
{
    self->fd = open (self->part, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (self->fd < 0)
        return s_fail ("write", self->part, error);
    if (flock (self->fd, LOCK_EX | LOCK_NB) == 0)
        return 0;
    snprintf (error, 160, "another process writes %.120s", self->part);
    close (self->fd);
    self->fd = -1;
    return -1;
}

/* 0 with self->kept, NULL when nothing was kept; -1 with error. */
static int
s_read_state (partfile_t *self, char error[160])
{
    char *bytes;
    size_t length;
    if (access (self->state_path, F_OK) != 0)
        return 0;
    if (files_read (self->state_path, STATE_LIMIT, &bytes, &length, error))
        return -1;
    self->kept = json_loadb (bytes, length, JSON_REJECT_DUPLICATES, NULL);
    free (bytes);
    if (json_is_string (json_object_get (self->kept, "last_user")))
        return 0;
    snprintf (error, 160, "%.120s is not readable", self->state_path);
    return -1;
}

static uint64_t
s_number (const json_t *state, const char *key)
{
    json_int_t value = json_integer_value (json_object_get (state, key));
    return value > 0 ? (uint64_t)value : 0;
}

static int
s_check_terms (const partfile_t *self, char error[160])
{
    const json_t *terms = json_object_get (self->kept, "terms");
    if (json_equal (terms, self->terms))
        return 0;
    char *text = json_dumps (terms, JSON_COMPACT | JSON_ENCODE_ANY);
    snprintf (error, 160, "it was begun with %.80s: give the same, or no --resume",
        text ? text : "?");
    free (text);
    return -1;
}

/* Cuts off what was not whole. */
static int
s_go_on (partfile_t *self, char error[160])
{
    struct stat info;
    self->state = (partfile_state_t){
        json_string_value (json_object_get (self->kept, "last_user")),
        s_number (self->kept, "users"), s_number (self->kept, "interactions"),
        s_number (self->kept, "bytes")};
    if (fstat (self->fd, &info) != 0)
        return s_fail ("read", self->part, error);
    if ((uint64_t)info.st_size < self->state.bytes) {
        snprintf (error, 160, "%.80s is shorter than it was: begin without --resume",
            self->part);
        return -1;
    }
    self->bytes = self->state.bytes;
    if (ftruncate (self->fd, (off_t)self->bytes) != 0 ||
        lseek (self->fd, (off_t)self->bytes, SEEK_SET) < 0)
        return s_fail ("write", self->part, error);
    return 0;
}

static int
s_begin (partfile_t *self, bool resume, char error[160])
{
    self->state.last_user = "";
    if (resume && s_read_state (self, error))
        return -1;
    if (self->kept)
        return s_check_terms (self, error) || s_go_on (self, error) ? -1 : 0;
    unlink (self->state_path);
    return ftruncate (self->fd, 0) == 0 ? 0 : s_fail ("write", self->part, error);
}

partfile_t *
partfile_new (const char *path, const json_t *terms, bool resume, char error[160])
{
    partfile_t *self = calloc (1, sizeof *self);
    assert (self);
    self->fd = -1;
    self->terms = terms;
    if (s_name (self, path, error) || s_open (self, error))
        partfile_destroy (&self);
    else if (s_begin (self, resume, error)) {
        close (self->fd); /* what lies there is not ours to remove */
        self->fd = -1;
        partfile_destroy (&self);
    }
    return self;
}

const partfile_state_t *
partfile_state (const partfile_t *self)
{
    return &self->state;
}

int
partfile_write (partfile_t *self, const char *bytes, size_t length, char error[160])
{
    while (length > 0) {
        ssize_t written = write (self->fd, bytes, length);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return s_fail ("write", self->part, error);
        bytes += written;
        length -= (size_t)written;
        self->bytes += (uint64_t)written;
    }
    return 0;
}

int
partfile_keep (partfile_t *self, const partfile_state_t *state, char error[160])
{
    if (fdatasync (self->fd) != 0)
        return s_fail ("write", self->part, error);
    json_t *kept =
        json_pack ("{s:O,s:s,s:I,s:I,s:I}", "terms", self->terms, "last_user",
            state->last_user, "users", (json_int_t)state->users, "interactions",
            (json_int_t)state->interactions, "bytes", (json_int_t)self->bytes);
    if (!kept) {
        snprintf (error, 160, "a user id is not UTF-8: %.100s", state->last_user);
        return -1;
    }
    char *text = json_dumps (kept, JSON_COMPACT);
    assert (text);
    const files_part_t part = {text, strlen (text)};
    int rc = files_replace (self->state_path, &part, 1, error);
    free (text);
    json_decref (self->kept);
    self->kept = kept;
    self->state = *state;
    self->state.last_user = json_string_value (json_object_get (kept, "last_user"));
    self->state.bytes = self->bytes;
    return rc;
}

/* Renames survive a crash once their folder is on the disk. */
static int
s_sync_folder (const partfile_t *self)
{
    char path[PATH_MAX];
    snprintf (path, sizeof path, "%s", self->path);
    int fd = open (dirname (path), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int rc = fd < 0 ? -1 : fsync (fd);
    if (fd >= 0)
        close (fd);
    return rc;
}

int
partfile_commit (partfile_t **self_p, char error[160])
{
    partfile_t *self = *self_p;
    int rc =
        fsync (self->fd) || rename (self->part, self->path) || s_sync_folder (self);
    if (rc)
        s_fail ("write", self->path, error);
    else
        unlink (self->state_path);
    close (self->fd);
    self->fd = -1;
    partfile_destroy (self_p);
    return rc ? -1 : 0;
}

void
partfile_destroy (partfile_t **self_p)
{
    partfile_t *self = *self_p;
    if (!self)
        return;
    if (self->fd >= 0) {
        if (!self->kept)
            unlink (self->part);
        close (self->fd);
    }
    json_decref (self->kept);
    free (self);
    *self_p = NULL;
}

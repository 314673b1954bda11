/* A file that is written. SPDX-License-Identifier: Apache-2.0 */
#include "cli/files/outfile.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct outfile {
    FILE *file;  /* owned */
    char *path;  /* owned; where it goes, links followed */
    bool beside; /* file is s_beside, not path */
};

static const int s_signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};

/* The temporary file, for the handler; "" when there is none. */
static char s_beside[PATH_MAX];

static void
s_on_signal (int number)
{
    unlink (s_beside);
    signal (number, SIG_DFL);
    raise (number);
}

/* An ignored signal (nohup) stays ignored. */
static void
s_catch (void)
{
    for (size_t i = 0; i < sizeof s_signals / sizeof s_signals[0]; i++) {
        if (signal (s_signals[i], s_on_signal) == SIG_IGN)
            signal (s_signals[i], SIG_IGN);
    }
}

static void
s_release (void)
{
    for (size_t i = 0; i < sizeof s_signals / sizeof s_signals[0]; i++) {
        if (signal (s_signals[i], SIG_DFL) == SIG_IGN)
            signal (s_signals[i], SIG_IGN);
    }
    s_beside[0] = '\0';
}

static int
s_fail (const outfile_t *self, char error[160])
{
    snprintf (error, 160, "cannot write %.90s: %s", self->path, strerror (errno));
    return -1;
}

/* What the path leads to; a link to nothing stays one, and is written through. */
static char *
s_follow (const char *path)
{
    char *real = realpath (path, NULL);
    if (!real)
        real = strdup (path);
    assert (real);
    return real;
}

static bool
s_goes_beside (const char *path, mode_t *mode)
{
    struct stat info;
    if (lstat (path, &info) != 0) {
        mode_t mask = umask (0);
        umask (mask);
        *mode = 0666 & ~mask;
        return true;
    }
    *mode = info.st_mode & 07777;
    return S_ISREG (info.st_mode) && info.st_nlink == 1;
}

static int
s_open (outfile_t *self, char error[160])
{
    mode_t mode;
    self->beside = s_goes_beside (self->path, &mode);
    if (!self->beside) {
        self->file = fopen (self->path, "wb");
        return self->file ? 0 : s_fail (self, error);
    }
    int length =
        snprintf (s_beside, sizeof s_beside, "%s.%ld.tmp", self->path, (long)getpid ());
    if (length >= (int)sizeof s_beside) {
        errno = ENAMETOOLONG;
        s_beside[0] = '\0';
        self->beside = false;
        return s_fail (self, error);
    }
    s_catch ();
    self->file = fopen (s_beside, "wbx");
    if (!self->file) {
        s_release ();
        self->beside = false;
        return s_fail (self, error);
    }
    if (fchmod (fileno (self->file), mode) != 0)
        return s_fail (self, error);
    return 0;
}

outfile_t *
outfile_new (const char *path, char error[160])
{
    outfile_t *self = calloc (1, sizeof *self);
    assert (self);
    self->path = s_follow (path);
    if (s_open (self, error) == -1)
        outfile_destroy (&self);
    return self;
}

FILE *
outfile_file (outfile_t *self)
{
    return self->file;
}

/* A device can not be flushed to a disk, and need not. */
static int
s_close (outfile_t *self)
{
    FILE *file = self->file;
    self->file = NULL;
    bool failed = fflush (file) == EOF || ferror (file) ||
                  (self->beside && fsync (fileno (file)) != 0);
    int reason = errno;
    if (fclose (file) == EOF && !failed)
        return -1;
    errno = reason;
    return failed ? -1 : 0;
}

int
outfile_commit (outfile_t **self_p, char error[160])
{
    outfile_t *self = *self_p;
    int rc = s_close (self);
    if (rc == 0 && self->beside)
        rc = rename (s_beside, self->path);
    if (rc == 0 && self->beside) {
        self->beside = false;
        s_release ();
    }
    if (rc != 0)
        s_fail (self, error);
    outfile_destroy (self_p);
    return rc;
}

void
outfile_destroy (outfile_t **self_p)
{
    outfile_t *self = *self_p;
    if (!self)
        return;
    if (self->file)
        fclose (self->file);
    if (self->beside) {
        unlink (s_beside);
        s_release ();
    }
    free (self->path);
    free (self);
    *self_p = NULL;
}

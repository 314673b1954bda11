/* For tests: what the program writes on stderr, as text.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_TESTS_UNIT_CAPTURE_H
#define SASREC_TESTS_UNIT_CAPTURE_H

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

typedef struct {
    int kept; /* the real stderr */
    int file; /* where stderr goes meanwhile */
} capture_t;

static inline capture_t
capture_start (void)
{
    fflush (stderr);
    capture_t self = {dup (STDERR_FILENO), memfd_create ("stderr", MFD_CLOEXEC)};
    assert (self.kept >= 0 && self.file >= 0);
    dup2 (self.file, STDERR_FILENO);
    return self;
}

/* A fresh string. */
static inline char *
capture_stop (capture_t *self)
{
    fflush (stderr);
    dup2 (self->kept, STDERR_FILENO);
    close (self->kept);
    off_t size = lseek (self->file, 0, SEEK_END);
    assert (size >= 0);
    char *text = calloc (1, (size_t)size + 1);
    assert (text);
    ssize_t got = pread (self->file, text, (size_t)size, 0);
    assert (got == size);
    (void)got;
    close (self->file);
    return text;
}

#endif

/* A file that is read twice. SPDX-License-Identifier: Apache-2.0 */
#include "cli/files/source.h"
#include "cli/files/packed.h"

#include <assert.h>
#include <errno.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct source {
    const char *name;   /* borrowed */
    FILE *file;         /* owned */
    const char *packed; /* "gzip", "zstd" or NULL */
    uint64_t lines;
    char digest[2 * crypto_hash_sha256_BYTES + 1];
};

static int
s_fail (const char *what, const char *name, char error[160])
{
    snprintf (error, 160, "cannot %s %.80s: %s", what, name, strerror (errno));
    return -1;
}

/* Damage has an error number of its own, with a text that says nothing. */
static int
s_fail_reading (const char *name, char error[160])
{
    if (errno != EBADMSG)
        return s_fail ("read", name, error);
    snprintf (error, 160, "cannot read %.80s: it is damaged, or cut short", name);
    return -1;
}

/* Only a regular file can be read again. */
static int
s_copy_pipe (source_t *self, char error[160])
{
    struct stat status;
    if (fstat (fileno (self->file), &status) == 0 && S_ISREG (status.st_mode))
        return 0;
    if (S_ISDIR (status.st_mode)) {
        errno = EISDIR;
        return s_fail ("read", self->name, error);
    }
    FILE *copy = tmpfile ();
    if (!copy)
        return s_fail ("make a temporary file for", self->name, error);
    char block[65536];
    size_t length;
    while ((length = fread (block, 1, sizeof block, self->file)) > 0) {
        if (fwrite (block, 1, length, copy) != length)
            break;
    }
    bool failed = ferror (self->file) || fflush (copy) == EOF || ferror (copy);
    if (self->file != stdin)
        fclose (self->file);
    self->file = copy;
    rewind (copy);
    return failed ? s_fail ("copy", self->name, error) : 0;
}

static void
s_unpack (source_t *self)
{
    self->packed = packed_kind (self->file);
    if (self->packed)
        self->file = packed_open (self->file, self->packed);
}

static int
s_digest (source_t *self, char error[160])
{
    crypto_hash_sha256_state state;
    crypto_hash_sha256_init (&state);
    unsigned char block[65536];
    unsigned char hash[crypto_hash_sha256_BYTES];
    size_t length;
    while ((length = fread (block, 1, sizeof block, self->file)) > 0) {
        crypto_hash_sha256_update (&state, block, length);
        for (size_t i = 0; i < length; i++)
            self->lines += block[i] == '\n';
    }
    if (ferror (self->file))
        return s_fail_reading (self->name, error);
    crypto_hash_sha256_final (&state, hash);
    sodium_bin2hex (self->digest, sizeof self->digest, hash, sizeof hash);
    rewind (self->file);
    return 0;
}

source_t *
source_open (const char *path, char error[160])
{
    source_t *self = calloc (1, sizeof *self);
    assert (self);
    bool standard = strcmp (path, "-") == 0;
    self->name = standard ? "standard input" : path;
    self->file = standard ? stdin : fopen (path, "rb");
    if (!self->file)
        s_fail ("read", self->name, error);
    bool ready = self->file && s_copy_pipe (self, error) == 0;
    if (ready)
        s_unpack (self);
    if (!ready || s_digest (self, error) == -1)
        source_close (&self);
    return self;
}

void
source_close (source_t **self_p)
{
    source_t *self = *self_p;
    if (!self)
        return;
    if (self->file && self->file != stdin)
        fclose (self->file);
    free (self);
    *self_p = NULL;
}

const char *
source_name (const source_t *self)
{
    return self->name;
}

const char *
source_digest (const source_t *self)
{
    return self->digest;
}

uint64_t
source_lines (const source_t *self)
{
    return self->lines;
}

FILE *
source_file (source_t *self)
{
    return self->file;
}

const char *
source_packed (const source_t *self)
{
    return self->packed;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "model/train/state.h"

#include <assert.h>
#include <errno.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/files.h"

#define MAGIC     "sasrec state 2\n" /* 16 bytes with the NUL */
#define HASH_SIZE crypto_hash_sha256_BYTES

/* In front of each part. */
typedef struct {
    char name[PART_NAME_SIZE];
    uint64_t length;
} head_t;

struct state {
    FILE *file;
};

int
state_write (const char *path, const part_t *parts, size_t count, char error[160])
{
    assert (count <= STATE_PARTS_LIMIT);
    head_t heads[STATE_PARTS_LIMIT];
    files_part_t pieces[2 * STATE_PARTS_LIMIT + 2];
    size_t used = 0;
    memset (heads, 0, sizeof (heads));
    pieces[used++] = (files_part_t){MAGIC, sizeof (MAGIC)};
    for (size_t i = 0; i < count; i++) {
        assert (strlen (parts[i].name) < PART_NAME_SIZE);
        strcpy (heads[i].name, parts[i].name);
        heads[i].length = parts[i].length;
        pieces[used++] = (files_part_t){&heads[i], sizeof (heads[i])};
        pieces[used++] = (files_part_t){parts[i].bytes, parts[i].length};
    }
    unsigned char hash[HASH_SIZE];
    crypto_hash_sha256_state state;
    crypto_hash_sha256_init (&state);
    for (size_t i = 0; i < used; i++)
        crypto_hash_sha256_update (&state, pieces[i].bytes, pieces[i].length);
    crypto_hash_sha256_final (&state, hash);
    pieces[used++] = (files_part_t){hash, sizeof (hash)};
    return files_replace (path, pieces, used, error);
}

/* The file behind its magic against the hash at its end. */
static int
s_check_hash (FILE *file)
{
    unsigned char block[1 << 16], hash[HASH_SIZE], tail[HASH_SIZE];
    crypto_hash_sha256_state state;
    crypto_hash_sha256_init (&state);
    size_t kept = 0, got; /* the last HASH_SIZE bytes read are not hashed yet */
    while ((got = fread (block + kept, 1, sizeof (block) - kept, file)) > 0) {
        kept += got;
        if (kept > HASH_SIZE) {
            crypto_hash_sha256_update (&state, block, kept - HASH_SIZE);
            memmove (block, block + kept - HASH_SIZE, HASH_SIZE);
            kept = HASH_SIZE;
        }
    }
    memcpy (tail, block, HASH_SIZE);
    crypto_hash_sha256_final (&state, hash);
    return kept == HASH_SIZE && memcmp (hash, tail, HASH_SIZE) == 0 ? 0 : -1;
}

state_t *
state_open (const char *path, char error[160])
{
    char magic[sizeof (MAGIC)];
    FILE *file = fopen (path, "rb");
    if (!file) {
        snprintf (error, 160, "%.100s: %s", path, strerror (errno));
        return NULL;
    }
    state_t *self = calloc (1, sizeof (*self));
    assert (self);
    self->file = file;
    bool whole = s_check_hash (file) == 0 && fseek (file, 0, SEEK_SET) == 0 &&
                 fread (magic, sizeof (magic), 1, file) == 1 &&
                 memcmp (magic, MAGIC, sizeof (magic)) == 0;
    if (!whole) {
        snprintf (error, 160, "%.100s is damaged, or not a state of a training", path);
        state_close (&self);
    }
    return self;
}

void
state_close (state_t **self_p)
{
    if (!self_p || !*self_p)
        return;
    fclose ((*self_p)->file);
    free (*self_p);
    *self_p = NULL;
}

int
state_read (state_t *self, const part_t *parts, size_t count, char error[160])
{
    for (size_t i = 0; i < count; i++) {
        head_t head;
        bool read =
            fread (&head, sizeof (head), 1, self->file) == 1 &&
            strncmp (head.name, parts[i].name, PART_NAME_SIZE) == 0 &&
            head.length == parts[i].length &&
            fread (parts[i].bytes, 1, parts[i].length, self->file) == parts[i].length;
        if (!read) {
            snprintf (error, 160,
                "the state of the interrupted run does not fit (%s): another version "
                "of "
                "this program wrote it",
                parts[i].name);
            return -1;
        }
    }
    return 0;
}

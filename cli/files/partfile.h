/* A large file that is written in order, over a long time, and goes on after a kill: beside
 * it lies FILE.part with what is written, and FILE.part.json, which says up to which byte
 * that is whole and on the disk, which user was the last, and on what terms it was begun.
 * What stands behind that byte is cut off when it goes on. At the end FILE.part takes
 * FILE's place, so that FILE is complete whenever it is there.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_CLI_FILES_PARTFILE_H
#define SASREC_CLI_FILES_PARTFILE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct partfile partfile_t;

/* How far it is. */
typedef struct {
    const char *last_user; /* ""; for reading lives with the partfile */
    uint64_t users;
    uint64_t interactions;
    uint64_t bytes; /* of the file; partfile_keep knows them itself */
} partfile_state_t;

/* terms: what the file's content depends on; borrowed. resume: goes on where one was left
 * on the same terms; where none is, and without resume, it begins anew. NULL with error:
 * it cannot be written, another process writes it, or it was begun on other terms. */
partfile_t *partfile_new (
    const char *path, const json_t *terms, bool resume, char error[160]);

/* Since it was begun; as of the last keep, and after partfile_new of the run before. */
const partfile_state_t *partfile_state (const partfile_t *self);

/* Appends. -1 with error. */
int partfile_write (
    partfile_t *self, const char *bytes, size_t length, char error[160]);

/* What is written so far is whole, and will be there after a crash of the machine, too. */
int partfile_keep (partfile_t *self, const partfile_state_t *state, char error[160]);

/* It is complete: it takes the file's place. Takes self, also on -1 with error. */
int partfile_commit (partfile_t **self_p, char error[160]);

/* Left, to be resumed; nothing is left when nothing was kept. */
void partfile_destroy (partfile_t **self_p);

#endif

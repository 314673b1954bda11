/* A file of named pieces of memory: what an interrupted run needs to go on. Written
 * completely or not at all, and read back only when its SHA-256 is right and name and size
 * of each piece are the expected ones. For the program and machine that wrote it: its
 * numbers are as they are in memory. SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_MODEL_TRAIN_STATE_H
#define SASREC_MODEL_TRAIN_STATE_H

#include <stddef.h>

#include "model/train/part.h"

#define STATE_PARTS_LIMIT 32

/* At most STATE_PARTS_LIMIT parts. -1 with error. */
int state_write (const char *path, const part_t *parts, size_t count, char error[160]);

typedef struct state state_t;

/* Checks the whole file. NULL with error: none there, damaged, ... */
state_t *state_open (const char *path, char error[160]);
void state_close (state_t **self_p);

/* The next parts of the file, in the order they were written. -1 with error: another name
 * or size; what was read is then lost. */
int state_read (state_t *self, const part_t *parts, size_t count, char error[160]);

#endif

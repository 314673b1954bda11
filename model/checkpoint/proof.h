/* Whether the tensors of a file are those that its SHA-256 says: a thread finds out, beside
 * whatever is made of them meanwhile. The hash of a file has no parts, and takes as long as
 * all else. SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_MODEL_CHECKPOINT_PROOF_H
#define SASREC_MODEL_CHECKPOINT_PROOF_H

#include <stdbool.h>
#include <stddef.h>

#include "model/net/sasrec.h"

typedef struct proof proof_t;

typedef struct {
    const char *bytes; /* the file, mapped */
    size_t length;
    size_t data_start;             /* from here on it is hashed */
    size_t items_begin, items_end; /* the item table in the file */
    /* Where they are mapped, items are read there: pages of two mappings would count twice. */
    const sasrec_weights_t *weights;
    const char *sha256; /* lower-case hex */
} proof_task_t;

/* The task's bytes are unmapped at the end; until then its weights and sha256 stay. */
proof_t *proof_new (const proof_task_t *task);
/* Waits. True: the hash is the same. */
bool proof_end (proof_t **self_p);

#endif

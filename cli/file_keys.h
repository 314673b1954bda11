/* The keys of a file's items, and the integer of each (base/item_key.h): of one that is
 * read, what the database would make of them; of one that is written, what it has. SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_CLI_FILE_KEYS_H
#define SASREC_CLI_FILE_KEYS_H

#include <stdint.h>

#include "base/item_keys.h"

typedef struct file_keys file_keys_t;

file_keys_t *file_keys_new (void);
void file_keys_destroy (file_keys_t **self_p);

/* The integer of a key, which may be new. */
int64_t file_keys_id (file_keys_t *self, const char *key);

/* A key whose integer is known. */
void file_keys_add (file_keys_t *self, int64_t id, const char *key);

/* The key of an integer, or NULL. */
const char *file_keys_find (const file_keys_t *self, int64_t id);

/* All so far, in the order they came, and their integers. */
const item_keys_t *file_keys_texts (const file_keys_t *self);
const int64_t *file_keys_ids (const file_keys_t *self);

#endif

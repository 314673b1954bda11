/* What the reader and the writer of a checkpoint agree on (docs/checkpoint.md). Include
 * only from model/checkpoint*.c. SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_MODEL_CHECKPOINT_CHECKPOINT_FORMAT_H
#define SASREC_MODEL_CHECKPOINT_CHECKPOINT_FORMAT_H

#include <stddef.h>

#define CHECKPOINT_FORMAT         "sasrec"
#define CHECKPOINT_FORMAT_VERSION "1"
#define CHECKPOINT_SUFFIX         ".safetensors"
#define CHECKPOINT_HASH_SIZE      65 /* SHA-256 as lower-case hex, and NUL */
#define CHECKPOINT_ALIGNMENT      64 /* of the item table in the file, in bytes */

/* Where items have keys: V + 1 places in the texts, ascending, and the texts one after the
 * other; an item without a key has an empty one. */
#define CHECKPOINT_KEY_PLACES "item_key_offsets"
#define CHECKPOINT_KEY_TEXTS  "item_keys"

/* With weights inside these bounds nothing in the network can overflow: LayerNorm bounds
 * what goes into every product. */
#define CHECKPOINT_WEIGHT_MOST 1e4f

/* The header carries the hash of itself, computed with zeros in its place. */
#define CHECKPOINT_HEADER_HASH_KEY "\"header_sha256\":\""
#define CHECKPOINT_ZERO_HASH                                                           \
    "0000000000000000000000000000000000000000000000000000000000000000"

/* SHA-256 of bytes that come one after the other. By OpenSSL, which has the CPU's
 * instructions for it: four times as fast as without. */
typedef struct evp_md_ctx_st checkpoint_sum_t;
checkpoint_sum_t *checkpoint_sum_new (void);
void checkpoint_sum_add (checkpoint_sum_t *self, const void *bytes, size_t length);
void checkpoint_sum_end (checkpoint_sum_t **self_p, char hex[CHECKPOINT_HASH_SIZE]);

void checkpoint_hash (const void *const *parts, const size_t *lengths, size_t count,
    char hex[CHECKPOINT_HASH_SIZE]);

/* Offset of the header hash's 64 digits; 0 when they are not there exactly once. */
size_t checkpoint_header_hash_place (const char *header, size_t length);

#endif

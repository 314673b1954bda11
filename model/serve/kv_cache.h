/* Keys and values (kept.h) of histories that were answered, for who asks again with a few
 * items more: only those are computed. An entry is found by the items themselves, so it
 * needs no user, and nobody can get what is not theirs: the same items give the same
 * numbers. One cache for all threads: its mutex is held while an entry is looked up, never
 * while anything is computed. Who takes an entry has it alone until it is given back; another
 * who asks for the same meanwhile finds nothing. What was given back longest ago goes first
 * when the bytes run out. Of who asks once, nothing is kept but a hash: writing keys and
 * values to memory costs a tenth of computing them. SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_MODEL_SERVE_KV_CACHE_H
#define SASREC_MODEL_SERVE_KV_CACHE_H

#include <stdbool.h>
#include <stdint.h>

#include "model/serve/kept.h"

typedef struct kv_cache kv_cache_t;

/* Items that may be new since the last time. */
#define KV_CACHE_STEP 16

/* Shorter histories are not kept: computing them costs less than their place. */
#define KV_CACHE_LEAST 16

/* Exports sasrec_kv_cache_*. byte_limit: of all entries, at least 1. */
kv_cache_t *kv_cache_new (size_t byte_limit);
void kv_cache_destroy (kv_cache_t **self_p); /* all entries are given back */

/* The longest beginning that is there, up to KV_CACHE_STEP items shorter than tokens and
 * at least one; the caller's now. NULL: there is none; came_back says whether a beginning
 * was asked for before, so that keeping this one is worth it. */
kept_t *kv_cache_take (
    kv_cache_t *self, const int32_t *tokens, size_t count, bool *came_back);

/* kept holds these tokens. It is kept, or destroyed when there is no place for it. */
void kv_cache_put (
    kv_cache_t *self, const int32_t *tokens, size_t count, kept_t **kept_p);

#endif

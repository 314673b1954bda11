/* A loaded model: immutable, shared by any number of threads, each with its own scratch;
 * but for histories it keeps, which change no answer (kv_cache.h).
 * Takes histories of item ids, gives the top K with provenance; everything odd about a
 * history (unknown items, too long, empty) is normal here. Never touches sockets, files
 * (after load) or the database. SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_MODEL_SERVE_MODEL_H
#define SASREC_MODEL_SERVE_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/item_keys.h"
#include "model/data/idmap.h"
#include "model/drift/baseline.h"
#include "model/net/sasrec.h"
#include "model/serve/eligible.h"

typedef struct model model_t;
typedef struct model_scratch model_scratch_t;

#define MODEL_VERSION_SIZE 65 /* with the NUL */

/* A model of parts in memory: borrows the weights, copies the ids and counts (V each,
 * counts descending). No metadata. */
model_t *model_new (const char *version, const sasrec_weights_t *weights,
    const int64_t *item_ids, const int64_t *item_counts);
/* The same, but takes the weights, which nobody has written to, and the dense indexes of the
 * ids: where the items are mapped, few pages of them are in memory at once. */
model_t *model_take (const char *version, sasrec_weights_t **weights_p,
    idmap_t **indexes_p, const int64_t *item_counts);
/* What was computed of a history is kept, in so many bytes, for whoever asks again with
 * more items. Before others share the model, once. 0: nothing is kept. */
void model_keep_histories (model_t *self, size_t byte_limit);
bool model_can_use_bf16 (void); /* this machine has a kernel for it that is faster */
/* The encoder multiplies in bf16 from now on, or in f32 as at first; false when it cannot,
 * and nothing changes. Before others share the model, it keeps histories or anybody has a
 * scratch for it. */
bool model_use_bf16 (model_t *self, bool bf16);
bool model_uses_bf16 (const model_t *self);
/* What its requests are compared with; copied. Without this call: nothing. */
void model_set_baseline (model_t *self, const baseline_t *baseline);
/* The keys of its items, by dense index; taken. Without this call no item has one. */
void model_set_keys (model_t *self, item_keys_t **keys_p);

/* Events that its training left out ("dislike,return"; copied); none unless set. */
#define MODEL_DROPPED_SIZE 256
void model_set_dropped (model_t *self, const char *events);
const char *model_dropped (const model_t *self);
void model_destroy (model_t **self_p);

const char *model_version (const model_t *self);
const sasrec_weights_t *model_weights (const model_t *self);
const baseline_t *model_baseline (const model_t *self);     /* never NULL */
size_t model_item_count (const model_t *self);              /* V */
size_t model_window (const model_t *self);                  /* L */
int64_t model_item_id (const model_t *self, size_t index);  /* of a dense index */
int32_t model_item_index (const model_t *self, int64_t id); /* -1: unknown */
bool model_has_keys (const model_t *self);
/* NULL: the item has none. The model's. */
const char *model_item_key (const model_t *self, size_t index);
int32_t model_item_of_key (const model_t *self, const char *key); /* -1: unknown */
/* The dense index of the item that a text names where texts are all there is, in a path or
 * a command: the integer, if it is one and known; else the key. -1: neither is known. */
int32_t model_item_named (const model_t *self, const char *text);
/* Of items that a text named by integers: one that is not known, but is as a key, becomes that
 * item. */
void model_name_integers (const model_t *self, int64_t *items, size_t count);

/* Scratch for up to batch_limit queries at a time; fits only the model it was made for
 * (and any model of the same shape and precision: model_scratch_fits). */
model_scratch_t *model_scratch_new (const model_t *self, size_t batch_limit);
void model_scratch_destroy (model_scratch_t **self_p);
bool model_scratch_fits (const model_scratch_t *scratch, const model_t *model);

/* Its lists are of integers, and of references to keys (base/item_key.h). */
typedef struct {
    const int64_t *history; /* items, oldest first */
    size_t history_count;
    size_t k;
    eligible_rules_t rules;
    /* What is known of the items (offer.h); NULL: all are on offer, none has a category. */
    const struct offer *offer;
    /* None with a lower score of the model's (not of popularity). */
    bool has_min_score;
    float min_score;
    /* 0 to 1: how much it counts beside the score (diversity.h). */
    float diversity;
    /* 0 to 1, t: items are ranked by s - t log (share of all interactions), which lifts the
     * rare (Menon et al., Long-tail learning via logit adjustment, ICLR 2021). */
    float popularity;
    const char *keys; /* the texts of the keys in these lists; NULL: there are none */
    /* Not what comes next, but what is like the history's first item (similar.h); nothing
     * when that is unknown. Of what was seen nothing is said. */
    bool similar;
    /* With candidate_count: not the best, but the scores of these, in their order, whatever
     * was seen and is excluded; k is their number. Those that the model knows come back. */
    const int64_t *candidates;
    size_t candidate_count;
} model_query_t;

typedef struct {
    /* Room for k of both, the caller's; best first (with diversity, in its order), ties by
     * smaller dense index; scores are finite. K eligible items exist -> K come back. */
    int64_t *item_ids;
    float *scores;
    size_t count;
    /* No known item: from popularity, the score is (1 - t) log (share of interactions). */
    bool popular;
    /* Items, by the first rule that removes them; by min_score of the best k alone (with
     * diversity, of its pool where that is larger). */
    size_t removed[RULE_COUNT];
    size_t history_used;    /* known items inside the window */
    size_t unknown_dropped; /* items the model does not know */
    int32_t newest;         /* dense index of the newest known one; -1: there is none */
    /* Dense index of the first item of the answer; -1: the model did not choose it by its
     * own score, of all that are not forbidden. */
    int32_t best;
} model_answer_t;

/* count at most the scratch's batch limit. Cannot fail. An answer does not depend on the
 * other queries of its batch. */
void model_recommend (const model_t *self, model_scratch_t *scratch,
    const model_query_t *queries, size_t count, model_answer_t *answers);

/* Of an answered query. */
feature_source_t model_features (
    const model_query_t *query, const model_answer_t *answer);

#endif

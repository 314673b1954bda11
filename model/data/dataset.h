/* Interactions as the model sees them: each user's items oldest first, as dense item
 * indexes. Index 0 is the most popular item of the whole set (ties: smaller id first).
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_MODEL_DATA_DATASET_H
#define SASREC_MODEL_DATA_DATASET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/item_keys.h"

#define DATASET_KINDS 64

/* What interactions of a kind are for. */
typedef struct {
    float weight; /* as targets; 0: context only, neither learned nor measured */
    bool seen;    /* its item is left out of later rankings of the user */
    bool dropped; /* as if it were not there */
} dataset_role_t;

typedef struct {
    size_t user_count;
    size_t item_count; /* V */
    size_t interaction_count;
    size_t *offsets;   /* user_count + 1: user u owns items[offsets[u]..offsets[u+1]) */
    int32_t *items;    /* dense indexes */
    int64_t *item_ids; /* V: id of a dense index */
    int64_t *item_counts;   /* V: interactions of each, descending */
    item_keys_t *item_keys; /* V; NULL: no item has a key */
    uint8_t *kinds; /* of interactions; NULL: all are seen, and targets of weight 1 */
    dataset_role_t roles[DATASET_KINDS]; /* by kind */
} dataset_t;

/* Collects interactions in any order of users; one user's must come oldest first. */
typedef struct dataset_builder dataset_builder_t;

dataset_builder_t *dataset_builder_new (void);
void dataset_builder_destroy (dataset_builder_t **self_p);
void dataset_builder_add (
    dataset_builder_t *self, const char *user_id, int64_t item_id);

/* With kinds, said before the first interaction; count is at most DATASET_KINDS. The
 * others' is 0. */
void dataset_builder_roles (
    dataset_builder_t *self, const dataset_role_t *roles, size_t count);
void dataset_builder_add_kind (
    dataset_builder_t *self, const char *user_id, int64_t item_id, size_t kind);

/* The key of an item, once; of one that has no interactions it is left out. */
void dataset_builder_name (
    dataset_builder_t *self, int64_t item_id, const char *item_key);

/* The builder is empty afterwards. NULL when nothing was added. */
dataset_t *dataset_builder_finish (dataset_builder_t *self);

void dataset_destroy (dataset_t **self_p);

/* Of an interaction, by its place in items. */
static inline float
dataset_weight (const dataset_t *self, size_t place)
{
    return self->kinds ? self->roles[self->kinds[place]].weight : 1;
}

static inline bool
dataset_is_seen (const dataset_t *self, size_t place)
{
    return !self->kinds || self->roles[self->kinds[place]].seen;
}

/* Leave-one-out: of a user's targets the last one is the test's, the second-last one the
 * validation's; what came before that is for training. *test, *valid: where among the
 * user's items they are. False: there are no two, or nothing came before them; such users
 * only train. Without kinds: of n items the last, the second-last, and the first n - 2;
 * users with n < 3 only train. */
bool dataset_split (const dataset_t *self, size_t user, size_t *test, size_t *valid);
size_t dataset_train_count (const dataset_t *self, size_t user);

/* Of these the items up to the last target, behind which nothing can be learned. Fewer
 * than 2: nothing at all can be. */
size_t dataset_example_count (const dataset_t *self, size_t user);

#endif

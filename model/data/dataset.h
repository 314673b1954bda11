/* Interactions as the model sees them: each user's items oldest first, as dense item
 * indexes. Index 0 is the most popular item of the whole set (ties: smaller id first).
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_MODEL_DATA_DATASET_H
#define SASREC_MODEL_DATA_DATASET_H

#include <stddef.h>
#include <stdint.h>

typedef struct {
    size_t user_count;
    size_t item_count; /* V */
    size_t interaction_count;
    size_t *offsets;   /* user_count + 1: user u owns items[offsets[u]..offsets[u+1]) */
    int32_t *items;    /* dense indexes */
    int64_t *item_ids; /* V: id of a dense index */
    int64_t *item_counts; /* V: interactions of each, descending */
} dataset_t;

/* Collects interactions in any order of users; one user's must come oldest first. */
typedef struct dataset_builder dataset_builder_t;

dataset_builder_t *dataset_builder_new (void);
void dataset_builder_destroy (dataset_builder_t **self_p);
void dataset_builder_add (
    dataset_builder_t *self, const char *user_id, int64_t item_id);

/* The builder is empty afterwards. NULL when nothing was added. */
dataset_t *dataset_builder_finish (dataset_builder_t *self);

void dataset_destroy (dataset_t **self_p);

/* Leave-one-out: of a user with n items the last is the test target, the second-last the
 * validation target, the first n - 2 are for training. Users with n < 3 only train. */
size_t dataset_train_count (const dataset_t *self, size_t user);

#endif

/* The model in use, measured on the data of a run: what a new one is compared with.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_MODEL_TRAIN_INCUMBENT_H
#define SASREC_MODEL_TRAIN_INCUMBENT_H

#include "model/checkpoint/checkpoint.h"
#include "model/eval/evaluator.h"

typedef struct {
    char version[CHECKPOINT_VERSION_SIZE]; /* "": none, or one that cannot be read */
    ranking_t ranking;
    size_t *ranks; /* owned; ranking.users of them, in the order of the data */
} incumbent_t;

/* Measures what folder/current names. Whatever is wrong with it: version "", for no
 * server can use it either. 1: `self` has that version's figures already. -1: stopped. */
int incumbent_measure (incumbent_t *self, const char *folder, const dataset_t *data,
    team_t *team, const evaluator_task_t *task);
void incumbent_free (incumbent_t *self);

#endif

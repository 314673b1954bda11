/* Whether a model's encoder may multiply in bf16 (model/kernel/forward.h). Up to
 * BF16_TRIAL_HISTORIES histories are answered both ways: beginnings of those that the
 * checkpoint's canary has, then histories drawn from the popularity of the items, always
 * the same ones. What bf16 loses is told by the scores in f32: the NDCG@10 of f32's ten
 * best items less that of bf16's, if what comes next is one of the twenty best in f32, by
 * the softmax of their scores. No order has more than f32's, so that no gain makes up for
 * a loss; and what else could come next would make the difference smaller.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_MODEL_CHECKPOINT_BF16_TRIAL_H
#define SASREC_MODEL_CHECKPOINT_BF16_TRIAL_H

#include <jansson.h>

#include "model/serve/model.h"

#define BF16_TRIAL_HISTORIES 200
#define BF16_TRIAL_LOSS_MOST 0.0005

typedef struct {
    bool possible;    /* this machine multiplies in bf16 faster than in f32 */
    bool used;        /* possible, and the loss is at most BF16_TRIAL_LOSS_MOST */
    size_t histories; /* fewer for a large network: about a second's work */
    double loss;      /* mean of the histories */
} bf16_trial_t;

/* If used, the model's encoder, in f32 so far, multiplies in bf16 from now on. Nobody else
 * may use the model yet, nor may it keep histories. canary: as canary_check accepts.
 * item_counts: V. */
bf16_trial_t bf16_trial (
    model_t *model, const json_t *canary, const int64_t *item_counts);

#endif

/* How far a run of the trainer is, and how an interrupted one goes on: its state
 * (model/train/run.h) holds this, the weights, the optimiser and the best epoch so far.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_MODEL_TRAIN_COURSE_H
#define SASREC_MODEL_TRAIN_COURSE_H

#include "model/eval/ranking.h"
#include "model/train/learner.h"
#include "model/train/options.h"
#include "model/train/recipe.h"
#include "model/train/run.h"
#include "model/train/state.h"

/* What a run is made of: the same gives the same bits. */
typedef struct {
    options_t options;
    recipe_t recipe;
    uint64_t data;   /* fingerprint of the data set */
    int64_t last_id; /* of the interactions it was read from; 0: not from a database */
} course_plan_t;

typedef struct {
    uint64_t epoch;       /* at hand, from 1 */
    uint64_t batch;       /* next one of the epoch */
    uint64_t done;        /* positions of the epoch */
    uint64_t targets;     /* of them those with a weight */
    double sum;           /* of their losses */
    uint64_t positions;   /* of the run */
    uint64_t epochs;      /* validated */
    uint64_t best_epoch;  /* 0: none yet */
    ranking_t valid;      /* of the best */
    int64_t training_ms;  /* without validation */
    int64_t elapsed_ms;   /* of the run, when it was saved */
    uint64_t valid_users; /* that a validation ranks, so that epochs compare */
} course_t;

/* Everything by address: it is written from there and read back to there. */
typedef struct {
    course_t *course;
    learner_t *learner;
    sasrec_weights_t *best;
} course_parts_t;

uint64_t course_fingerprint (const dataset_t *data);

int course_save (const run_t *run, const course_plan_t *plan,
    const course_parts_t *parts, char error[160]);

/* The plan of an interrupted run. -1 with error: damaged, of another version, ... */
int course_plan (const run_t *run, course_plan_t *plan, char error[160]);

/* Likewise, for options given now: fails when one of them, or the data, is another one.
 * NULL with error. The rest is read by course_load, which closes it too. */
state_t *course_open (const run_t *run, const options_t *options, const dataset_t *data,
    course_plan_t *plan, char error[160]);
int course_load (state_t **state_p, const course_parts_t *parts, char error[160]);

#endif

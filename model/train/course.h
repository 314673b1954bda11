/* How far a run of the trainer is, and the file from which an interrupted one goes on:
 * folder/training.state, written at once with the weights, the optimiser and the best
 * epoch so far. SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_MODEL_TRAIN_COURSE_H
#define SASREC_MODEL_TRAIN_COURSE_H

#include "model/train/learner.h"
#include "model/train/recipe.h"
#include "model/train/trainer.h"

/* What a run is made of: the same gives the same bits. */
typedef struct {
    trainer_options_t options;
    recipe_t recipe;
    uint64_t data; /* fingerprint of the data set */
} course_plan_t;

typedef struct {
    uint64_t epoch;        /* at hand, from 1 */
    uint64_t batch;        /* next one of the epoch */
    uint64_t done;         /* positions of the epoch */
    double sum;            /* of their losses */
    uint64_t positions;    /* of the run */
    uint64_t epochs;       /* validated */
    uint64_t best_epoch;   /* 0: none yet */
    ranking_t valid;       /* of the best */
    int64_t training_ms;   /* without validation */
    int64_t validation_ms; /* of the last validation */
    int64_t elapsed_ms;    /* of the run, when it was saved */
} course_t;

/* Everything by address: it is written from there and read back to there. */
typedef struct {
    course_t *course;
    learner_t *learner;
    sasrec_weights_t *best;
} course_parts_t;

uint64_t course_fingerprint (const dataset_t *data);

int course_save (const char *folder, const course_plan_t *plan,
    const course_parts_t *parts, char error[160]);

/* The plan of the interrupted run in the folder, for options given now: fails when an
 * option that is given, or the data, is another one (options.time_limit_s may be). NULL
 * with error. The rest is read by course_load, which closes it too. */
typedef struct state state_t;
state_t *course_open (const char *folder, const trainer_options_t *options,
    const dataset_t *data, course_plan_t *plan, char error[160]);
int course_load (state_t **state_p, const course_parts_t *parts, char error[160]);

/* When the run is complete. */
void course_forget (const char *folder);

#endif

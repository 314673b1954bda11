/* The trainer: leave-one-out split, epochs with Adam on a few threads (deterministic for a
 * seed and thread count), validation NDCG@10 after each epoch, early stopping; the best
 * epoch's weights are tested, written, and judged (model/train/gate.h).
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_MODEL_TRAIN_TRAINER_H
#define SASREC_MODEL_TRAIN_TRAINER_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/checkpoint/checkpoint.h"
#include "model/data/dataset.h"
#include "model/eval/floors.h"
#include "model/eval/ranking.h"
#include "model/train/gate.h"
#include "model/train/options.h"
#include "model/train/run.h"

typedef struct {
    size_t epoch;  /* from 1 */
    size_t epochs; /* planned */
    double loss;   /* mean over the epoch's positions */
    double valid_ndcg10;
    double valid_hr10;
    bool best;
    double positions_per_second;
    double elapsed_s;
    double left_s; /* estimate */
} trainer_epoch_t;

typedef struct {
    /* Each may be NULL. text: one line, what is going to be trained and how; called
     * first. */
    void (*on_recipe) (void *context, const char *text);
    /* positions: done of total in this epoch; called after each step. */
    void (*on_progress) (
        void *context, size_t epoch, uint64_t done, uint64_t total, double loss);
    void (*on_epoch) (
        void *context, const trainer_epoch_t *epoch); /* after validation */
    /* `stop` was seen: no step more. The best is tested, on as many users as half a second
     * allows, and written now. resumes: the run can be resumed from here. */
    void (*on_interrupt) (void *context, bool resumes);
    void *context;
    const volatile sig_atomic_t
        *stop; /* set: no step more, keep the best so far and the state from which
                  the run can be resumed; may be NULL */
} trainer_hooks_t;

/* What a run works on; all borrowed. */
typedef struct {
    const dataset_t *data;
    const options_t *options; /* of a resumed run: those given now */
    const run_t *run;         /* new, or to be resumed */
    int64_t last_id;          /* of the interactions; 0: not from a database */
    int64_t
        start_ms; /* by the monotonic clock: the time limit counts from here; 0: now */
} trainer_job_t;

typedef struct {
    char version[CHECKPOINT_VERSION_SIZE];
    char checkpoint[CHECKPOINT_PATH_SIZE]; /* path written */
    double seconds;
    size_t epochs; /* run */
    size_t best_epoch;
    size_t
        diverged_epoch; /* the loss fell apart there, after the best; 0: it did not */
    bool resumable;     /* stopped; the run's state is beside the checkpoints */
    double positions_per_second;
    ranking_t valid;
    ranking_t test;
    ranking_t sampled; /* test among 100 random items, as papers had it */
    floors_t floors;   /* on the same test split */
    gate_verdict_t verdict;
} trainer_report_t;

/* Interrupted and resumed gives the same weights, bit by bit, as in one go (unless the
 * schedule runs by the clock: time_limit_s). Every minute or so the state is saved too.
 * Writes <version>.safetensors into the run's folder; does not touch "current", but says
 * in report->verdict whether that should be done (checkpoint_publish does).
 * -1 with error: too little data (says how much is needed), memory, disk, ... */
int trainer_run (const trainer_job_t *job, const trainer_hooks_t *hooks,
    trainer_report_t *report, char error[160]);

#endif

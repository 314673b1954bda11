/* The trainer: leave-one-out split, epochs of full-softmax cross-entropy with Adam on
 * two threads (deterministic for a seed and thread count), full-ranking validation
 * NDCG@10 after each epoch, early stopping; the best epoch's weights are written.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_MODEL_TRAIN_TRAINER_H
#define SASREC_MODEL_TRAIN_TRAINER_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/data/dataset.h"
#include "model/train/loss.h"
#include "model/eval/ranking.h"

typedef enum {
    TRAINER_RULES, /* what is left open follows from the data */
    TRAINER_PAPER  /* the setting of Kang & McAuley 2018 on dense data */
} trainer_preset_t;

typedef struct {
    uint64_t seed;
    size_t threads;      /* 2 */
    double time_limit_s; /* 0 = none */
    /* 0 (or a negative rate): chosen from the data's statistics, see docs/training.md */
    size_t width; /* D */
    size_t blocks;
    size_t heads;
    size_t window; /* L */
    size_t ffn_factor;
    size_t batch_users;
    size_t epochs;   /* at most */
    size_t patience; /* epochs without a better validation NDCG@10 */
    double dropout;
    double attention_dropout;
    double learning_rate;
    bool post_norm; /* Post-LN instead of Pre-LN */
    bool no_relative_bias;
    loss_kind_t loss; /* LOSS_DEFAULT: chosen too */
    size_t negatives; /* of the sampled loss, per batch */
    trainer_preset_t preset;
    bool resume; /* go on with the interrupted run in the folder, with its options */
} trainer_options_t;

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
    void *context;
    const volatile sig_atomic_t
        *stop; /* set: stop after this batch, keep the best so far and the state from
                  which options.resume goes on; may be NULL */
} trainer_hooks_t;

typedef struct {
    char version[65];
    char checkpoint[512]; /* path written */
    double seconds;
    size_t epochs; /* run */
    size_t best_epoch;
    bool resumable; /* stopped; the state is beside the checkpoints */
    double positions_per_second;
    ranking_t valid;
    ranking_t test;
    ranking_t sampled;    /* test among 100 random items, as papers had it */
    ranking_t popularity; /* floors on the same test split */
    ranking_t markov;
} trainer_report_t;

void trainer_defaults (trainer_options_t *options);

/* Interrupted and resumed gives the same weights, bit by bit, as in one go (unless the
 * schedule runs by the clock: time_limit_s). Every minute or so the state is saved too.
 * Writes folder/<version>.safetensors; does not touch "current" (checkpoint_publish
 * does). -1 with error: too little data (says how much is needed), no disk, ... */
int trainer_run (const dataset_t *data, const trainer_options_t *options,
    const trainer_hooks_t *hooks, const char *folder, trainer_report_t *report,
    char error[160]);

#endif

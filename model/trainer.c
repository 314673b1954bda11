/* Epochs, validation, early stopping and the checkpoint.
 * SPDX-License-Identifier: Apache-2.0 */
#include "model/trainer.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "model/batcher.h"
#include "model/blas.h"
#include "model/checkpoint.h"
#include "model/learner.h"
#include "model/ranker.h"
#include "model/recipe.h"
#include "model/team.h"

#define VALID_USERS 10000

typedef struct {
    const dataset_t *data;
    const trainer_options_t *options;
    trainer_hooks_t hooks;
    recipe_t recipe;
    team_t *team;
    batcher_t *batcher;
    learner_t *learner;
    ranker_t *ranker;
    sasrec_weights_t *best;
    rng_t rng; /* of the order of users */
    int64_t start_ms;
    int64_t shown_ms;      /* last progress */
    uint64_t positions;    /* trained on so far */
    int64_t training_ms;   /* without validation */
    int64_t validation_ms; /* of the last validation */
    size_t epochs;         /* run, the last one may be cut short */
    size_t best_epoch;
    ranking_t valid; /* of the best */
} trainer_t;

void
trainer_defaults (trainer_options_t *options)
{
    *options = (trainer_options_t){
        .seed = 1, .threads = 2, .dropout = -1, .learning_rate = -1};
}

static int
s_check (const dataset_t *data, const trainer_options_t *options, char error[160])
{
    size_t ranked = 0;
    for (size_t u = 0; data && u < data->user_count; u++)
        ranked += data->offsets[u + 1] - data->offsets[u] >= 4 ? 1 : 0;
    if (!data || ranked == 0 || data->item_count < 2) {
        snprintf (error, 160,
            "too little data: training needs at least 2 items and one user with 4 "
            "interactions (2 to learn from, 1 to validate, 1 to test)");
        return -1;
    }
    if (options->threads < 1 || options->threads > 64 || options->dropout >= 0.95) {
        snprintf (error, 160, "threads must be 1 to 64, dropout below 0.95");
        return -1;
    }
    return 0;
}

static void
s_init (trainer_t *self)
{
    self->start_ms = clock_monotonic_ms ();
    blas_setup ();
    self->team = team_new (self->options->threads);
    self->batcher = batcher_new (self->data, self->recipe.shape.window,
        self->recipe.batch_users, self->options->threads);
    self->learner =
        learner_new (&self->recipe, self->batcher, self->team, self->options->seed);
    self->ranker =
        ranker_new (self->data, &self->recipe.shape, self->team, VALID_USERS);
    self->best = sasrec_weights_new (&self->recipe.shape);
    rng_seed (&self->rng, self->options->seed, 2);
}

static void
s_free (trainer_t *self)
{
    sasrec_weights_destroy (&self->best);
    ranker_destroy (&self->ranker);
    learner_destroy (&self->learner);
    batcher_destroy (&self->batcher);
    team_destroy (&self->team);
}

static double
s_elapsed_s (const trainer_t *self)
{
    return (double)(clock_monotonic_ms () - self->start_ms) / 1000.0;
}

static double
s_rate (const trainer_t *self)
{
    return self->training_ms > 0
               ? (double)self->positions * 1000.0 / (double)self->training_ms
               : 0;
}

/* Of one validation: the last one's time, or a guess from the speed of training, of
 * which a forward pass of the same histories is about a sixth. */
static double
s_validation_s (const trainer_t *self)
{
    if (self->validation_ms > 0)
        return (double)self->validation_ms / 1000.0;
    double rate = s_rate (self);
    return rate > 0 ? (double)batcher_positions (self->batcher) / rate / 6.0 : 0;
}

/* Share of the time limit used; keeps room for two more validations (the last epoch's
 * and the test) and the file. */
static double
s_time_used (const trainer_t *self)
{
    double limit = self->options->time_limit_s;
    if (limit <= 0)
        return 0;
    double reserve = 0.1 + 2.2 * s_validation_s (self);
    reserve = reserve < 0.02 * limit ? 0.02 * limit : reserve;
    return limit > reserve ? s_elapsed_s (self) / (limit - reserve) : 1.0;
}

static bool
s_stopped (const trainer_t *self)
{
    if (self->hooks.stop && *self->hooks.stop)
        return true;
    return self->positions > 0 && s_time_used (self) >= 1.0; /* one step at least */
}

/* Of the whole run: by steps, or by time when that runs out first. */
static double
s_progress (const trainer_t *self)
{
    double all =
        (double)batcher_positions (self->batcher) * (double)self->recipe.epochs;
    double done = (double)self->positions / all, used = s_time_used (self);
    return done > used ? done : used;
}

static void
s_show (trainer_t *self, size_t epoch, uint64_t done, double loss)
{
    int64_t now = clock_monotonic_ms ();
    if (!self->hooks.on_progress || now - self->shown_ms < 100)
        return;
    self->shown_ms = now;
    self->hooks.on_progress (
        self->hooks.context, epoch, done, batcher_positions (self->batcher), loss);
}

/* Returns the mean loss of the epoch's positions. */
static double
s_epoch (trainer_t *self, size_t epoch)
{
    int64_t last_ms = clock_monotonic_ms ();
    uint64_t done = 0;
    double sum = 0;
    batcher_shuffle (self->batcher, &self->rng);
    size_t count = batcher_batch_count (self->batcher);
    for (size_t batch = 0; batch < count && !s_stopped (self); batch++) {
        uint64_t before = done;
        double rate = recipe_rate (&self->recipe, s_progress (self));
        sum += learner_step (self->learner, batch, rate, &done);
        self->positions += done - before;
        int64_t now_ms = clock_monotonic_ms ();
        self->training_ms += now_ms - last_ms;
        last_ms = now_ms;
        s_show (self, epoch, done, sum / (double)done);
    }
    return done ? sum / (double)done : 0;
}

static void
s_keep_best (trainer_t *self, size_t epoch, const ranking_t *valid)
{
    const sasrec_weights_t *weights = learner_weights (self->learner);
    memcpy (self->best->values, weights->values, weights->count * sizeof (float));
    self->best_epoch = epoch;
    self->valid = *valid;
}

static double
s_left_s (const trainer_t *self)
{
    double progress = s_progress (self), elapsed = s_elapsed_s (self);
    return progress > 0 && progress < 1 ? elapsed / progress - elapsed : 0;
}

static void
s_report_epoch (
    trainer_t *self, size_t epoch, double loss, const ranking_t *valid, bool best)
{
    trainer_epoch_t report = {.epoch = epoch,
        .epochs = self->recipe.epochs,
        .loss = loss,
        .valid_ndcg10 = valid->ndcg10,
        .valid_hr10 = valid->hr10,
        .best = best,
        .positions_per_second = s_rate (self),
        .elapsed_s = s_elapsed_s (self),
        .left_s = s_left_s (self)};
    if (self->hooks.on_epoch)
        self->hooks.on_epoch (self->hooks.context, &report);
}

/* Ranks the validation targets; keeps the weights when they are the best. */
static void
s_validate (trainer_t *self, size_t epoch, double loss)
{
    int64_t start_ms = clock_monotonic_ms ();
    ranking_t valid =
        ranker_run (self->ranker, learner_weights (self->learner), RANKING_VALID);
    self->validation_ms = clock_monotonic_ms () - start_ms;
    bool best = epoch == 1 || valid.ndcg10 > self->valid.ndcg10;
    if (best)
        s_keep_best (self, epoch, &valid);
    self->epochs = epoch;
    s_report_epoch (self, epoch, loss, &valid, best);
}

/* -1 with error when there is nothing to keep. */
static int
s_train (trainer_t *self, char error[160])
{
    snprintf (error, 160, "stopped before anything was learned");
    for (size_t epoch = 1; epoch <= self->recipe.epochs && !s_stopped (self); epoch++) {
        double loss = s_epoch (self, epoch);
        if (!isfinite (loss)) {
            snprintf (error, 160,
                "the loss diverged in epoch %zu: a learning rate of "
                "%g is too high",
                epoch, self->recipe.learning_rate);
            break;
        }
        s_validate (self, epoch, loss);
        if (epoch - self->best_epoch >= self->recipe.patience)
            break;
    }
    return self->best_epoch ? 0 : -1;
}

/* Time makes it unique and sortable. */
static void
s_version (char version[65])
{
    int64_t now_ms = clock_unix_ms ();
    time_t seconds = (time_t)(now_ms / 1000);
    struct tm utc;
    gmtime_r (&seconds, &utc);
    size_t length = strftime (version, 65, "%Y%m%d-%H%M%S", &utc);
    snprintf (version + length, 65 - length, ".%03d", (int)(now_ms % 1000));
}

static void
s_report (trainer_t *self, trainer_report_t *report)
{
    *report = (trainer_report_t){.epochs = self->epochs,
        .best_epoch = self->best_epoch,
        .positions_per_second = s_rate (self),
        .valid = self->valid};
    report->test = ranker_run (self->ranker, self->best, RANKING_TEST);
    report->popularity = ranking_popularity (self->data, RANKING_TEST);
    report->markov = ranking_markov (self->data, RANKING_TEST);
    s_version (report->version);
}

static json_t *
s_ranking_json (const ranking_t *ranking)
{
    return json_pack ("{sI sf sf sf sf}", "users", (json_int_t)ranking->users,
        "ndcg@10", ranking->ndcg10, "hr@10", ranking->hr10, "mrr", ranking->mrr,
        "ndcg@10_error", ranking->ndcg10_error);
}

/* What the checkpoint says about its making. */
static json_t *
s_training_json (const trainer_t *self, const trainer_report_t *report)
{
    const dataset_t *data = self->data;
    json_t *json =
        json_pack ("{s{so so} s{so so} so s{sI sI sI} s{sI sI sI sI sf sf ss}}",
            "metrics", "valid", s_ranking_json (&report->valid), "test",
            s_ranking_json (&report->test), "floors", "popularity",
            s_ranking_json (&report->popularity), "markov",
            s_ranking_json (&report->markov), "options", recipe_json (&self->recipe),
            "data", "users", (json_int_t)data->user_count, "items",
            (json_int_t)data->item_count, "interactions",
            (json_int_t)data->interaction_count, "run", "seed",
            (json_int_t)self->options->seed, "threads",
            (json_int_t)self->options->threads, "epochs", (json_int_t)report->epochs,
            "best_epoch", (json_int_t)report->best_epoch, "positions_per_second",
            report->positions_per_second, "seconds", s_elapsed_s (self), "blas",
            blas_core ());
    assert (json);
    return json;
}

static int
s_write (trainer_t *self, const char *folder, trainer_report_t *report, char error[160])
{
    json_t *training = s_training_json (self, report);
    checkpoint_draft_t draft = {.version = report->version,
        .weights = self->best,
        .data = self->data,
        .training = training};
    int status = checkpoint_write (folder, &draft, report->checkpoint, error);
    json_decref (training);
    return status;
}

int
trainer_run (const dataset_t *data, const trainer_options_t *options,
    const trainer_hooks_t *hooks, const char *folder, trainer_report_t *report,
    char error[160])
{
    if (s_check (data, options, error))
        return -1;
    trainer_t self = {.data = data, .options = options};
    if (hooks)
        self.hooks = *hooks;
    self.recipe = recipe_make (data, options);
    if (sasrec_shape_check (&self.recipe.shape, error))
        return -1;
    s_init (&self);
    int status = s_train (&self, error);
    if (status == 0) {
        s_report (&self, report);
        status = s_write (&self, folder, report, error);
        report->seconds = s_elapsed_s (&self);
    }
    s_free (&self);
    return status;
}

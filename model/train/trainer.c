/* Epochs, validation, early stopping and the checkpoint.
 * SPDX-License-Identifier: Apache-2.0 */
#include "model/train/trainer.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "model/train/batcher.h"
#include "model/kernel/blas.h"
#include "model/kernel/blas_core.h"
#include "model/checkpoint/checkpoint.h"
#include "model/train/course.h"
#include "model/train/learner.h"
#include "model/eval/ranker.h"
#include "model/train/recipe.h"
#include "model/kernel/team.h"

#define VALID_USERS       10000 /* ranked in a validation at most */
#define VALID_USERS_LEAST 1000
#define VALID_PAIRS       4e9 /* of a user and an item: larger catalogues get fewer users */
#define WRITE_BYTES_PER_S 80e6 /* hashing, checking and writing a checkpoint */

#define SAVE_INTERVAL_MS 60000

/* Streams of random numbers of a seed, as in learner.c: the order of users by epoch. */
#define RNG_ORDER ((uint64_t)2 << 40)

typedef struct {
    const dataset_t *data;
    const char *folder;
    trainer_hooks_t hooks;
    course_plan_t plan;
    course_t course;
    team_t *team;
    batcher_t *batcher;
    learner_t *learner;
    ranker_t *ranker;
    sasrec_weights_t *best;
    ranking_t popularity, markov; /* floors of the test */
    double ranking_s; /* of a validation, by a trial; with a time limit only */
    int64_t start_ms; /* as if the run had never been interrupted */
    int64_t saved_ms; /* when the state was last saved, or the run began */
    bool saved;       /* there is a state of this run */
} trainer_t;

void
trainer_defaults (trainer_options_t *options)
{
    *options = (trainer_options_t){.seed = 1,
        .threads = 2,
        .dropout = -1,
        .attention_dropout = -1,
        .learning_rate = -1};
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
    if (options->threads < 1 || options->threads > 64 || options->dropout >= 0.95 ||
        options->attention_dropout >= 0.95) {
        snprintf (error, 160, "threads must be 1 to 64, dropouts below 0.95");
        return -1;
    }
    return 0;
}

static size_t
s_valid_users (const dataset_t *data)
{
    double users = VALID_PAIRS / (double)data->item_count;
    if (users >= VALID_USERS)
        return VALID_USERS;
    return users > VALID_USERS_LEAST ? (size_t)users : VALID_USERS_LEAST;
}

static void
s_init (trainer_t *self)
{
    const recipe_t *recipe = &self->plan.recipe;
    self->start_ms = self->saved_ms = clock_monotonic_ms ();
    self->course = (course_t){.epoch = 1};
    blas_setup ();
    self->team = team_new (self->plan.options.threads);
    batcher_settings_t batches = recipe_batcher (recipe, self->plan.options.threads);
    self->batcher = batcher_new (self->data, &batches);
    self->learner =
        learner_new (recipe, self->batcher, self->team, self->plan.options.seed);
    self->ranker =
        ranker_new (self->data, &recipe->shape, self->team, s_valid_users (self->data));
    self->best = sasrec_weights_new (&recipe->shape);
    self->popularity = ranking_popularity (
        self->data, RANKING_TEST, ranker_step (self->ranker, RANKING_TEST));
    self->markov = ranking_markov (
        self->data, RANKING_TEST, ranker_step (self->ranker, RANKING_TEST));
    if (self->plan.options.time_limit_s > 0)
        self->ranking_s = ranker_cost_s (self->ranker, learner_weights (self->learner));
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
    const course_t *course = &self->course;
    return course->training_ms > 0
               ? (double)course->positions * 1000.0 / (double)course->training_ms
               : 0;
}

/* What follows the last step: a validation, the test and the file's histograms, of which
 * there may be slower ones than the last, and writing. */
static double
s_reserve_s (const trainer_t *self)
{
    double ranking_s = self->course.validation_ms > 0
                           ? (double)self->course.validation_ms / 1000.0
                           : self->ranking_s;
    double bytes = (double)(self->best->count * sizeof (float));
    return 0.1 + 2.5 * ranking_s + bytes / WRITE_BYTES_PER_S;
}

/* Share of the time limit used. */
static double
s_time_used (const trainer_t *self)
{
    double limit = self->plan.options.time_limit_s;
    if (limit <= 0)
        return 0;
    double reserve = fmax (0.02 * limit, s_reserve_s (self));
    return limit > reserve ? s_elapsed_s (self) / (limit - reserve) : 1.0;
}

static bool
s_interrupted (const trainer_t *self)
{
    return self->hooks.stop && *self->hooks.stop;
}

static bool
s_stopped (const trainer_t *self)
{
    if (s_interrupted (self))
        return true;
    return self->course.positions > 0 &&
           s_time_used (self) >= 1.0; /* one step at least */
}

/* Of the whole run: by steps, or by time when that runs out first. */
static double
s_progress (const trainer_t *self)
{
    double all =
        (double)batcher_positions (self->batcher) * (double)self->plan.recipe.epochs;
    double done = (double)self->course.positions / all, used = s_time_used (self);
    return done > used ? done : used;
}

static double
s_mean_loss (const course_t *course)
{
    return course->done ? course->sum / (double)course->done : 0;
}

static void
s_step (trainer_t *self)
{
    course_t *course = &self->course;
    int64_t start_ms = clock_monotonic_ms ();
    uint64_t positions = 0;
    double rate = recipe_rate (&self->plan.recipe, s_progress (self));
    course->sum += learner_step (self->learner, course->batch, rate, &positions);
    course->batch++;
    course->done += positions;
    course->positions += positions;
    course->training_ms += clock_monotonic_ms () - start_ms;
    if (self->hooks.on_progress)
        self->hooks.on_progress (self->hooks.context, course->epoch, course->done,
            batcher_positions (self->batcher), s_mean_loss (course));
}

/* What is left of the epoch at hand; true when nothing is. */
static bool
s_epoch (trainer_t *self)
{
    course_t *course = &self->course;
    rng_t rng;
    rng_seed (&rng, self->plan.options.seed, RNG_ORDER + course->epoch);
    batcher_shuffle (self->batcher, &rng);
    size_t count = batcher_batch_count (self->batcher);
    while (course->batch < count && !s_stopped (self))
        s_step (self);
    return course->batch == count;
}

static void
s_keep_best (trainer_t *self, const ranking_t *valid)
{
    const sasrec_weights_t *weights = learner_weights (self->learner);
    memcpy (self->best->values, weights->values, weights->count * sizeof (float));
    self->course.best_epoch = self->course.epoch;
    self->course.valid = *valid;
}

static double
s_left_s (const trainer_t *self)
{
    double progress = s_progress (self), elapsed = s_elapsed_s (self);
    return progress > 0 && progress < 1 ? elapsed / progress - elapsed : 0;
}

static void
s_report_epoch (trainer_t *self, const ranking_t *valid, bool best)
{
    trainer_epoch_t report = {.epoch = self->course.epoch,
        .epochs = self->plan.recipe.epochs,
        .loss = s_mean_loss (&self->course),
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
s_validate (trainer_t *self)
{
    course_t *course = &self->course;
    int64_t start_ms = clock_monotonic_ms ();
    ranking_t valid =
        ranker_run (self->ranker, learner_weights (self->learner), RANKING_VALID);
    course->validation_ms = clock_monotonic_ms () - start_ms;
    bool best = course->best_epoch == 0 || valid.ndcg10 > course->valid.ndcg10;
    if (best)
        s_keep_best (self, &valid);
    course->epochs = course->epoch;
    s_report_epoch (self, &valid, best);
}

static course_parts_t
s_parts (trainer_t *self)
{
    return (course_parts_t){&self->course, self->learner, self->best};
}

/* A disk that is full must not end a long run: it is told, and the run goes on. */
static void
s_save (trainer_t *self)
{
    char error[160];
    course_parts_t parts = s_parts (self);
    self->course.elapsed_ms = clock_monotonic_ms () - self->start_ms;
    if (course_save (self->folder, &self->plan, &parts, error))
        log_warn ("train.state_not_saved", log_str ("error", error));
    else
        self->saved = true;
    self->saved_ms = clock_monotonic_ms ();
}

static bool
s_complete (const trainer_t *self)
{
    const course_t *course = &self->course;
    return course->epoch > self->plan.recipe.epochs ||
           (course->best_epoch &&
               course->epochs - course->best_epoch >= self->plan.recipe.patience);
}

/* One epoch, or what is left of it. False at the end of the run. */
static bool
s_train_epoch (trainer_t *self, char error[160])
{
    course_t *course = &self->course;
    bool whole = s_epoch (self);
    if (!isfinite (course->sum)) {
        snprintf (error, 160,
            "the loss diverged in epoch %zu: a learning rate of %g is too high",
            (size_t)course->epoch, self->plan.recipe.learning_rate);
        return false;
    }
    if (!whole && s_interrupted (self))
        s_save (self); /* before the validation, which the run will not have had */
    s_validate (self);
    if (!whole)
        return false;
    course->epoch++;
    course->batch = course->done = 0;
    course->sum = 0;
    bool due = clock_monotonic_ms () - self->saved_ms >= SAVE_INTERVAL_MS;
    if (!s_complete (self) && (due || s_interrupted (self)))
        s_save (self);
    return true;
}

/* -1 with error when there is nothing to keep. */
static int
s_train (trainer_t *self, char error[160])
{
    snprintf (error, 160, "stopped before anything was learned");
    while (!s_complete (self) && !s_stopped (self) && s_train_epoch (self, error))
        continue;
    return self->course.best_epoch ? 0 : -1;
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
    *report = (trainer_report_t){.epochs = self->course.epochs,
        .best_epoch = self->course.best_epoch,
        .positions_per_second = s_rate (self),
        .resumable = self->saved && s_interrupted (self),
        .valid = self->course.valid};
    report->test = ranker_run (self->ranker, self->best, RANKING_TEST);
    report->sampled = ranker_sampled (self->ranker);
    report->popularity = self->popularity;
    report->markov = self->markov;
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
        json_pack ("{s{so so so} s{so so} so s{sI sI sI} s{sI sI sI sI sf sf ss}}",
            "metrics", "valid", s_ranking_json (&report->valid), "test",
            s_ranking_json (&report->test), "test_sampled100",
            s_ranking_json (&report->sampled), "floors", "popularity",
            s_ranking_json (&report->popularity), "markov",
            s_ranking_json (&report->markov), "options",
            recipe_json (&self->plan.recipe), "data", "users",
            (json_int_t)data->user_count, "items", (json_int_t)data->item_count,
            "interactions", (json_int_t)data->interaction_count, "run", "seed",
            (json_int_t)self->plan.options.seed, "threads",
            (json_int_t)self->plan.options.threads, "epochs",
            (json_int_t)report->epochs, "best_epoch", (json_int_t)report->best_epoch,
            "positions_per_second", report->positions_per_second, "seconds",
            s_elapsed_s (self), "blas", blas_core ());
    assert (json);
    return json;
}

static int
s_write (trainer_t *self, trainer_report_t *report, char error[160])
{
    json_t *training = s_training_json (self, report);
    checkpoint_draft_t draft = {.version = report->version,
        .weights = self->best,
        .data = self->data,
        .training = training};
    int status = checkpoint_write (self->folder, &draft, report->checkpoint, error);
    json_decref (training);
    return status;
}

static void
s_tell_recipe (trainer_t *self)
{
    char text[RECIPE_TEXT_SIZE];
    recipe_describe (&self->plan.recipe, text);
    if (self->hooks.on_recipe)
        self->hooks.on_recipe (self->hooks.context, text);
}

/* A new plan and course, or those of the interrupted run. */
static int
s_begin (trainer_t *self, const trainer_options_t *options, char error[160])
{
    state_t *state = NULL;
    if (options->resume) {
        state = course_open (self->folder, options, self->data, &self->plan, error);
        if (!state)
            return -1;
        if (options->time_limit_s > 0)
            self->plan.options.time_limit_s = options->time_limit_s;
    } else {
        self->plan = (course_plan_t){.options = *options,
            .recipe = recipe_make (self->data, options),
            .data = course_fingerprint (self->data)};
        if (sasrec_shape_check (&self->plan.recipe.shape, error))
            return -1;
    }
    s_tell_recipe (self);
    s_init (self);
    if (!state)
        return 0;
    course_parts_t parts = s_parts (self);
    self->saved = true;
    int status = course_load (&state, &parts, error);
    self->start_ms -= self->course.elapsed_ms;
    return status;
}

int
trainer_run (const dataset_t *data, const trainer_options_t *options,
    const trainer_hooks_t *hooks, const char *folder, trainer_report_t *report,
    char error[160])
{
    if (s_check (data, options, error))
        return -1;
    trainer_t self = {.data = data, .folder = folder};
    if (hooks)
        self.hooks = *hooks;
    int status = s_begin (&self, options, error);
    if (status == 0)
        status = s_train (&self, error);
    if (status == 0) {
        s_report (&self, report);
        status = s_write (&self, report, error);
        report->seconds = s_elapsed_s (&self);
    }
    if (status == 0 && self.saved && !report->resumable)
        course_forget (folder);
    s_free (&self);
    return status;
}

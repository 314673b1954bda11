/* Epochs, validation, early stopping and the checkpoint.
 * SPDX-License-Identifier: Apache-2.0 */
#include "model/train/trainer.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/rng.h"
#include "model/checkpoint/reference.h"
#include "model/eval/evaluator.h"
#include "model/kernel/blas.h"
#include "model/kernel/team.h"
#include "model/train/batcher.h"
#include "model/train/budget.h"
#include "model/train/course.h"
#include "model/train/learner.h"
#include "model/train/lineage.h"
#include "model/train/memory.h"
#include "model/train/recipe.h"
#include "model/train/rivals.h"

#define VALID_USERS       10000 /* ranked in a validation at most */
#define VALID_USERS_LEAST 1000
#define VALID_PAIRS       4e9 /* of a user and an item: larger catalogues get fewer users */
#define TEST_PAIRS        1e10 /* likewise; a test has all users up to here */
#define SAMPLED_SEED      1    /* of the items drawn for the test among 100 */

#define SAVE_INTERVAL_MS 60000

/* Of the test and the sample after an interruption: somebody waits. */
#define INTERRUPTED_S 0.5

/* Streams of random numbers of a seed, as in learner.c: the order of users by epoch. */
#define RNG_ORDER ((uint64_t)2 << 40)

typedef struct {
    const dataset_t *data;
    const trainer_job_t *job;
    trainer_hooks_t hooks;
    course_plan_t plan;
    course_t course;
    budget_t budget;
    team_t *team;
    batcher_t *batcher;
    learner_t *learner;
    evaluator_t *evaluator;
    sasrec_weights_t *best;
    rivals_t rivals;
    size_t test_step; /* each one of the users that can be ranked */
    bool hurried;     /* the test is short, for the run was interrupted */
    bool part;        /* and so has only some of its users */
    bool told;        /* of the interruption */
    int64_t start_ms; /* of the run, by the monotonic clock */
    size_t diverged_epoch;
    int64_t saved_ms; /* when the state was last saved, or the run began */
    bool saved;       /* there is a state of this run */
} trainer_t;

/* Somebody can be ranked whose training part has two items, and somebody be learned from. */
static bool
s_can_learn (const dataset_t *data)
{
    size_t test, valid;
    bool ranked = false, examples = false;
    for (size_t u = 0; u < data->user_count && !(ranked && examples); u++) {
        ranked = ranked || (dataset_split (data, u, &test, &valid) && valid >= 2);
        examples = examples || dataset_example_count (data, u) >= 2;
    }
    return ranked && examples;
}

static int
s_check (const trainer_job_t *job, char error[160])
{
    const dataset_t *data = job->data;
    if (data && data->item_count >= 2 && s_can_learn (data))
        return options_check (job->options, error);
    if (data && data->kinds)
        snprintf (error, 160,
            "too little data: training needs a user with 3 interactions of --events, "
            "one "
            "to learn from, one to validate and one to test, and another one before "
            "them");
    else
        snprintf (error, 160,
            "too little data: training needs at least 2 items and one user with 4 "
            "interactions (2 to learn from, 1 to validate, 1 to test)");
    return -1;
}

static bool
s_interrupted (const trainer_t *self)
{
    return self->hooks.stop && *self->hooks.stop;
}

/* As many as there may be pairs of a user and an item. */
static size_t
s_affordable (const trainer_t *self, double pairs, size_t least)
{
    double users = pairs / (double)self->data->item_count;
    return users > (double)least ? (size_t)fmin (users, 1e15) : least;
}

static double
s_elapsed_s (const trainer_t *self)
{
    return (double)(clock_monotonic_ms () - self->start_ms) / 1000.0;
}

static evaluator_network_t
s_network (const sasrec_weights_t *weights)
{
    return (evaluator_network_t){weights, NULL};
}

static evaluator_task_t
s_task (const trainer_t *self, ranking_split_t split)
{
    bool test = split == RANKING_TEST;
    return (evaluator_task_t){.split = split,
        .step = test ? self->test_step
                     : evaluator_step (self->evaluator, self->course.valid_users),
        .include_seen = self->plan.options.include_seen,
        .sampled = test,
        .seed = SAMPLED_SEED,
        .stop = test && self->hurried ? NULL : self->hooks.stop};
}

static void
s_plan_users (trainer_t *self)
{
    size_t users = evaluator_users (self->evaluator);
    size_t valid = s_affordable (self, VALID_PAIRS, VALID_USERS_LEAST);
    size_t test = s_affordable (self, TEST_PAIRS, VALID_USERS);
    valid = valid < VALID_USERS ? valid : VALID_USERS;
    self->budget.valid_users = valid < users ? valid : users;
    self->budget.test_users = test < users ? test : users;
    self->budget.sample_users = reference_users (self->data);
}

/* What comes behind the steps is tried before the first one: with a time limit, and
 * because it may have to be short. */
static int
s_measure (trainer_t *self, char error[160])
{
    budget_t *budget = &self->budget;
    evaluator_network_t network = s_network (learner_weights (self->learner));
    evaluator_task_t valid = s_task (self, RANKING_VALID);
    evaluator_task_t test = s_task (self, RANKING_TEST);
    budget->valid_user_s = evaluator_cost_s (self->evaluator, &network, &valid);
    budget->test_user_s = evaluator_cost_s (self->evaluator, &network, &test);
    cost_of_sample (&budget->file, network.weights, self->data);
    if (budget->limit_s <= 0)
        return 0;
    budget->bytes = self->best->count * sizeof (float);
    budget_plan (budget);
    return cost_of_disk (
        &budget->file, run_folder (self->job->run), budget->bytes, error);
}

static int
s_init (trainer_t *self, char error[160])
{
    const recipe_t *recipe = &self->plan.recipe;
    size_t threads = self->plan.options.threads;
    self->saved_ms = clock_monotonic_ms ();
    self->start_ms = self->job->start_ms ? self->job->start_ms : self->saved_ms;
    self->course = (course_t){.epoch = 1};
    self->budget = (budget_t){.limit_s = self->plan.options.time_limit_s};
    blas_setup ();
    self->team = team_new (threads);
    batcher_settings_t batches = recipe_batcher (recipe, threads);
    self->batcher = batcher_new (self->data, &batches);
    self->learner =
        learner_new (recipe, self->batcher, self->team, self->plan.options.seed);
    self->evaluator = evaluator_new (self->data, &recipe->shape, self->team);
    self->best = sasrec_weights_new (&recipe->shape);
    s_plan_users (self);
    self->course.valid_users = self->budget.valid_users;
    int status = s_measure (self, error);
    self->course.valid_users = self->budget.valid_users;
    self->test_step = evaluator_step (self->evaluator, self->budget.test_users);
    return status;
}

static void
s_measure_rivals (trainer_t *self)
{
    evaluator_task_t task = s_task (self, RANKING_TEST);
    if (self->plan.options.publish == PUBLISH_BETTER)
        self->rivals.folder = run_folder (self->job->run);
    rivals_measure (&self->rivals, self->data, self->team, &task);
}

static void
s_free (trainer_t *self)
{
    rivals_free (&self->rivals);
    sasrec_weights_destroy (&self->best);
    evaluator_destroy (&self->evaluator);
    learner_destroy (&self->learner);
    batcher_destroy (&self->batcher);
    team_destroy (&self->team);
}

static double
s_rate (const trainer_t *self)
{
    const course_t *course = &self->course;
    return course->training_ms > 0
               ? (double)course->positions * 1000.0 / (double)course->training_ms
               : 0;
}

static bool
s_stopped (const trainer_t *self)
{
    if (s_interrupted (self))
        return true;
    const course_t *course = &self->course;
    bool validated = course->batch == 0 && course->best_epoch;
    return course->positions > 0 && /* one step at least */
           budget_is_used_up (&self->budget, s_elapsed_s (self), validated);
}

/* Of the whole run: by steps, or by time when that runs out first. */
static double
s_progress (const trainer_t *self)
{
    double all =
        (double)batcher_positions (self->batcher) * (double)self->plan.recipe.epochs;
    double done = (double)self->course.positions / all,
           used = budget_used (&self->budget, s_elapsed_s (self));
    return done > used ? done : used;
}

static double
s_mean_loss (const course_t *course)
{
    return course->targets ? course->sum / (double)course->targets : 0;
}

static void
s_step (trainer_t *self)
{
    course_t *course = &self->course;
    int64_t start_us = clock_monotonic_us ();
    uint64_t positions = 0;
    double rate = recipe_rate (&self->plan.recipe, s_progress (self));
    course->sum += learner_step (self->learner, course->batch, rate, &positions);
    course->batch++;
    course->done += positions;
    course->targets += learner_targets (self->learner);
    course->positions += positions;
    int64_t end_us = clock_monotonic_us ();
    budget_add_step (&self->budget, (double)(end_us - start_us) * 1e-6);
    course->training_ms += end_us / 1000 - start_us / 1000;
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

/* Ranks the validation targets; keeps the weights when they are the best. False: it was
 * interrupted, and says nothing. */
static bool
s_validate (trainer_t *self)
{
    course_t *course = &self->course;
    ranking_t valid;
    evaluator_task_t task = s_task (self, RANKING_VALID);
    evaluator_network_t network = s_network (learner_weights (self->learner));
    int64_t start_ms = clock_monotonic_ms ();
    if (evaluator_run (self->evaluator, &network, &task, &valid))
        return false;
    double seconds = (double)(clock_monotonic_ms () - start_ms) / 1000.0;
    budget_add_validation (&self->budget, valid.users, seconds);
    bool best = course->best_epoch == 0 || valid.ndcg10 > course->valid.ndcg10;
    if (best)
        s_keep_best (self, &valid);
    course->epochs = course->epoch;
    s_report_epoch (self, &valid, best);
    return true;
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
    if (course_save (self->job->run, &self->plan, &parts, error))
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

/* With a time limit a run is not resumed with the same bits anyway, and saving takes time
 * that was not measured. */
static bool
s_save_is_due (const trainer_t *self)
{
    bool limited = self->budget.limit_s > 0;
    return !limited && clock_monotonic_ms () - self->saved_ms >= SAVE_INTERVAL_MS;
}

static void
s_tell (trainer_t *self, bool resumes)
{
    if (!self->told && self->hooks.on_interrupt)
        self->hooks.on_interrupt (self->hooks.context, resumes);
    self->told = true;
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
        self->diverged_epoch = course->epoch;
        return false;
    }
    if (s_interrupted (self) || !s_validate (self)) {
        s_tell (self, true);
        s_save (self); /* the validation is still to come */
        return false;
    }
    if (!whole)
        return false;
    course->epoch++;
    course->batch = course->done = course->targets = 0;
    course->sum = 0;
    if (s_complete (self))
        return true;
    if (s_interrupted (self))
        s_tell (self, true);
    if (s_interrupted (self) || s_save_is_due (self))
        s_save (self);
    return true;
}

/* Interrupted before the first validation: these weights are all there is. */
static void
s_keep_what_there_is (trainer_t *self)
{
    const ranking_t none = {0};
    bool learned = self->course.positions > 0 && !self->diverged_epoch;
    if (self->course.best_epoch == 0 && learned)
        s_keep_best (self, &none);
}

/* -1 with error when there is nothing to keep. */
static int
s_train (trainer_t *self, char error[160])
{
    snprintf (error, 160, "stopped before anything was learned");
    while (!s_complete (self) && !s_stopped (self) && s_train_epoch (self, error))
        continue;
    s_keep_what_there_is (self);
    return self->course.best_epoch ? 0 : -1;
}

/* As many users of the test as there is time for. */
static void
s_trim (trainer_t *self)
{
    double left_s = budget_left_s (&self->budget, s_elapsed_s (self));
    self->hurried = s_interrupted (self);
    if (self->hurried) {
        s_tell (self, false);
        left_s = fmin (left_s, INTERRUPTED_S);
    }
    size_t step = budget_trim (&self->budget, left_s);
    self->test_step *= step;
    rivals_thin (&self->rivals, step);
    self->part = self->part || (self->hurried && step > 1);
}

/* Interrupted in the test: once more, on a part of it. */
static void
s_rank (trainer_t *self, trainer_report_t *report)
{
    evaluator_network_t network = s_network (self->best);
    int status = -1;
    while (status) {
        s_trim (self);
        evaluator_task_t task = s_task (self, RANKING_TEST);
        status = evaluator_run (self->evaluator, &network, &task, &report->test);
    }
    report->sampled = evaluator_sampled (self->evaluator);
    report->floors = self->rivals.floors;
}

static void
s_test (trainer_t *self, trainer_report_t *report)
{
    *report = (trainer_report_t){.epochs = self->course.epochs,
        .best_epoch = self->course.best_epoch,
        .diverged_epoch = self->diverged_epoch,
        .positions_per_second = s_rate (self),
        .resumable = self->saved && s_interrupted (self),
        .valid = self->course.valid};
    s_rank (self, report);
}

/* Another model may have come into use since the run began. */
static void
s_judge (trainer_t *self, trainer_report_t *report)
{
    size_t users;
    evaluator_task_t task = s_task (self, RANKING_TEST);
    task.stop = NULL;
    rivals_follow (&self->rivals, self->data, self->team, &task);
    const size_t *ranks = evaluator_ranks (self->evaluator, &users);
    report->verdict = rivals_judge (
        &self->rivals, self->plan.options.publish, &report->test, ranks, self->part);
}

static int
s_write (trainer_t *self, trainer_report_t *report, char error[160])
{
    lineage_version (report->version);
    report->seconds = s_elapsed_s (self);
    json_t *training = lineage_json (self->job, &self->plan, report);
    checkpoint_draft_t draft = {.version = report->version,
        .weights = self->best,
        .data = self->data,
        .sample_users = self->budget.sample_users,
        .training = training};
    int status = checkpoint_write (
        run_folder (self->job->run), &draft, report->checkpoint, error);
    json_decref (training);
    report->seconds = s_elapsed_s (self);
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

static int
s_check_memory (const trainer_t *self, char error[160])
{
    const double gb = 1e9;
    double needed =
        memory_needed (self->data, &self->plan.recipe, self->plan.options.threads);
    double available = memory_available ();
    if (needed <= available)
        return 0;
    snprintf (error, 160,
        "too little memory: this training needs about %.1f GB, %.1f GB are free; a "
        "smaller --width or --batch-users needs less",
        needed / gb, available / gb);
    return -1;
}

/* A new plan, or that of the interrupted run: *state then. */
static int
s_plan (trainer_t *self, state_t **state, char error[160])
{
    const options_t *options = self->job->options;
    if (run_resumes (self->job->run)) {
        *state = course_open (self->job->run, options, self->data, &self->plan, error);
        if (options->time_limit_s > 0)
            self->plan.options.time_limit_s = options->time_limit_s;
        self->plan.options.publish = options->publish;
        return *state ? 0 : -1;
    }
    self->plan = (course_plan_t){.options = *options,
        .recipe = recipe_make (self->data, options),
        .data = course_fingerprint (self->data),
        .last_id = self->job->last_id};
    return sasrec_shape_check (&self->plan.recipe.shape, error);
}

static int
s_begin (trainer_t *self, char error[160])
{
    state_t *state = NULL;
    if (s_plan (self, &state, error))
        return -1;
    s_tell_recipe (self);
    int status = s_check_memory (self, error);
    if (status == 0)
        status = s_init (self, error);
    if (status == 0 && state) {
        course_parts_t parts = s_parts (self);
        self->saved = true;
        status = course_load (&state, &parts, error);
        self->budget.valid_users = self->course.valid_users;
        self->start_ms -= self->course.elapsed_ms;
    }
    state_close (&state);
    if (status == 0)
        s_measure_rivals (self);
    if (status == 0 && s_interrupted (self)) {
        snprintf (error, 160, "stopped before anything was learned");
        status = -1;
    }
    return status;
}

int
trainer_run (const trainer_job_t *job, const trainer_hooks_t *hooks,
    trainer_report_t *report, char error[160])
{
    if (s_check (job, error))
        return -1;
    trainer_t self = {.data = job->data, .job = job};
    if (hooks)
        self.hooks = *hooks;
    int status = s_begin (&self, error);
    if (status == 0)
        status = s_train (&self, error);
    if (status == 0) {
        s_test (&self, report);
        s_judge (&self, report);
        status = s_write (&self, report, error);
    }
    if (status == 0 && self.saved && !report->resumable)
        run_complete (job->run);
    s_free (&self);
    return status;
}

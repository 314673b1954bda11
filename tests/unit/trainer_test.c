/* Whole runs of the trainer on a small data set. SPDX-License-Identifier: Apache-2.0 */
#include "model/train/trainer.h"

#include <dirent.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/clock.h"
#include "model/checkpoint/checkpoint.h"
#include "model/checkpoint/load.h"
#include "model/eval/evaluator.h"
#include "tests/unit/data_samples.h"

typedef struct {
    char folder[64];
    dataset_t *data;
    options_t options;
    trainer_report_t report;
    char error[160];
} bench_t;

static int
s_setup (void **state)
{
    bench_t *self = calloc (1, sizeof (*self));
    snprintf (self->folder, sizeof (self->folder), "/tmp/trainer_test.XXXXXX");
    if (!mkdtemp (self->folder))
        return -1;
    self->data = sample_dataset (60, 40, 1);
    options_defaults (&self->options);
    self->options.width = 16;
    self->options.epochs = 6;
    *state = self;
    return 0;
}

static int
s_teardown (void **state)
{
    bench_t *self = *state;
    DIR *folder = opendir (self->folder);
    char path[400];
    for (struct dirent *entry; folder && (entry = readdir (folder));) {
        snprintf (path, sizeof (path), "%s/%s", self->folder, entry->d_name);
        unlink (path);
    }
    closedir (folder);
    rmdir (self->folder);
    dataset_destroy (&self->data);
    free (self);
    return 0;
}

static int
s_train (bench_t *self, const trainer_hooks_t *hooks)
{
    run_t *run = run_new (self->folder, self->error);
    assert_non_null (run);
    trainer_job_t job = {.data = self->data, .options = &self->options, .run = run};
    int status = trainer_run (&job, hooks, &self->report, self->error);
    run_destroy (&run);
    return status;
}

static void
test_writes_the_checkpoint_it_reports (void **state)
{
    bench_t *self = *state;
    assert_int_equal (s_train (self, NULL), 0);
    checkpoint_t *checkpoint = checkpoint_read (self->report.checkpoint, self->error);
    assert_non_null (checkpoint);
    assert_string_equal (checkpoint->version, self->report.version);
    assert_int_equal (checkpoint->weights->shape.items, self->data->item_count);
    assert_int_equal (checkpoint->weights->shape.width, 16);
    assert_int_equal (self->report.epochs, 6);
    assert_int_equal (self->report.test.users, 60);
    assert_true (self->report.positions_per_second > 0);
    checkpoint_destroy (&checkpoint);
}

/* Both protocols, by the trainer and by the model that was written. */
static void
test_reports_what_the_model_does (void **state)
{
    bench_t *self = *state;
    assert_int_equal (s_train (self, NULL), 0);
    model_t *model = load_model (self->report.checkpoint, self->error);
    assert_non_null (model);
    team_t *team = team_new (1);
    const sasrec_weights_t *weights = model_weights (model);
    evaluator_t *evaluator = evaluator_new (self->data, &weights->shape, team);
    evaluator_network_t network = {weights, NULL};
    evaluator_task_t task = {
        .split = RANKING_TEST, .step = 1, .sampled = true, .seed = 1};
    ranking_t full;
    evaluator_run (evaluator, &network, &task, &full);
    ranking_t sampled = evaluator_sampled (evaluator);
    assert_true (fabs (full.ndcg10 - self->report.test.ndcg10) < 1e-9);
    assert_true (fabs (sampled.mrr - self->report.sampled.mrr) < 1e-9);
    evaluator_destroy (&evaluator);
    team_destroy (&team);
    model_destroy (&model);
}

static void
test_same_seed_same_tensors (void **state)
{
    bench_t *self = *state;
    checkpoint_t *made[2];
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal (s_train (self, NULL), 0);
        made[i] = checkpoint_read (self->report.checkpoint, self->error);
        assert_non_null (made[i]);
    }
    assert_string_not_equal (made[0]->version, made[1]->version);
    assert_int_equal (made[0]->weights->count, made[1]->weights->count);
    assert_memory_equal (made[0]->weights->values, made[1]->weights->values,
        made[0]->weights->count * sizeof (float));
    checkpoint_destroy (&made[0]);
    checkpoint_destroy (&made[1]);
}

static void
test_too_little_data_is_an_error (void **state)
{
    bench_t *self = *state;
    dataset_builder_t *builder = dataset_builder_new ();
    dataset_builder_add (builder, "a", 1);
    dataset_builder_add (builder, "a", 2);
    dataset_builder_add (builder, "b", 1);
    dataset_destroy (&self->data);
    self->data = dataset_builder_finish (builder);
    assert_int_equal (s_train (self, NULL), -1);
    assert_non_null (strstr (self->error, "4 interactions"));
    dataset_builder_destroy (&builder);
}

static void
test_bad_shape_is_an_error (void **state)
{
    bench_t *self = *state;
    self->options.heads = 3;
    assert_int_equal (s_train (self, NULL), -1);
    assert_non_null (strstr (self->error, "heads"));
}

static void
test_divergence_is_an_error (void **state)
{
    bench_t *self = *state;
    self->options.learning_rate = 1e30;
    assert_int_equal (s_train (self, NULL), -1);
    assert_non_null (strstr (self->error, "learning rate"));
}

/* Of all users the last or the second-last item: what nobody may learn from. */
static void
s_shuffle_held_back (dataset_t *data, size_t from_end, rng_t *rng)
{
    size_t *places = calloc (data->user_count, sizeof (*places)), count = 0;
    for (size_t u = 0; u < data->user_count; u++)
        if (data->offsets[u + 1] - data->offsets[u] >= 3)
            places[count++] = data->offsets[u + 1] - from_end;
    for (size_t i = count; i > 1; i--) {
        size_t j = (size_t)rng_below (rng, i);
        int32_t item = data->items[places[i - 1]];
        data->items[places[i - 1]] = data->items[places[j]];
        data->items[places[j]] = item;
    }
    free (places);
}

static void
test_held_back_items_do_not_change_the_weights (void **state)
{
    bench_t *self = *state;
    checkpoint_t *made[2];
    rng_t rng;
    rng_seed (&rng, 4, 0);
    self->options.epochs = 1; /* else validation chooses another epoch */
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal (s_train (self, NULL), 0);
        made[i] = checkpoint_read (self->report.checkpoint, self->error);
        assert_non_null (made[i]);
        s_shuffle_held_back (self->data, 1, &rng);
        s_shuffle_held_back (self->data, 2, &rng);
    }
    assert_memory_equal (made[0]->weights->values, made[1]->weights->values,
        made[0]->weights->count * sizeof (float));
    checkpoint_destroy (&made[0]);
    checkpoint_destroy (&made[1]);
}

/* Two walks through the items in turn: what comes next follows from the item before the
 * last, of which a Markov chain knows nothing. */
static dataset_t *
s_braided (void)
{
    enum { USERS = 300, ITEMS = 60, LENGTH = 16 };
    rng_t rng;
    rng_seed (&rng, 5, 0);
    dataset_builder_t *builder = dataset_builder_new ();
    for (size_t u = 0; u < USERS; u++) {
        char name[32];
        snprintf (name, sizeof (name), "user_%zu", u);
        uint64_t at[2] = {rng_below (&rng, ITEMS), rng_below (&rng, ITEMS)};
        for (size_t i = 0; i < LENGTH; i++)
            dataset_builder_add (builder, name, (int64_t)(at[i % 2]++ % ITEMS));
    }
    dataset_t *data = dataset_builder_finish (builder);
    dataset_builder_destroy (&builder);
    return data;
}

static void
test_the_model_in_use_is_compared_on_the_same_users (void **state)
{
    bench_t *self = *state;
    dataset_destroy (&self->data);
    self->data = s_braided ();
    self->options.width = 32;
    self->options.epochs = 30;
    assert_int_equal (s_train (self, NULL), 0);
    assert_true (self->report.verdict.publish);
    assert_int_equal (
        checkpoint_publish (self->folder, self->report.version, self->error), 0);
    assert_int_equal (s_train (self, NULL), 0);
    assert_true (self->report.verdict.publish); /* equal */
    assert_non_null (strstr (self->report.verdict.reason, "+0.0000"));
    self->options.epochs = 1;
    assert_int_equal (s_train (self, NULL), 0);
    assert_false (self->report.verdict.publish);
}

static void
test_a_run_is_worked_on_by_one_process (void **state)
{
    bench_t *self = *state;
    run_t *run = run_new (self->folder, self->error);
    assert_non_null (run);
    FILE *file = fopen (run_state (run), "w");
    fclose (file);
    assert_null (run_resume (self->folder, run_name (run), self->error));
    assert_non_null (strstr (self->error, "another process"));
    assert_null (run_resume (self->folder, NULL, self->error));
    char name[RUN_NAME_SIZE];
    snprintf (name, sizeof (name), "%s", run_name (run));
    run_destroy (&run);
    run = run_resume (self->folder, NULL, self->error);
    assert_non_null (run);
    assert_string_equal (run_name (run), name);
    run_complete (run);
    run_destroy (&run);
    assert_null (run_resume (self->folder, NULL, self->error));
    assert_non_null (strstr (self->error, "nothing to resume"));
}

static void
test_too_little_memory_is_said (void **state)
{
    bench_t *self = *state;
    self->options.width = 4096;
    self->options.window = 10000;
    self->options.blocks = 64;
    self->options.batch_users = 100000;
    assert_int_equal (s_train (self, NULL), -1);
    assert_non_null (strstr (self->error, "too little memory"));
}

typedef struct {
    size_t epochs;
    size_t stop_after;
    size_t interrupts;
    bool resumes;
    sig_atomic_t volatile stop;
    trainer_epoch_t last;
} watch_t;

static void
s_on_epoch (void *context, const trainer_epoch_t *epoch)
{
    watch_t *watch = context;
    watch->epochs++;
    watch->last = *epoch;
    watch->stop = watch->epochs == watch->stop_after;
}

static void
s_on_interrupt (void *context, bool resumes)
{
    watch_t *watch = context;
    watch->interrupts++;
    watch->resumes = resumes;
}

/* The rate rises over the first epochs until the decay of weights, a share of it, swings
 * them up instead. */
static void
test_divergence_after_the_best_is_told (void **state)
{
    bench_t *self = *state;
    self->options.learning_rate = 60;
    self->options.epochs = 400;
    self->options.patience = 400;
    assert_int_equal (s_train (self, NULL), 0);
    assert_true (self->report.best_epoch >= 1);
    assert_true (self->report.best_epoch < self->report.diverged_epoch);
}

static void
test_reports_each_epoch (void **state)
{
    bench_t *self = *state;
    watch_t watch = {0};
    trainer_hooks_t hooks = {.on_epoch = s_on_epoch, .context = &watch};
    assert_int_equal (s_train (self, &hooks), 0);
    assert_int_equal (watch.epochs, 6);
    assert_int_equal (watch.last.epoch, 6);
    assert_true (
        watch.last.loss > 0 && watch.last.valid_hr10 >= watch.last.valid_ndcg10);
}

static void
test_stop_keeps_the_best_so_far (void **state)
{
    bench_t *self = *state;
    watch_t watch = {.stop_after = 2};
    trainer_hooks_t hooks = {.on_epoch = s_on_epoch,
        .on_interrupt = s_on_interrupt,
        .context = &watch,
        .stop = &watch.stop};
    assert_int_equal (s_train (self, &hooks), 0);
    assert_int_equal (watch.interrupts, 1);
    assert_true (watch.resumes && self->report.resumable);
    assert_int_equal (self->report.test.users, 60);
    assert_int_equal (self->report.epochs, 2);
    assert_int_equal (access (self->report.checkpoint, R_OK), 0);
}

/* Nothing is left to resume; that the test may be short is said all the same. */
static void
test_stop_in_the_last_epoch_is_told (void **state)
{
    bench_t *self = *state;
    watch_t watch = {.stop_after = 6};
    trainer_hooks_t hooks = {.on_epoch = s_on_epoch,
        .on_interrupt = s_on_interrupt,
        .context = &watch,
        .stop = &watch.stop};
    assert_int_equal (s_train (self, &hooks), 0);
    assert_int_equal (watch.interrupts, 1);
    assert_false (watch.resumes || self->report.resumable);
}

static void
test_time_limit_ends_the_run (void **state)
{
    bench_t *self = *state;
    self->options.epochs = 1000000;
    self->options.patience = 1000000;
    self->options.time_limit_s = 0.5;
    int64_t start_ms = clock_monotonic_ms ();
    assert_int_equal (s_train (self, NULL), 0);
    assert_true (self->report.epochs >= 1);
    assert_true (clock_monotonic_ms () - start_ms < 20000);
}

static void
test_a_limit_too_short_for_an_epoch_still_gives_a_model (void **state)
{
    bench_t *self = *state;
    self->options.time_limit_s = 0.001;
    assert_int_equal (s_train (self, NULL), 0);
    assert_int_equal (self->report.epochs, 1);
}

static void
test_stop_before_the_first_step_is_an_error (void **state)
{
    bench_t *self = *state;
    sig_atomic_t volatile stop = 1;
    trainer_hooks_t hooks = {.stop = &stop};
    assert_int_equal (s_train (self, &hooks), -1);
    assert_non_null (strstr (self->error, "stopped"));
}

/* Users look at two things, then buy what belongs to the first one. */
static dataset_t *
s_shop (const options_t *options)
{
    events_t events;
    char error[160];
    assert_int_equal (events_read (&events, &options->events, error), 0);
    rng_t rng;
    rng_seed (&rng, 3, 0);
    dataset_builder_t *builder = dataset_builder_new ();
    dataset_builder_roles (builder, events.roles, events.count);
    for (size_t u = 0; u < 100; u++) {
        char name[32];
        snprintf (name, sizeof (name), "user_%zu", u);
        for (size_t i = 0; i < 6; i++) {
            int64_t viewed = (int64_t)rng_below (&rng, 20);
            dataset_builder_add_kind (
                builder, name, viewed, events_kind (&events, "view"));
            dataset_builder_add_kind (builder, name, 60 + (int64_t)rng_below (&rng, 20),
                events_kind (&events, "dislike"));
            dataset_builder_add_kind (
                builder, name, 30 + viewed, events_kind (&events, "buy"));
        }
    }
    dataset_t *data = dataset_builder_finish (builder);
    dataset_builder_destroy (&builder);
    return data;
}

static void
test_targets_of_some_events_are_learned_and_told (void **state)
{
    bench_t *self = *state;
    trainer_report_t *report = &self->report;
    self->options.epochs = 60;
    self->options.patience = 60;
    snprintf (self->options.events.targets, EVENTS_TEXT_SIZE, "buy");
    snprintf (self->options.events.weights, EVENTS_TEXT_SIZE, "buy=2");
    snprintf (self->options.events.dropped, EVENTS_TEXT_SIZE, "dislike");
    snprintf (self->options.events.seen, EVENTS_TEXT_SIZE, "buy");
    dataset_destroy (&self->data);
    self->data = s_shop (&self->options);
    assert_int_equal (self->data->item_count, 40); /* what is left out is no item */
    assert_int_equal (s_train (self, NULL), 0);
    assert_int_equal (report->test.users, 100);
    double reachable =
        1 - (double)report->test.unreachable / (double)report->test.users;
    assert_true (report->test.hr10 > 0.8 * reachable);
    checkpoint_t *checkpoint = checkpoint_read (report->checkpoint, self->error);
    assert_non_null (checkpoint);
    const json_t *training = json_object_get (checkpoint->metadata, "training");
    const json_t *options = json_object_get (training, "options");
    static const char *const told[][2] = {{"events", "buy"}, {"event_weight", "buy=2"},
        {"drop_events", "dislike"}, {"seen", "buy"}};
    for (size_t i = 0; i < sizeof told / sizeof *told; i++)
        assert_string_equal (
            json_string_value (json_object_get (options, told[i][0])), told[i][1]);
    checkpoint_destroy (&checkpoint);
}

static void
test_too_few_targets_are_an_error (void **state)
{
    bench_t *self = *state;
    snprintf (self->options.events.targets, EVENTS_TEXT_SIZE, "return");
    dataset_destroy (&self->data);
    self->data = s_shop (&self->options);
    assert_int_equal (s_train (self, NULL), -1);
    assert_non_null (strstr (self->error, "--events"));
}

int
main (void)
{
#define TEST(test) cmocka_unit_test_setup_teardown (test, s_setup, s_teardown)
    const struct CMUnitTest tests[] = {
        TEST (test_writes_the_checkpoint_it_reports),
        TEST (test_reports_what_the_model_does),
        TEST (test_same_seed_same_tensors),
        TEST (test_held_back_items_do_not_change_the_weights),
        TEST (test_the_model_in_use_is_compared_on_the_same_users),
        TEST (test_a_run_is_worked_on_by_one_process),
        TEST (test_too_little_memory_is_said),
        TEST (test_too_little_data_is_an_error),
        TEST (test_bad_shape_is_an_error),
        TEST (test_divergence_is_an_error),
        TEST (test_divergence_after_the_best_is_told),
        TEST (test_reports_each_epoch),
        TEST (test_stop_keeps_the_best_so_far),
        TEST (test_stop_in_the_last_epoch_is_told),
        TEST (test_time_limit_ends_the_run),
        TEST (test_a_limit_too_short_for_an_epoch_still_gives_a_model),
        TEST (test_stop_before_the_first_step_is_an_error),
        TEST (test_targets_of_some_events_are_learned_and_told),
        TEST (test_too_few_targets_are_an_error),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

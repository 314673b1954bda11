/* A run that is interrupted and resumed against one in a single go: the same bits; and
 * what cannot be resumed. SPDX-License-Identifier: Apache-2.0 */
#include "model/train/trainer.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "model/checkpoint/checkpoint.h"
#include "tests/unit/data_samples.h"

typedef struct {
    char folder[64], state[RUN_PATH_SIZE];
    dataset_t *data;
    options_t options;
    trainer_report_t report;
    char error[160];
    size_t steps, stop_after; /* of this run; 0 = never */
    size_t epochs, stop_after_epochs;
    sig_atomic_t volatile stop;
    bool resume;
} bench_t;

static int
s_setup (void **state)
{
    bench_t *self = calloc (1, sizeof (*self));
    snprintf (self->folder, sizeof (self->folder), "/tmp/resume_test.XXXXXX");
    if (!mkdtemp (self->folder))
        return -1;
    self->data = sample_dataset (60, 40, 1);
    options_defaults (&self->options);
    self->options.width = 16;
    self->options.epochs = 6;
    self->options.batch_users = 8;
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

static void
s_on_progress (void *context, size_t epoch, uint64_t done, uint64_t total, double loss)
{
    bench_t *self = context;
    assert_true (epoch >= 1 && done <= total && loss > 0);
    self->stop = ++self->steps == self->stop_after || self->stop;
}

static void
s_on_epoch (void *context, const trainer_epoch_t *epoch)
{
    (void)epoch;
    bench_t *self = context;
    self->stop = ++self->epochs == self->stop_after_epochs || self->stop;
}

static int
s_run (bench_t *self, size_t stop_after, size_t stop_after_epochs)
{
    self->steps = self->epochs = 0;
    self->stop = 0;
    self->stop_after = stop_after;
    self->stop_after_epochs = stop_after_epochs;
    trainer_hooks_t hooks = {.on_progress = s_on_progress,
        .on_epoch = s_on_epoch,
        .context = self,
        .stop = &self->stop};
    run_t *run = self->resume ? run_resume (self->folder, NULL, self->error)
                              : run_new (self->folder, self->error);
    if (!run)
        return -1;
    snprintf (self->state, sizeof (self->state), "%s", run_state (run));
    trainer_job_t job = {.data = self->data, .options = &self->options, .run = run};
    int status = trainer_run (&job, &hooks, &self->report, self->error);
    run_destroy (&run);
    return status;
}

/* The tensors of the checkpoint that was written last. */
static sasrec_weights_t *
s_written (bench_t *self)
{
    checkpoint_t *checkpoint = checkpoint_read (self->report.checkpoint, self->error);
    assert_non_null (checkpoint);
    sasrec_weights_t *copy = sasrec_weights_new (&checkpoint->weights->shape);
    memcpy (copy->values, checkpoint->weights->values, copy->count * sizeof (float));
    checkpoint_destroy (&checkpoint);
    return copy;
}

/* Stops after each of these steps or epochs in turn. */
static void
s_check_same_bits (bench_t *self, const size_t stops[][2], size_t count)
{
    assert_int_equal (s_run (self, 0, 0), 0);
    sasrec_weights_t *whole = s_written (self);
    double test = self->report.test.ndcg10;
    for (size_t i = 0; i <= count; i++) {
        self->resume = i > 0;
        assert_int_equal (
            s_run (self, i < count ? stops[i][0] : 0, i < count ? stops[i][1] : 0), 0);
        assert_int_equal (self->report.resumable, i < count);
        assert_int_equal (access (self->state, R_OK), i < count ? 0 : -1);
    }
    sasrec_weights_t *parts = s_written (self);
    assert_memory_equal (whole->values, parts->values, whole->count * sizeof (float));
    assert_true (test == self->report.test.ndcg10);
    sasrec_weights_destroy (&whole);
    sasrec_weights_destroy (&parts);
}

static void
test_stopped_inside_an_epoch (void **state)
{
    s_check_same_bits (*state, (const size_t[][2]){{19, 0}}, 1);
}

static void
test_stopped_after_an_epoch (void **state)
{
    s_check_same_bits (*state, (const size_t[][2]){{0, 2}}, 1);
}

static void
test_stopped_several_times (void **state)
{
    s_check_same_bits (*state, (const size_t[][2]){{1, 0}, {10, 0}, {0, 1}, {3, 0}}, 4);
}

static void
test_rows_touched_by_steps_are_kept (void **state)
{
    bench_t *self = *state;
    self->options.loss = LOSS_SAMPLED;
    self->options.negatives = 5;
    self->options.seed = 3;
    s_check_same_bits (self, (const size_t[][2]){{19, 0}, {0, 1}}, 2);
}

static void
test_paper_has_no_average_to_keep (void **state)
{
    bench_t *self = *state;
    self->options.preset = OPTIONS_PAPER;
    s_check_same_bits (self, (const size_t[][2]){{5, 0}}, 1);
}

static void
test_nothing_to_resume_is_an_error (void **state)
{
    bench_t *self = *state;
    self->resume = true;
    assert_int_equal (s_run (self, 0, 0), -1);
    assert_non_null (strstr (self->error, "nothing to resume"));
}

static void
test_other_data_is_refused (void **state)
{
    bench_t *self = *state;
    assert_int_equal (s_run (self, 9, 0), 0);
    dataset_destroy (&self->data);
    self->data = sample_dataset (60, 40, 2);
    self->resume = true;
    assert_int_equal (s_run (self, 0, 0), -1);
    assert_non_null (strstr (self->error, "data"));
    assert_int_equal (access (self->state, R_OK), 0);
}

static void
test_another_option_is_refused (void **state)
{
    bench_t *self = *state;
    assert_int_equal (s_run (self, 9, 0), 0);
    self->resume = true;
    for (size_t i = 0; i < options_row_count; i++) {
        const options_row_t *row = &options_table[i];
        bool known = strcmp (row->name, "width") == 0 ||
                     strcmp (row->name, "seed") == 0 ||
                     strcmp (row->name, "threads") == 0;
        if (!known)
            continue;
        options_t kept = self->options;
        assert_int_equal (options_set (&self->options, row, "48", self->error), 0);
        assert_int_equal (s_run (self, 0, 0), -1);
        assert_non_null (strstr (self->error, row->name));
        self->options = kept;
    }
    assert_int_equal (s_run (self, 0, 0), 0);
}

static void
test_a_damaged_state_is_refused (void **state)
{
    bench_t *self = *state;
    assert_int_equal (s_run (self, 9, 0), 0);
    FILE *file = fopen (self->state, "r+b");
    fseek (file, 5000, SEEK_SET);
    int byte = fgetc (file);
    fseek (file, 5000, SEEK_SET);
    fputc (byte ^ 1, file);
    fclose (file);
    self->resume = true;
    assert_int_equal (s_run (self, 0, 0), -1);
    assert_non_null (strstr (self->error, "damaged"));
}

static void
test_a_state_cut_short_is_refused (void **state)
{
    bench_t *self = *state;
    assert_int_equal (s_run (self, 9, 0), 0);
    self->resume = true;
    for (off_t length = 0; length < 200; length += 7) {
        assert_int_equal (truncate (self->state, length), 0);
        assert_int_equal (s_run (self, 0, 0), -1);
        assert_non_null (strstr (self->error, "damaged"));
    }
}

int
main (void)
{
#define TEST(test) cmocka_unit_test_setup_teardown (test, s_setup, s_teardown)
    const struct CMUnitTest tests[] = {
        TEST (test_stopped_inside_an_epoch),
        TEST (test_stopped_after_an_epoch),
        TEST (test_stopped_several_times),
        TEST (test_rows_touched_by_steps_are_kept),
        TEST (test_paper_has_no_average_to_keep),
        TEST (test_nothing_to_resume_is_an_error),
        TEST (test_other_data_is_refused),
        TEST (test_another_option_is_refused),
        TEST (test_a_damaged_state_is_refused),
        TEST (test_a_state_cut_short_is_refused),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

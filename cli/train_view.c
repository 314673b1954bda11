/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/train_view.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/progress.h"

enum { S_TELL_INTERVAL_MS = 400 };

struct train_view {
    progress_t *progress; /* owned; the bar */
    size_t first;         /* the first epoch of the bar */
    bool whole;           /* the bar is that of all epochs that may follow */
    uint64_t positions;   /* of an epoch */
    int64_t told_ms;      /* when an epoch was last told; 0 = none yet */
    bool quiet;
    curve_t *curve;    /* borrowed; may be NULL */
    bool curve_broken; /* said so */
};

train_view_t *
train_view_new (bool quiet, curve_t *curve)
{
    train_view_t *self = calloc (1, sizeof *self);
    assert (self);
    self->quiet = quiet;
    self->curve = curve;
    return self;
}

void
train_view_destroy (train_view_t **self_p)
{
    train_view_t *self = *self_p;
    if (!self)
        return;
    progress_destroy (&self->progress);
    free (self);
    *self_p = NULL;
}

/* A bar over epochs from first on. Elsewhere than on a terminal a line for each tenth
 * would only be in the way of those for epochs, so there the end is unknown. */
static void
s_start_bar (train_view_t *self, size_t first, size_t epochs)
{
    uint64_t total = isatty (STDERR_FILENO) ? epochs * self->positions : 0;
    progress_destroy (&self->progress);
    self->progress = progress_new ("train", "positions", total, self->quiet);
    self->first = first;
}

static void
s_on_recipe (void *context, const char *text)
{
    train_view_t *self = context;
    if (!self->quiet)
        fprintf (stderr, "%s\n", text);
}

static void
s_on_progress (void *context, size_t epoch, uint64_t done, uint64_t total, double loss)
{
    train_view_t *self = context;
    char note[64];
    self->positions = total;
    if (!self->progress)
        s_start_bar (self, epoch, 1);
    snprintf (note, sizeof note, "epoch %zu, loss %.4f", epoch, loss);
    progress_update (self->progress, (epoch - self->first) * total + done, note);
}

static void
s_tell (train_view_t *self, const trainer_epoch_t *epoch)
{
    progress_say (self->progress,
        "epoch %3zu/%zu  loss %.4f  valid NDCG@10 %.4f HR@10 %.4f%s  %.0f positions/s  "
        "%.0f s, at most %.0f s left",
        epoch->epoch, epoch->epochs, epoch->loss, epoch->valid_ndcg10,
        epoch->valid_hr10, epoch->best ? " *" : "  ", epoch->positions_per_second,
        epoch->elapsed_s, epoch->left_s);
}

static void
s_add_to_curve (train_view_t *self, const trainer_epoch_t *epoch)
{
    char error[160];
    if (self->curve && !self->curve_broken && curve_add (self->curve, epoch, error)) {
        progress_say (self->progress, "no curve: %s", error);
        self->curve_broken = true;
    }
}

/* Small data has many epochs in a second: not each of them gets a line. */
static void
s_on_epoch (void *context, const trainer_epoch_t *epoch)
{
    train_view_t *self = context;
    int64_t now_ms = clock_monotonic_ms ();
    if (!self->progress)
        s_start_bar (self, epoch->epoch, 1);
    if (self->told_ms == 0 || now_ms - self->told_ms >= S_TELL_INTERVAL_MS) {
        s_tell (self, epoch);
        self->told_ms = now_ms;
    }
    s_add_to_curve (self, epoch);
    if (!self->whole && epoch->epoch < epoch->epochs) {
        s_start_bar (self, epoch->epoch + 1, epoch->epochs - epoch->epoch);
        self->whole = true;
    }
}

/* The first Ctrl-C. */
static void
s_on_interrupt (void *context, bool resumes)
{
    train_view_t *self = context;
    const char *text =
        resumes
            ? "Stopping: what was learned is saved, and 'sasrec train --resume' goes "
              "on from here. The best epoch is tested on some users and written; "
              "Ctrl-C again ends at once."
            : "Stopping: the best epoch is tested on some users only, and written; "
              "Ctrl-C again ends at once.";
    if (self->progress)
        progress_say (self->progress, "%s", text);
    else if (!self->quiet)
        fprintf (stderr, "%s\n", text);
}

void
train_view_attach (train_view_t *self, trainer_hooks_t *hooks)
{
    hooks->on_recipe = s_on_recipe;
    hooks->on_progress = s_on_progress;
    hooks->on_epoch = s_on_epoch;
    hooks->on_interrupt = s_on_interrupt;
    hooks->context = self;
}

/* Speed of training steps: a few steps of the real trainer on real data, with the
 * arithmetic counted exactly, beside the speed of a large matrix product on as many
 * threads in the same run. With --dump FILE the batches are written for a peer:
 * int32 in the machine's order, per batch the number of sequences, then per sequence its
 * length n and n + 1 items (inputs and, one later, targets); -1 at the end.
 * SPDX-License-Identifier: Apache-2.0 */
#include <argp.h>
#include <assert.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "model/kernel/blas.h"
#include "model/kernel/blas_core.h"
#include "model/train/learner.h"
#include "model/train/options.h"
#include "pairs.h"

#define PEAK_SIZE 1024

typedef struct {
    const char *data, *dump;
    size_t steps;
    options_t trainer;
} settings_t;

enum { OWN = 3, ROWS_MOST = 64, KEY_ROW = 0x200 };

/* These, and what `sasrec train` takes (model/train/options.h). */
static struct argp_option s_options[OWN + ROWS_MOST + 1] = {
    {"data", 'd', "FILE", 0, "Pairs, or what else has its rows in order", 0},
    {"dump", 'D', "FILE", 0, "Write the batches there", 0},
    {"steps", 'n', "N", 0, "Steps that are timed (20)", 0},
};

static void
s_list_options (void)
{
    for (size_t i = 0; i < options_row_count; i++)
        s_options[OWN + i] = (struct argp_option){.name = options_table[i].name,
            .key = KEY_ROW + (int)i,
            .arg = options_table[i].argument,
            .doc = options_table[i].help};
}

static error_t
s_parse (int key, char *text, struct argp_state *state)
{
    settings_t *options = state->input;
    char error[160];
    switch (key) {
    case 'd':
        options->data = text;
        return 0;
    case 'D':
        options->dump = text;
        return 0;
    case 'n':
        options->steps = strtoul (text, NULL, 10);
        return 0;
    default:
        if (key < KEY_ROW || key >= KEY_ROW + (int)options_row_count)
            return ARGP_ERR_UNKNOWN;
        if (options_set (&options->trainer, &options_table[key - KEY_ROW], text, error))
            argp_error (state, "%s", error);
        return 0;
    }
}

static double
s_clock_s (clockid_t id)
{
    struct timespec now;
    clock_gettime (id, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static int
s_ascending (const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

/* One product per member. */
static void
s_peak_task (void *context, size_t member)
{
    float **buffers = context;
    float *a = buffers[member], *b = a + PEAK_SIZE * PEAK_SIZE,
          *c = b + PEAK_SIZE * PEAK_SIZE;
    blas_nn (PEAK_SIZE, PEAK_SIZE, PEAK_SIZE, (blas_matrix_t){a, PEAK_SIZE},
        (blas_matrix_t){b, PEAK_SIZE}, 0, c, PEAK_SIZE);
}

/* GFLOP/s of all threads at once, and per second of CPU time; the best of a few. */
static double
s_peak (team_t *team, double *per_cpu_s)
{
    float *buffers[64];
    double best = 0;
    *per_cpu_s = 0;
    for (size_t i = 0; i < team_members (team); i++) {
        buffers[i] = calloc (3 * PEAK_SIZE * PEAK_SIZE, sizeof (float));
        assert (buffers[i]);
        for (size_t j = 0; j < 2 * PEAK_SIZE * PEAK_SIZE; j++)
            buffers[i][j] = (float)(j % 7) - 3;
    }
    for (size_t i = 0; i < 10; i++) {
        double start_cpu_s = s_clock_s (CLOCK_PROCESS_CPUTIME_ID);
        double start_s = s_clock_s (CLOCK_MONOTONIC);
        team_run (team, s_peak_task, buffers);
        double seconds = s_clock_s (CLOCK_MONOTONIC) - start_s;
        double cpu_s = s_clock_s (CLOCK_PROCESS_CPUTIME_ID) - start_cpu_s;
        double flops =
            2.0 * PEAK_SIZE * PEAK_SIZE * PEAK_SIZE * (double)team_members (team);
        best = fmax (best, flops / seconds * 1e-9);
        *per_cpu_s = fmax (*per_cpu_s, flops / cpu_s * 1e-9);
    }
    for (size_t i = 0; i < team_members (team); i++)
        free (buffers[i]);
    return best;
}

/* Floating-point operations of the products for one share, forward and back (three times
 * forward); a causal query at t needs t + 1 keys. */
static double
s_flops (const recipe_t *recipe, const batcher_share_t *share)
{
    const sasrec_shape_t *shape = &recipe->shape;
    double d = (double)shape->width, r = (double)shape->ffn_factor, flops = 0;
    double seen = recipe->loss == LOSS_BCE       ? 2
                  : recipe->loss == LOSS_SAMPLED ? (double)recipe->negatives + 1
                                                 : (double)shape->items;
    for (size_t b = 0; b < share->sequence_count; b++) {
        double n = (double)(share->offsets[b + 1] - share->offsets[b]);
        double block = n * (8 + 4 * r) * d * d + 2 * n * (n + 1) * d;
        flops += 3 * ((double)shape->blocks * block + 2 * n * d * seen);
    }
    return flops;
}

typedef struct {
    settings_t options;
    recipe_t recipe;
    dataset_t *data;
    team_t *team;
    batcher_t *batcher;
    learner_t *learner;
    FILE *dump;
    double *seconds; /* of each step */
    double sum_s, cpu_s, flops;
    uint64_t positions;
} bench_t;

static void
s_dump_share (FILE *file, const batcher_share_t *share)
{
    for (size_t b = 0; b < share->sequence_count; b++) {
        size_t begin = share->offsets[b];
        int32_t length = (int32_t)(share->offsets[b + 1] - begin);
        fwrite (&length, sizeof (length), 1, file);
        fwrite (share->tokens + begin, sizeof (int32_t), (size_t)length, file);
        fwrite (share->targets + begin + (size_t)length - 1, sizeof (int32_t), 1, file);
    }
}

/* The batch the batcher holds: count its work, write it down. */
static void
s_account (bench_t *self)
{
    int32_t sequences = 0;
    for (size_t i = 0; i < self->options.trainer.threads; i++) {
        batcher_share_t share = batcher_share (self->batcher, i);
        sequences += (int32_t)share.sequence_count;
        self->flops += s_flops (&self->recipe, &share);
    }
    if (!self->dump)
        return;
    fwrite (&sequences, sizeof (sequences), 1, self->dump);
    for (size_t i = 0; i < self->options.trainer.threads; i++) {
        batcher_share_t share = batcher_share (self->batcher, i);
        s_dump_share (self->dump, &share);
    }
}

static void
s_step (bench_t *self, size_t step)
{
    size_t batch = step % batcher_batch_count (self->batcher);
    double start_s = s_clock_s (CLOCK_MONOTONIC);
    double start_cpu_s = s_clock_s (CLOCK_PROCESS_CPUTIME_ID);
    learner_step (self->learner, batch, 1e-4, &self->positions);
    self->seconds[step] = s_clock_s (CLOCK_MONOTONIC) - start_s;
    self->cpu_s += s_clock_s (CLOCK_PROCESS_CPUTIME_ID) - start_cpu_s;
    self->sum_s += self->seconds[step];
    s_account (self);
}

static void
s_run (bench_t *self)
{
    const options_t *trainer = &self->options.trainer;
    self->recipe = recipe_make (self->data, trainer);
    self->team = team_new (trainer->threads);
    batcher_settings_t batches = recipe_batcher (&self->recipe, trainer->threads);
    self->batcher = batcher_new (self->data, &batches);
    self->learner = learner_new (&self->recipe, self->batcher, self->team, 1);
    self->seconds = calloc (self->options.steps, sizeof (double));
    assert (self->seconds);
    uint64_t warm_up = 0;
    rng_t rng;
    rng_seed (&rng, 1, 9);
    batcher_shuffle (self->batcher, &rng);
    for (size_t i = 0; i < 3 && i < batcher_batch_count (self->batcher); i++)
        learner_step (self->learner, i, 1e-4, &warm_up);
    if (self->options.dump) {
        self->dump = fopen (self->options.dump, "wb");
        assert (self->dump);
    }
    for (size_t step = 0; step < self->options.steps; step++)
        s_step (self, step);
    int32_t end = -1;
    if (self->dump && fwrite (&end, sizeof (end), 1, self->dump))
        fclose (self->dump);
}

static void
s_tell (bench_t *self)
{
    double cpu_peak, peak = s_peak (self->team, &cpu_peak);
    double rate = (double)self->positions / self->sum_s;
    double gflops = self->flops / self->sum_s * 1e-9;
    size_t steps = self->options.steps;
    qsort (self->seconds, steps, sizeof (double), s_ascending);
    json_t *json = json_pack ("{so sf sf sf sf sf sf sf sf sf ss sI}", "recipe",
        recipe_json (&self->recipe), "positions_per_second", rate,
        "positions_per_cpu_second", (double)self->positions / self->cpu_s,
        "seconds_per_epoch", (double)batcher_positions (self->batcher) / rate,
        "cores_busy", self->cpu_s / self->sum_s, "step_ms_median",
        self->seconds[steps / 2] * 1e3, "gflops", gflops, "gflops_peak", peak,
        "share_of_peak", gflops / peak, "share_of_peak_by_cpu_time",
        self->flops / self->cpu_s * 1e-9 / cpu_peak, "blas", blas_core (),
        "positions_per_epoch", (json_int_t)batcher_positions (self->batcher));
    assert (json);
    char *text = json_dumps (json, JSON_INDENT (2) | JSON_REAL_PRECISION (5));
    puts (text);
    free (text);
    json_decref (json);
}

int
main (int argc, char **argv)
{
    blas_core_choose (argv);
    static const struct argp argp = {s_options, s_parse, NULL,
        "Time steps of the trainer; prints JSON.", NULL, NULL, NULL};
    bench_t self = {.options = {.steps = 20}};
    char error[160];
    s_list_options ();
    options_defaults (&self.options.trainer);
    argp_parse (&argp, argc, argv, 0, NULL, &self.options);
    if (!self.options.data || !self.options.steps) {
        fputs ("bench_train: --data FILE is missing\n", stderr);
        return 64;
    }
    self.data = pairs_read (self.options.data, error);
    if (!self.data) {
        fprintf (stderr, "bench_train: %s\n", error);
        return 1;
    }
    blas_setup ();
    s_run (&self);
    s_tell (&self);
    learner_destroy (&self.learner);
    batcher_destroy (&self.batcher);
    team_destroy (&self.team);
    dataset_destroy (&self.data);
    free (self.seconds);
    return 0;
}

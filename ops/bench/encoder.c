/* What the encoder takes for a history in f32 and in bf16: medians of a thread's own CPU
 * time, in turns. Random weights, as training's rules shape networks: two blocks of two
 * heads, FFN as wide as the network, a bias by distance. A Markdown table on stdout.
 * SPDX-License-Identifier: Apache-2.0
 *
 *   bench_encoder [SECONDS]     of each row; 2 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/rng.h"
#include "machine.h"
#include "model/kernel/denormals.h"
#include "model/serve/serving_encoder.h"

enum { ITEMS = 3416, WINDOW = 200, TOKENS = 256, BATCH_MOST = 8, TIMES_MOST = 1 << 16 };

typedef struct {
    const char *title;
    size_t history, batch;
    bool returning; /* all but the newest item is kept */
} row_t;

static const row_t s_rows[] = {{"1", 1, 1, false}, {"20", 20, 1, false},
    {"50", 50, 1, false}, {"50, in batches of 5", 50, 5, false}, {"200", 200, 1, false},
    {"200, one new item", 200, 1, true}};

typedef struct {
    packed_t *packed;
    serving_encoder_t *encoder;
    kept_t *kept; /* of a history that is returning */
    double times[TIMES_MOST];
    size_t count;
} side_t;

static sasrec_weights_t *
s_weights (size_t width)
{
    sasrec_shape_t shape = {.items = ITEMS,
        .width = width,
        .blocks = 2,
        .heads = 2,
        .window = WINDOW,
        .ffn_factor = 1,
        .relative_bias = true};
    sasrec_weights_t *weights = sasrec_weights_new (&shape);
    rng_t rng;
    rng_seed (&rng, 1, width);
    for (size_t i = 0; i < weights->count; i++)
        weights->values[i] = (float)(0.1 * rng_normal (&rng));
    return weights;
}

static void
s_encode (side_t *self, const row_t *row, const int32_t *tokens, size_t count)
{
    static float hidden[BATCH_MOST * 256];
    serving_sequence_t sequences[BATCH_MOST];
    for (size_t b = 0; b < row->batch; b++)
        sequences[b] =
            (serving_sequence_t){tokens + b * row->history, count, self->kept};
    serving_encoder_last (
        self->encoder, self->packed, sequences, row->batch, false, hidden);
}

/* Microseconds of a history. */
static double
s_time (side_t *self, const row_t *row, const int32_t *tokens)
{
    size_t known = row->returning ? row->history - 1 : 0;
    if (row->returning)
        kept_set_count (self->kept, known);
    double start = machine_cpu_us ();
    s_encode (self, row, tokens + known, row->history - known);
    return (machine_cpu_us () - start) / (double)row->batch;
}

static int
s_ascending (const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double
s_median (side_t *self)
{
    qsort (self->times, self->count, sizeof *self->times, s_ascending);
    return self->times[self->count / 2];
}

static void
s_measure (size_t width, side_t *sides, const row_t *row, double seconds)
{
    enum { TURN = 20 };
    int32_t tokens[TOKENS];
    double spent = 0;
    for (size_t i = 0; i < TOKENS; i++)
        tokens[i] = (int32_t)((i * i * 7 + i * 3) % ITEMS);
    for (size_t s = 0; s < 2; s++) {
        sides[s].count = 0;
        if (row->returning) {
            sides[s].kept = kept_new (sides[s].packed, WINDOW, false);
            s_encode (&sides[s], row, tokens, row->history - 1);
        }
    }
    while (spent < seconds * 1e6 && sides[0].count + TURN <= TIMES_MOST)
        for (size_t s = 0; s < 2; s++) {
            s_time (&sides[s], row, tokens); /* into the caches */
            for (size_t i = 0; i < TURN; i++) {
                double us = s_time (&sides[s], row, tokens);
                sides[s].times[sides[s].count++] = us;
                spent += us * (double)row->batch;
            }
        }
    double f32 = s_median (&sides[0]), bf16 = s_median (&sides[1]);
    printf ("| %zu | %s | %.1f | %.1f | %.2f |\n", width, row->title, f32, bf16,
        f32 / bf16);
    fflush (stdout);
    for (size_t s = 0; s < 2; s++)
        kept_destroy (&sides[s].kept);
}

static void
s_compare (size_t width, double seconds)
{
    const forward_kernel_t *kernels[] = {forward_kernel (0), forward_bf16_best ()};
    sasrec_weights_t *weights = s_weights (width);
    side_t *sides = calloc (2, sizeof *sides);
    assert (sides);
    for (size_t s = 0; s < 2; s++) {
        sides[s].packed = packed_new (weights, kernels[s]);
        sides[s].encoder = serving_encoder_new (sides[s].packed, TOKENS, BATCH_MOST);
    }
    for (size_t i = 0; i < sizeof s_rows / sizeof *s_rows; i++)
        s_measure (width, sides, &s_rows[i], seconds);
    for (size_t s = 0; s < 2; s++) {
        serving_encoder_destroy (&sides[s].encoder);
        packed_destroy (&sides[s].packed);
    }
    free (sides);
    sasrec_weights_destroy (&weights);
}

int
main (int argc, char **argv)
{
    if (!forward_bf16_best ()) {
        fputs ("bench_encoder: this machine has no faster kernel for bf16\n", stderr);
        return 64;
    }
    denormals_off ();
    printf ("| width | history | f32 (%s), us | bf16 (%s), us | times faster |\n"
            "|---|---|---|---|---|\n",
        forward_kernel (0)->name, forward_bf16_best ()->name);
    double seconds = argc > 1 ? strtod (argv[1], NULL) : 2;
    s_compare (64, seconds);
    s_compare (128, seconds);
    s_compare (256, seconds);
    return 0;
}

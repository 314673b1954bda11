/* How fast a model answers: latency of one query, queries/s of one thread and of two in
 * batches of 64, beside what this CPU's sgemm reaches. Random weights: only the shape
 * counts. One JSON object on stdout. SPDX-License-Identifier: Apache-2.0
 *
 *   bench_recommend [items] [width] [blocks] [heads] [window] [history] [seconds]
 *
 * Run it with OPENBLAS_CORETYPE and OPENBLAS_L2_SIZE unset. */
#include <assert.h>
#include <jansson.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/rng.h"
#include "model/drift/window.h"
#include "model/kernel/blas.h"
#include "model/kernel/blas_core.h"
#include "model/net/encoder.h"
#include "model/serve/model.h"
#include "model/serve/scorer.h"

enum { K = 10, BATCH = 64 };

typedef struct {
    sasrec_shape_t shape;
    size_t history;
    double seconds; /* of each measurement */
    model_t *model;
    sasrec_weights_t *weights;
    int64_t *items; /* BATCH histories */
} bench_t;

static void
s_fill (float *values, size_t count, double scale)
{
    rng_t rng;
    rng_seed (&rng, 1, count);
    for (size_t i = 0; i < count; i++)
        values[i] = (float)(scale * rng_normal (&rng));
}

static float *
s_floats (size_t count)
{
    float *values = aligned_alloc (64, (count * sizeof (float) + 63) / 64 * 64);
    assert (values);
    s_fill (values, count, 1);
    return values;
}

/* Best of some shapes that fit the caches, in GFLOP/s. */
static double
s_sgemm_peak (void)
{
    static const size_t shapes[][3] = {
        {128, 256, 64}, {2048, 256, 64}, {2048, 64, 256}, {512, 512, 512}};
    double best = 0;
    for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++) {
        size_t m = shapes[s][0], n = shapes[s][1], k = shapes[s][2];
        float *a = s_floats (m * k), *b = s_floats (k * n), *c = s_floats (m * n);
        for (int round = 0; round < 30; round++) {
            int64_t start = clock_monotonic_us ();
            for (int i = 0; i < 10; i++)
                blas_nn (
                    m, n, k, (blas_matrix_t){a, k}, (blas_matrix_t){b, n}, 0, c, n);
            double us = (double)(clock_monotonic_us () - start);
            double rate = 20.0 * (double)(m * n * k) / us / 1e3;
            best = us > 0 && rate > best ? rate : best;
        }
        free (a);
        free (b);
        free (c);
    }
    return best;
}

/* Floating point operations that one answer needs (multiply and add are two): the last
 * block's query, output and FFN for the last position only, causal attention. */
static double
s_flops (const bench_t *self)
{
    double d = (double)self->shape.width, t = (double)self->history;
    double block = 2 * (4 + 2 * (double)self->shape.ffn_factor) * d * d;
    double full = t * block + 2 * t * t * d;
    double last = t * 4 * d * d + (block - 4 * d * d) + 4 * t * d;
    return (double)(self->shape.blocks - 1) * full + last +
           2 * (double)self->shape.items * d;
}

static void
s_init (bench_t *self)
{
    size_t items = self->shape.items;
    self->weights = sasrec_weights_new (&self->shape);
    for (size_t i = 0; i < sasrec_tensor_count (&self->shape); i++) {
        sasrec_tensor_t tensor = sasrec_tensor (self->weights, i);
        s_fill (tensor.values, tensor.rows * tensor.columns, 0.1);
        for (size_t j = 0; strstr (tensor.name, "gain") && j < tensor.columns; j++)
            tensor.values[j] += 1;
    }
    int64_t *ids = calloc (items, sizeof *ids),
            *counts = calloc (items, sizeof *counts);
    assert (ids && counts);
    for (size_t i = 0; i < items; i++) {
        ids[i] = (int64_t)i * 7 + 1;
        counts[i] = (int64_t)(items - i);
    }
    self->model = model_new ("bench", self->weights, ids, counts);
    self->items = calloc (BATCH * self->history, sizeof *self->items);
    assert (self->items);
    rng_t rng;
    rng_seed (&rng, 2, 0);
    for (size_t i = 0; i < BATCH * self->history; i++)
        self->items[i] = ids[rng_below (&rng, items)];
    free (ids);
    free (counts);
}

/* Asks in batches of count until the time is over; fills times (us, at most room) and
 * returns batches done. */
static size_t
s_ask (const bench_t *self, size_t count, int64_t *times, size_t room, double *seconds)
{
    model_scratch_t *scratch = model_scratch_new (self->model, BATCH);
    model_query_t queries[BATCH];
    model_answer_t answers[BATCH];
    static _Thread_local int64_t item_ids[BATCH][K];
    static _Thread_local float scores[BATCH][K];
    for (size_t i = 0; i < BATCH; i++) {
        queries[i] = (model_query_t){.history = self->items + i * self->history,
            .history_count = self->history,
            .k = K};
        answers[i] = (model_answer_t){.item_ids = item_ids[i], .scores = scores[i]};
    }
    model_recommend (self->model, scratch, queries, count, answers); /* warm */
    size_t done = 0;
    int64_t start = clock_monotonic_us (), now = start;
    while ((double)(now - start) < self->seconds * 1e6) {
        model_recommend (
            self->model, scratch, queries + done % (BATCH / count), count, answers);
        int64_t end = clock_monotonic_us ();
        if (times && done < room)
            times[done] = end - now;
        now = end;
        done++;
    }
    *seconds = (double)(now - start) / 1e6;
    model_scratch_destroy (&scratch);
    return done;
}

static int
s_ascending (const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return x < y ? -1 : x > y;
}

static json_t *
s_latency (const bench_t *self)
{
    size_t room = 1000000;
    int64_t *times = calloc (room, sizeof *times);
    assert (times);
    double seconds;
    size_t done = s_ask (self, 1, times, room, &seconds);
    done = done < room ? done : room;
    qsort (times, done, sizeof *times, s_ascending);
    json_t *result = json_pack ("{s:I,s:f,s:I,s:I}", "queries", (json_int_t)done,
        "mean_us", seconds * 1e6 / (double)done, "p50_us", (json_int_t)times[done / 2],
        "p99_us", (json_int_t)times[done * 99 / 100]);
    free (times);
    return result;
}

typedef struct {
    const bench_t *bench;
    double rate;
    double best_rate; /* of the fastest batch: what a busy machine did not disturb */
} thread_t;

static void *
s_thread (void *argument)
{
    thread_t *self = argument;
    enum { ROOM = 100000 };
    int64_t *times = calloc (ROOM, sizeof *times), best = INT64_MAX;
    assert (times);
    double seconds;
    size_t done = s_ask (self->bench, BATCH, times, ROOM, &seconds);
    for (size_t i = 0; i < done && i < ROOM; i++)
        best = times[i] < best ? times[i] : best;
    self->rate = (double)(done * BATCH) / seconds;
    self->best_rate = BATCH * 1e6 / (double)best;
    free (times);
    return NULL;
}

static json_t *
s_throughput (const bench_t *self, size_t threads, double peak)
{
    thread_t shares[8];
    pthread_t ids[8];
    double rate = 0, best_rate = 0;
    assert (threads <= 8);
    for (size_t i = 0; i < threads; i++) {
        shares[i] = (thread_t){self, 0, 0};
        int rc = pthread_create (&ids[i], NULL, s_thread, &shares[i]);
        assert (rc == 0);
    }
    for (size_t i = 0; i < threads; i++) {
        pthread_join (ids[i], NULL);
        rate += shares[i].rate;
        best_rate += shares[i].best_rate;
    }
    double gflops = rate * s_flops (self) / 1e9;
    return json_pack ("{s:i,s:f,s:f,s:f,s:f}", "threads", (int)threads,
        "queries_per_second", rate, "best_queries_per_second", best_rate, "gflops",
        gflops, "of_sgemm_peak", gflops / peak / (double)threads);
}

/* Microseconds of top K alone, per query. */
static double
s_scorer_us (const bench_t *self, size_t batch)
{
    size_t width = self->shape.width;
    float *hidden = s_floats (BATCH * width);
    scorer_t *scorer =
        scorer_new (sasrec_items (self->weights), self->shape.items, width, NULL);
    top_t tops[BATCH];
    int64_t items[BATCH][K];
    float scores[BATCH][K];
    for (size_t i = 0; i < batch; i++)
        tops[i] = (top_t){.k = K, .items = items[i], .scores = scores[i]};
    int64_t best = INT64_MAX;
    for (int round = 0; round < 50; round++) {
        int64_t start = clock_monotonic_us ();
        for (int i = 0; i < 4; i++)
            scorer_top (scorer, hidden, tops, batch);
        int64_t us = clock_monotonic_us () - start;
        best = us < best ? us : best;
    }
    scorer_destroy (&scorer);
    free (hidden);
    return (double)best / 4 / (double)batch;
}

/* Nanoseconds that comparing a request with training's takes, in batches of so many: what
 * the worker does beside the model's work (docs/drift.md). */
static double
s_drift_ns (size_t batch)
{
    enum { SOURCES = 1024, ROUNDS = 1000 };
    static feature_source_t sources[SOURCES];
    double score = 0;
    rng_t rng;
    rng_seed (&rng, 3, 0);
    for (size_t i = 0; i < SOURCES; i++)
        sources[i] = (feature_source_t){.history_count = (size_t)rng_below (&rng, 200),
            .newest = (int32_t)rng_below (&rng, 3000),
            .best = (int32_t)rng_below (&rng, 1000),
            .score = (float)rng_normal (&rng)};
    baseline_t baseline = baseline_new (sources, SOURCES, &score, 1);
    window_t *window = window_new ();
    int64_t start = clock_monotonic_us ();
    for (size_t i = 0; i < ROUNDS * SOURCES / batch; i++) {
        tally_t tally = {0};
        for (size_t j = 0; j < batch; j++)
            baseline_tally (&baseline, &sources[(i * batch + j) % SOURCES], &tally);
        window_add (window, &tally, clock_monotonic_ms ());
    }
    double ns = 1e3 * (double)(clock_monotonic_us () - start);
    window_destroy (&window);
    return ns / (double)(ROUNDS * SOURCES / batch * batch);
}

int
main (int argc, char **argv)
{
    blas_core_choose (argv);
    double options[] = {3416, 64, 2, 1, 200, 200, 2};
    for (int i = 1; i < argc && i <= 7; i++)
        options[i - 1] = atof (argv[i]);
    bench_t self = {
        .shape = {(size_t)options[0], (size_t)options[1], (size_t)options[2],
            (size_t)options[3], (size_t)options[4], 4, false, true},
        .history = (size_t)options[5],
        .seconds = options[6]};
    char error[160];
    if (sasrec_shape_check (&self.shape, error) != 0 || self.history == 0) {
        fprintf (stderr, "bench_recommend: %s\n", self.history ? error : "no history");
        return 1;
    }
    blas_setup ();
    s_init (&self);
    double peak = s_sgemm_peak ();
    json_t *report = json_pack ("{s:{s:I,s:I,s:I,s:I,s:I,s:I},s:s,s:b,s:f,s:f}",
        "shape", "items", (json_int_t)self.shape.items, "width",
        (json_int_t)self.shape.width, "blocks", (json_int_t)self.shape.blocks, "heads",
        (json_int_t)self.shape.heads, "window", (json_int_t)self.shape.window,
        "history", (json_int_t)self.history, "openblas_core", blas_core (), "held_back",
        blas_core_held_back (), "sgemm_peak_gflops", peak, "kflop_per_query",
        s_flops (&self) / 1e3);
    json_object_set_new (report, "batch_1", s_latency (&self));
    json_object_set_new (report, "batch_64", s_throughput (&self, 1, peak));
    json_object_set_new (report, "batch_64_two_threads", s_throughput (&self, 2, peak));
    json_object_set_new (
        report, "top_k_us_batch_1", json_real (s_scorer_us (&self, 1)));
    json_object_set_new (
        report, "top_k_us_batch_64", json_real (s_scorer_us (&self, BATCH)));
    json_object_set_new (report, "drift_ns_batch_1", json_real (s_drift_ns (1)));
    json_object_set_new (report, "drift_ns_batch_64", json_real (s_drift_ns (BATCH)));
    json_dumpf (report, stdout, JSON_INDENT (2) | JSON_REAL_PRECISION (5));
    puts ("");
    json_decref (report);
    model_destroy (&self.model);
    sasrec_weights_destroy (&self.weights);
    free (self.items);
    return 0;
}

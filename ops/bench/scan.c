/* Top K over a catalogue, in microseconds a query: the scan of the floats and the one of
 * the 8-bit table, alone and in batches of 64, on one thread and on two, beside what reading
 * the table and multiplying it take at least on this machine. Then both are asked the same
 * queries: ids, order and scores must be equal, else the exit status is 1. One JSON object
 * on stdout. SPDX-License-Identifier: Apache-2.0
 *
 *   bench_scan [--items V] [--width D] [--queries N] [--seconds S] [--kernel NAME]
 *   bench_scan --checkpoint FILE --data PAIRS ...     a trained model, people's histories
 *
 * Without a checkpoint items and queries are normally distributed, which leaves more
 * candidates than a trained table does. */
#include <argp.h>
#include <assert.h>
#include <jansson.h>
#include <math.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/rng.h"
#include "machine.h"
#include "model/checkpoint/checkpoint.h"
#include "model/kernel/dot.h"
#include "model/net/encoder.h"
#include "model/serve/scorer.h"
#include "pairs.h"

#define LARGE_PAGE ((size_t)2 << 20)

enum { K = 10, BATCH = 64, THREADS = 2, ROUNDS_LEAST = 3, TIMES_MOST = 4096 };

typedef struct {
    const char *checkpoint, *data, *kernel;
    size_t items, width, queries;
    double seconds;
} options_t;

typedef struct {
    options_t options;
    const float *items; /* V x D */
    float *own;         /* the same, when made here */
    checkpoint_t *checkpoint;
    size_t item_count, width, query_count;
    float *queries; /* query_count x D */
    const scan_kernel_t *kernel;
    scorer_t *scorer;
} bench_t;

static const struct argp_option s_options[] = {
    {"checkpoint", 'c', "FILE", 0, "Items of this model", 0},
    {"data", 'd', "FILE", 0, "Pairs: queries are these people's histories", 0},
    {"items", 'v', "V", 0, "Items without a checkpoint (50000)", 0},
    {"width", 'w', "D", 0, "Width without a checkpoint (64)", 0},
    {"queries", 'n', "N", 0, "Queries to compare (10000)", 0},
    {"seconds", 's', "S", 0, "Of each measurement (0.5)", 0},
    {"kernel", 'k', "NAME", 0, "avx512-vnni, avx2 or portable", 0}, {0}};

static error_t
s_parse (int key, char *text, struct argp_state *state)
{
    options_t *options = state->input;
    switch (key) {
    case 'c':
        options->checkpoint = text;
        return 0;
    case 'd':
        options->data = text;
        return 0;
    case 'k':
        options->kernel = text;
        return 0;
    case 'v':
        options->items = strtoul (text, NULL, 10);
        return 0;
    case 'w':
        options->width = strtoul (text, NULL, 10);
        return 0;
    case 'n':
        options->queries = strtoul (text, NULL, 10);
        return 0;
    case 's':
        options->seconds = strtod (text, NULL);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static _Noreturn void
s_die (const char *text)
{
    fprintf (stderr, "bench_scan: %s\n", text);
    exit (64);
}

/* On large pages, where the machine's reading is measured, too: what is compared with it is
 * the scan, not the pages. */
static float *
s_floats (size_t count)
{
    size_t bytes = (count * sizeof (float) + LARGE_PAGE - 1) / LARGE_PAGE * LARGE_PAGE;
    float *values = aligned_alloc (LARGE_PAGE, bytes);
    assert (values);
    madvise (values, bytes, MADV_HUGEPAGE);
    return values;
}

static float *
s_normal (size_t count, uint64_t seed)
{
    float *values = s_floats (count);
    rng_t rng;
    rng_seed (&rng, seed, 0);
    for (size_t i = 0; i < count; i++)
        values[i] = (float)rng_normal (&rng);
    return values;
}

/* Known items up to a random interaction of the data, at most a window. Returns how
 * many. */
static size_t
s_history (const dataset_t *data, const model_t *model, rng_t *rng, int32_t *tokens)
{
    size_t window = model_window (model), count = 0;
    while (!count) {
        size_t at = rng_below (rng, data->interaction_count), user = 0, low = 0,
               high = data->user_count;
        while (high - low > 1) {
            user = (low + high) / 2;
            if (data->offsets[user] <= at)
                low = user;
            else
                high = user;
        }
        size_t first = data->offsets[low];
        first = at + 1 - first > window ? at + 1 - window : first;
        for (; first <= at; first++) {
            int32_t item = model_item_index (model, data->item_ids[data->items[first]]);
            if (item >= 0)
                tokens[count++] = item;
        }
    }
    return count;
}

static void
s_encode_queries (bench_t *self, const dataset_t *data)
{
    const sasrec_weights_t *weights = self->checkpoint->weights;
    model_t *model = model_new (self->checkpoint->version, weights,
        self->checkpoint->item_ids, self->checkpoint->item_counts);
    size_t window = weights->shape.window, offsets[2] = {0};
    encoder_scratch_t *scratch =
        encoder_scratch_new (&weights->shape, window, 1, false);
    int32_t *tokens = calloc (window, sizeof *tokens);
    assert (tokens);
    rng_t rng;
    rng_seed (&rng, 1, 0);
    for (size_t i = 0; i < self->query_count; i++) {
        offsets[1] = s_history (data, model, &rng, tokens);
        encoder_last (
            weights, scratch, tokens, offsets, 1, self->queries + i * self->width);
    }
    free (tokens);
    encoder_scratch_destroy (&scratch);
    model_destroy (&model);
}

static void
s_load (bench_t *self)
{
    char error[160];
    if (!self->options.data)
        s_die ("--checkpoint needs --data");
    self->checkpoint = checkpoint_read (self->options.checkpoint, error);
    if (!self->checkpoint)
        s_die (error);
    self->items = sasrec_items (self->checkpoint->weights);
    self->item_count = self->checkpoint->weights->shape.items;
    self->width = self->checkpoint->weights->shape.width;
    self->queries = s_floats (self->query_count * self->width);
    dataset_t *data = pairs_read (self->options.data, error);
    if (!data)
        s_die (error);
    s_encode_queries (self, data);
    dataset_destroy (&data);
}

static const scan_kernel_t *
s_kernel (const char *name)
{
    const scan_kernel_t *kernel;
    for (size_t i = 0; (kernel = scan_kernel (i)); i++)
        if (!name || strcmp (kernel->name, name) == 0)
            return kernel;
    s_die ("this CPU has no such kernel");
}

static void
s_init (bench_t *self)
{
    self->query_count = self->options.queries < BATCH ? BATCH : self->options.queries;
    self->kernel = s_kernel (self->options.kernel);
    if (self->options.checkpoint)
        s_load (self);
    else {
        self->item_count = self->options.items;
        self->width = self->options.width;
        if (!self->item_count || !self->width)
            s_die ("--items and --width are at least 1");
        self->items = self->own = s_normal (self->item_count * self->width, 1);
        self->queries = s_normal (self->query_count * self->width, 2);
    }
}

/* Answers of a batch. */
typedef struct {
    top_t tops[BATCH];
    int64_t items[BATCH][K];
    float scores[BATCH][K];
} answers_t;

static void
s_clear (answers_t *answers)
{
    for (size_t i = 0; i < BATCH; i++)
        answers->tops[i] =
            (top_t){.k = K, .items = answers->items[i], .scores = answers->scores[i]};
}

typedef size_t (*top_f) (const bench_t *, const float *, answers_t *, size_t);

static size_t
s_top_int8 (const bench_t *self, const float *hidden, answers_t *answers, size_t count)
{
    s_clear (answers);
    return scorer_top (self->scorer, hidden, answers->tops, count);
}

/* Each row serves the batch while it is in the cache. */
static size_t
s_top_f32 (const bench_t *self, const float *hidden, answers_t *answers, size_t count)
{
    s_clear (answers);
    for (size_t i = 0; i < self->item_count; i++) {
        const float *item = self->items + i * self->width;
        for (size_t j = 0; j < count; j++) {
            float score = dot (hidden + j * self->width, item, self->width);
            if (score > top_bar (&answers->tops[j]))
                top_offer (&answers->tops[j], i, score);
        }
    }
    for (size_t j = 0; j < count; j++)
        top_sort (&answers->tops[j]);
    return self->item_count * count;
}

typedef struct {
    const bench_t *bench;
    top_f top;
    size_t batch, offset;
    double us; /* median of a call */
} timing_t;

static int
s_compare (const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static void *
s_time (void *context)
{
    timing_t *self = context;
    const bench_t *bench = self->bench;
    answers_t *answers = malloc (sizeof *answers);
    double *times = calloc (TIMES_MOST, sizeof *times);
    assert (answers && times);
    size_t count = 0, at = self->offset;
    double begin = machine_cpu_us (), start = begin;
    while (count < TIMES_MOST &&
           (count < ROUNDS_LEAST || start - begin < bench->options.seconds * 1e6)) {
        at = at + self->batch > bench->query_count ? 0 : at;
        self->top (bench, bench->queries + at * bench->width, answers, self->batch);
        at += self->batch;
        double end = machine_cpu_us ();
        times[count++] = end - start;
        start = end;
    }
    qsort (times, count, sizeof *times, s_compare);
    self->us = times[count / 2];
    free (times);
    free (answers);
    return NULL;
}

/* Microseconds a query: the mean of the threads' medians. */
static double
s_us (const bench_t *self, top_f top, size_t batch, size_t threads)
{
    timing_t timings[THREADS];
    pthread_t ids[THREADS];
    double sum = 0;
    for (size_t i = 0; i < threads; i++) {
        timings[i] = (timing_t){self, top, batch, i * BATCH % self->query_count, 0};
        int rc = pthread_create (&ids[i], NULL, s_time, &timings[i]);
        assert (rc == 0);
    }
    for (size_t i = 0; i < threads; i++) {
        pthread_join (ids[i], NULL);
        sum += timings[i].us;
    }
    return sum / (double)threads / (double)(threads * batch);
}

static json_t *
s_measure (const bench_t *self, top_f top, double bytes, double rate)
{
    json_t *report = json_object ();
    static const size_t batches[] = {1, BATCH};
    for (size_t threads = 1; threads <= THREADS; threads++)
        for (size_t i = 0; i < 2; i++) {
            size_t batch = batches[i];
            double us = s_us (self, top, batch, threads);
            double read = bytes / machine_read_rate ((size_t)bytes, threads) * 1e6;
            double work = (double)self->item_count * (double)self->width;
            double multiply = rate > 0 ? work / rate / (double)threads * 1e6 : 0;
            double floor = fmax (read / (double)batch, multiply);
            char name[40];
            snprintf (name, sizeof name, "batch_%zu_threads_%zu", batch, threads);
            json_object_set_new (report, name,
                json_pack ("{s:f,s:f,s:f}", "us", us, "floor_us", floor, "of_floor",
                    floor / us));
        }
    return report;
}

/* Queries whose answers differ; fills how many scores a query took, mean and most. */
static size_t
s_differ (const bench_t *self, json_t *report)
{
    answers_t *a = malloc (sizeof *a), *b = malloc (sizeof *b);
    assert (a && b);
    size_t differ = 0, sum = 0, most = 0;
    for (size_t i = 0; i < self->query_count; i += BATCH) {
        size_t count = self->query_count - i < BATCH ? self->query_count - i : BATCH;
        const float *hidden = self->queries + i * self->width;
        s_top_f32 (self, hidden, b, count);
        for (size_t j = 0; j < count; j++) { /* alone, to count its scores */
            size_t scored = s_top_int8 (self, hidden + j * self->width, a, 1);
            sum += scored;
            most = scored > most ? scored : most;
            bool same = a->tops[0].count == b->tops[j].count &&
                        !memcmp (a->items[0], b->items[j], sizeof a->items[0]) &&
                        !memcmp (a->scores[0], b->scores[j], sizeof a->scores[0]);
            differ += !same;
        }
        s_top_int8 (self, hidden, a, count);
        for (size_t j = 0; j < count; j++)
            differ += memcmp (a->items[j], b->items[j], sizeof a->items[j]) != 0;
    }
    json_object_set_new (
        report, "queries", json_integer ((json_int_t)self->query_count));
    json_object_set_new (report, "different", json_integer ((json_int_t)differ));
    json_object_set_new (
        report, "scored_mean", json_real ((double)sum / (double)self->query_count));
    json_object_set_new (report, "scored_most", json_integer ((json_int_t)most));
    free (a);
    free (b);
    return differ;
}

int
main (int argc, char **argv)
{
    bench_t self = {
        .options = {.items = 50000, .width = 64, .queries = 10000, .seconds = 0.5}};
    struct argp argp = {.options = s_options, .parser = s_parse};
    argp_parse (&argp, argc, argv, 0, NULL, &self.options);
    s_init (&self);
    double start = machine_cpu_us ();
    self.scorer = scorer_new (self.items, self.item_count, self.width, self.kernel);
    double build_ms = (machine_cpu_us () - start) / 1e3;
    double bytes = (double)(self.item_count * self.width * sizeof (float));
    json_t *report = json_pack ("{s:I,s:I,s:s,s:f,s:f,s:f}", "items",
        (json_int_t)self.item_count, "width", (json_int_t)self.width, "kernel",
        self.kernel->name, "f32_mb", bytes / 1e6, "int8_mb",
        (double)scorer_size (self.scorer) / 1e6, "build_ms", build_ms);
    json_object_set_new (report, "machine", machine_report ());
    json_object_set_new (report, "f32", s_measure (&self, s_top_f32, bytes, 0));
    json_object_set_new (report, "int8",
        s_measure (&self, s_top_int8, (double)scorer_size (self.scorer),
            machine_int8_rate ()));
    size_t differ = s_differ (&self, report);
    json_dumpf (report, stdout, JSON_INDENT (2) | JSON_REAL_PRECISION (5));
    puts ("");
    json_decref (report);
    scorer_destroy (&self.scorer);
    checkpoint_destroy (&self.checkpoint);
    free (self.own);
    free (self.queries);
    return differ ? 1 : 0;
}

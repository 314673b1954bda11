/* What rules cost, in microseconds of CPU a query on one thread, alone and in batches of 64.
 * First the search itself, the 8-bit scan and the one of the floats: over all items, over a
 * random half of them, and over the worse half of each query's, where nearly all that comes
 * near is left out. Then whole recommendations. The kinds of a row take turns, so that what
 * else the machine does meets all of them; `ratio` is to the first of them. Random weights.
 * One JSON object on stdout. SPDX-License-Identifier: Apache-2.0
 *
 *   bench_rules [items] [width] [seconds]      of each row */
#include <assert.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "machine.h"
#include "model/kernel/denormals.h"
#include "model/kernel/dot.h"
#include "model/serve/offer.h"
#include "model/serve/scorer.h"

enum {
    K = 10,
    BATCH = 64,
    HISTORY = 50,
    KINDS_MOST = 8,
    TIMES_MOST = 4096,
    ROUNDS_LEAST = 5,
    EXCLUDE = 10000,
    ALLOW = 1000
};

typedef struct {
    size_t items, width, words;
    double seconds;
    sasrec_weights_t *weights;
    model_t *model;
    model_scratch_t *scratch;
    scorer_t *scorer;
    float *hidden; /* BATCH x width */
    int64_t *history, *exclude, *allow;
    uint64_t *all, *half, *worse; /* masks: the last one BATCH x words */
    catalogue_t *catalogue;       /* a random half is of the category "half" */
    offer_t *offer;
    int64_t item_ids[BATCH][K];
    float scores[BATCH][K];
} bench_t;

/* One of a row: what is done once for the whole batch. */
typedef struct {
    const char *name;
    void (*run) (bench_t *self, size_t count, const void *what);
    const void *what;
} kind_t;

static void
s_fill (float *values, size_t count, uint64_t seed)
{
    rng_t rng;
    rng_seed (&rng, seed, count);
    for (size_t i = 0; i < count; i++)
        values[i] = (float)(0.1 * rng_normal (&rng));
}

static void *
s_new (size_t count, size_t size)
{
    void *block = aligned_alloc (64, (count * size + 63) / 64 * 64);
    assert (block);
    return memset (block, 0, (count * size + 63) / 64 * 64);
}

static void
s_init_model (bench_t *self)
{
    const sasrec_shape_t shape = {
        self->items, self->width, 2, 1, HISTORY, 4, false, false};
    self->weights = sasrec_weights_new (&shape);
    for (size_t i = 0; i < sasrec_tensor_count (&shape); i++) {
        sasrec_tensor_t tensor = sasrec_tensor (self->weights, i);
        s_fill (tensor.values, tensor.rows * tensor.columns, i);
        for (size_t j = 0; strstr (tensor.name, "gain") && j < tensor.columns; j++)
            tensor.values[j] += 1;
    }
    int64_t *ids = s_new (self->items, sizeof *ids),
            *counts = s_new (self->items, sizeof *ids);
    for (size_t i = 0; i < self->items; i++) {
        ids[i] = (int64_t)i;
        counts[i] = (int64_t)(1 + 10 * self->items / (i + 1)); /* Zipf */
    }
    self->model = model_new ("bench", self->weights, ids, counts);
    self->scratch = model_scratch_new (self->model, BATCH);
    self->scorer =
        scorer_new (sasrec_items (self->weights), self->items, self->width, NULL);
    free (ids);
    free (counts);
}

static int64_t *
s_draw (const bench_t *self, size_t count, uint64_t seed)
{
    int64_t *ids = s_new (count, sizeof *ids);
    rng_t rng;
    rng_seed (&rng, seed, 1);
    for (size_t i = 0; i < count; i++)
        ids[i] = (int64_t)rng_below (&rng, self->items);
    return ids;
}

static void
s_set (uint64_t *mask, size_t item)
{
    mask[item / 64] |= (uint64_t)1 << item % 64;
}

/* Those with a score below 0, of each query: half of them. */
static void
s_init_masks (bench_t *self)
{
    rng_t rng;
    rng_seed (&rng, 9, 0);
    self->words = (self->items + 63) / 64;
    self->all = s_new (self->words, sizeof *self->all);
    self->half = s_new (self->words, sizeof *self->half);
    self->worse = s_new (BATCH * self->words, sizeof *self->worse);
    for (size_t i = 0; i < self->items; i++) {
        s_set (self->all, i);
        if (rng_next (&rng) & 1)
            s_set (self->half, i);
        for (size_t b = 0; b < BATCH; b++)
            if (dot (self->hidden + b * self->width,
                    sasrec_items (self->weights) + i * self->width, self->width) < 0)
                s_set (self->worse + b * self->words, i);
    }
}

static bool
s_has (const uint64_t *mask, size_t item)
{
    return mask[item / 64] >> item % 64 & 1;
}

static void
s_init_catalogue (bench_t *self)
{
    self->catalogue = catalogue_new ();
    for (size_t i = 0; i < self->items; i++) {
        const catalogue_row_t row = {.item_id = (int64_t)i,
            .from_ms = CATALOGUE_ALWAYS,
            .until_ms = CATALOGUE_NEVER};
        catalogue_put (self->catalogue, &row, s_has (self->half, i) ? "half" : "other");
    }
    self->offer = offer_new (self->catalogue, self->model, 0);
}

static void
s_init (bench_t *self)
{
    s_init_model (self);
    self->hidden = s_new (BATCH * self->width, sizeof *self->hidden);
    s_fill (self->hidden, BATCH * self->width, 77);
    s_init_masks (self);
    s_init_catalogue (self);
    self->history = s_draw (self, BATCH * HISTORY, 1);
    self->exclude = s_draw (self, EXCLUDE, 2);
    self->allow = s_draw (self, ALLOW, 3);
}

static void
s_destroy (bench_t *self)
{
    model_scratch_destroy (&self->scratch);
    offer_destroy (&self->offer);
    catalogue_destroy (&self->catalogue);
    scorer_destroy (&self->scorer);
    model_destroy (&self->model);
    sasrec_weights_destroy (&self->weights);
    free (self->hidden);
    free (self->history);
    free (self->exclude);
    free (self->allow);
    free (self->all);
    free (self->half);
    free (self->worse);
    free (self);
}

/* mask: of the query, or of all. */
static void
s_start (bench_t *self, top_t *tops, size_t count, const uint64_t *mask)
{
    size_t step = mask == self->worse ? self->words : 0;
    for (size_t b = 0; b < count; b++)
        tops[b] = (top_t){.eligible = mask + b * step,
            .k = K,
            .items = self->item_ids[b],
            .scores = self->scores[b]};
}

static void
s_int8 (bench_t *self, size_t count, const void *what)
{
    top_t tops[BATCH];
    s_start (self, tops, count, what);
    scorer_top (self->scorer, self->hidden, tops, count);
}

static void
s_f32 (bench_t *self, size_t count, const void *what)
{
    top_t tops[BATCH];
    s_start (self, tops, count, what);
    for (size_t i = 0; i < self->items; i++) {
        const float *item = sasrec_items (self->weights) + i * self->width;
        for (size_t b = 0; b < count; b++) {
            float score = dot (self->hidden + b * self->width, item, self->width);
            if (score > top_bar (&tops[b]) && top_is_eligible (&tops[b], i))
                top_offer (&tops[b], i, score);
        }
    }
    for (size_t b = 0; b < count; b++)
        top_sort (&tops[b]);
}

static void
s_recommend (bench_t *self, size_t count, const void *what)
{
    model_query_t queries[BATCH];
    model_answer_t answers[BATCH];
    for (size_t b = 0; b < count; b++) {
        queries[b] = *(const model_query_t *)what;
        queries[b].history = self->history + b * HISTORY;
        queries[b].history_count = HISTORY;
        queries[b].k = K;
        answers[b] =
            (model_answer_t){.item_ids = self->item_ids[b], .scores = self->scores[b]};
    }
    model_recommend (self->model, self->scratch, queries, count, answers);
}

static int
s_compare (const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

/* Adds {"batch_N": {name: {"us", "ratio"}, ...}} of medians. */
static void
s_measure (
    bench_t *self, const kind_t *kinds, size_t kind_count, size_t batch, json_t *report)
{
    static double times[KINDS_MOST][TIMES_MOST];
    size_t rounds = 0;
    double spent = 0, first = 0;
    for (size_t k = 0; k < kind_count; k++) /* warm */
        kinds[k].run (self, batch, kinds[k].what);
    for (;
         rounds < TIMES_MOST && (rounds < ROUNDS_LEAST || spent < self->seconds * 1e6);
         rounds++)
        for (size_t k = 0; k < kind_count; k++) {
            double start = machine_cpu_us ();
            kinds[k].run (self, batch, kinds[k].what);
            times[k][rounds] = machine_cpu_us () - start;
            spent += times[k][rounds];
        }
    char name[24];
    json_t *row = json_object ();
    for (size_t k = 0; k < kind_count; k++) {
        qsort (times[k], rounds, sizeof (double), s_compare);
        double us = times[k][rounds / 2] / (double)batch;
        first = k ? first : us;
        json_object_set_new (
            row, kinds[k].name, json_pack ("{s:f,s:f}", "us", us, "ratio", us / first));
    }
    snprintf (name, sizeof name, "batch_%zu", batch);
    json_object_set_new (report, name, row);
}

static json_t *
s_measure_batches (bench_t *self, const kind_t *kinds, size_t kind_count)
{
    json_t *report = json_object ();
    s_measure (self, kinds, kind_count, 1, report);
    s_measure (self, kinds, kind_count, BATCH, report);
    return report;
}

static json_t *
s_search (bench_t *self, void (*run) (bench_t *, size_t, const void *))
{
    const kind_t kinds[] = {{"all", run, self->all}, {"half", run, self->half},
        {"worse_half", run, self->worse}};
    return s_measure_batches (self, kinds, sizeof kinds / sizeof *kinds);
}

static json_t *
s_whole (bench_t *self)
{
    static const char *const half[] = {"half"};
    const model_query_t plain = {.offer = self->offer},
                        halved = {.offer = self->offer,
                            .rules.categories.any = {half, 1}},
                        excluding = {.rules = {.exclude = self->exclude,
                                         .exclude_count = EXCLUDE}},
                        allowing = {.rules = {.allow = self->allow,
                                        .allow_count = ALLOW,
                                        .only_allowed = true}},
                        diverse = {.diversity = 0.5f}, lifted = {.popularity = 0.5f};
    const kind_t kinds[] = {{"plain", s_recommend, &plain},
        {"categories_half", s_recommend, &halved},
        {"exclude_10000", s_recommend, &excluding},
        {"allow_1000", s_recommend, &allowing}, {"diversity", s_recommend, &diverse},
        {"popularity", s_recommend, &lifted}};
    return s_measure_batches (self, kinds, sizeof kinds / sizeof *kinds);
}

int
main (int argc, char **argv)
{
    bench_t *self = calloc (1, sizeof *self);
    assert (self);
    self->items = argc > 1 ? strtoul (argv[1], NULL, 10) : 1000000;
    self->width = argc > 2 ? strtoul (argv[2], NULL, 10) : 64;
    self->seconds = argc > 3 ? strtod (argv[3], NULL) : 5;
    denormals_off ();
    s_init (self);
    json_t *report = json_pack ("{s:I,s:I,s:s}", "items", (json_int_t)self->items,
        "width", (json_int_t)self->width, "kernel", scan_kernel (0)->name);
    json_object_set_new (report, "int8", s_search (self, s_int8));
    json_object_set_new (report, "f32", s_search (self, s_f32));
    json_object_set_new (report, "recommend", s_whole (self));
    json_dumpf (report, stdout, JSON_INDENT (2) | JSON_REAL_PRECISION (4));
    puts ("");
    json_decref (report);
    s_destroy (self);
    return 0;
}

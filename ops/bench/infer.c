/* How fast a model answers, beside whoever else takes turns (ops/bench/infer): reads lines
 * on stdin and answers each with a line of JSON. SPDX-License-Identifier: Apache-2.0
 *
 *   bench_infer ask CHECKPOINT REQUESTS BATCH THREADS SECONDS [bf16] [CACHE_BYTES]
 *       go        {"us": of a request}: the median of the calls, over the requests that all
 *                 threads have in work
 *       answers   [[item ids], ...] of the first requests
 *   With a cache each request was asked before without its newest items, which is not
 *   counted: whoever is known is kept, and has one new item. bf16: of the encoder's
 *   products, whatever the trial would say.
 *   bench_infer make FOLDER ITEMS WIDTH WINDOW VERSION      {"path"}: random weights
 *   bench_infer machine                             constants of this machine
 *
 * REQUESTS has a history a line, as item ids, oldest first. */
#include <assert.h>
#include <jansson.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "machine.h"
#include "made.h"
#include "model/checkpoint/load.h"
#include "model/kernel/denormals.h"
#include "model/kernel/forward.h"
#include "model/kernel/scan.h"

enum { K = 10, BATCH_MOST = 64, THREADS_MOST = 8, TIMES_MOST = 1 << 16, ANSWERS = 16 };

typedef struct {
    const model_t *model;
    int64_t **histories;
    size_t *counts;
    size_t request_count;
    size_t batch, threads;
    double seconds;
    bool returning;
} bench_t;

typedef struct {
    const bench_t *bench;
    size_t first; /* request */
    model_scratch_t *scratch;
    model_query_t queries[BATCH_MOST];
    model_answer_t answers[BATCH_MOST];
    int64_t items[BATCH_MOST][K];
    float scores[BATCH_MOST][K];
    double us; /* median of its calls */
} asker_t;

static asker_t *
s_asker (const bench_t *bench, size_t first)
{
    asker_t *self = calloc (1, sizeof *self);
    assert (self);
    self->bench = bench;
    self->first = first;
    self->scratch = model_scratch_new (bench->model, bench->batch);
    for (size_t i = 0; i < BATCH_MOST; i++)
        self->answers[i] =
            (model_answer_t){.item_ids = self->items[i], .scores = self->scores[i]};
    return self;
}

static void
s_asker_destroy (asker_t **self_p)
{
    model_scratch_destroy (&(*self_p)->scratch);
    free (*self_p);
    *self_p = NULL;
}

/* The batch's requests from `at` on, without so many of their newest items. */
static void
s_ask (asker_t *self, size_t at, size_t without)
{
    const bench_t *bench = self->bench;
    for (size_t i = 0; i < bench->batch; i++) {
        size_t request = (at + i) % bench->request_count;
        self->queries[i] = (model_query_t){.history = bench->histories[request],
            .history_count = bench->counts[request] - without,
            .k = K,
            .rules.include_seen = true};
    }
    model_recommend (
        bench->model, self->scratch, self->queries, bench->batch, self->answers);
}

static int
s_ascending (const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void *
s_time (void *context)
{
    asker_t *self = context;
    const bench_t *bench = self->bench;
    double *times = calloc (TIMES_MOST, sizeof *times), sum = 0;
    assert (times);
    denormals_off ();
    s_ask (self, self->first, bench->returning); /* warms up */
    size_t count = 0, at = self->first;
    while (count < TIMES_MOST && (count < 3 || sum < bench->seconds * 1e6)) {
        for (size_t without = 2 * bench->returning; without > 0; without--)
            s_ask (self, at, without);
        double start = machine_wall_us ();
        s_ask (self, at, 0);
        times[count] = machine_wall_us () - start;
        sum += times[count++];
        at += bench->batch;
    }
    qsort (times, count, sizeof *times, s_ascending);
    self->us = times[count / 2];
    free (times);
    return NULL;
}

/* Microseconds a request: threads work at the same time. */
static double
s_go (const bench_t *bench)
{
    asker_t *askers[THREADS_MOST];
    pthread_t threads[THREADS_MOST];
    double rate = 0;
    for (size_t i = 0; i < bench->threads; i++) {
        askers[i] = s_asker (bench, i * bench->request_count / bench->threads);
        int rc = pthread_create (&threads[i], NULL, s_time, askers[i]);
        assert (rc == 0);
    }
    for (size_t i = 0; i < bench->threads; i++) {
        pthread_join (threads[i], NULL);
        rate += (double)bench->batch / askers[i]->us;
        s_asker_destroy (&askers[i]);
    }
    return 1 / rate;
}

static json_t *
s_answers (const bench_t *bench)
{
    bench_t alone = *bench;
    alone.batch = 1;
    asker_t *asker = s_asker (&alone, 0);
    json_t *all = json_array ();
    for (size_t i = 0; i < ANSWERS; i++) {
        s_ask (asker, i, 0);
        json_t *ids = json_array ();
        for (size_t j = 0; j < asker->answers[0].count; j++)
            json_array_append_new (ids, json_integer (asker->items[0][j]));
        json_array_append_new (all, ids);
    }
    s_asker_destroy (&asker);
    return all;
}

static void
s_print (json_t *value)
{
    json_dumpf (value, stdout, JSON_COMPACT | JSON_REAL_PRECISION (6));
    puts ("");
    fflush (stdout);
    json_decref (value);
}

static _Noreturn void
s_die (const char *text)
{
    fprintf (stderr, "bench_infer: %s\n", text);
    exit (1);
}

static void
s_read_requests (bench_t *self, const char *path)
{
    FILE *file = fopen (path, "r");
    char *line = NULL;
    size_t room = 0;
    if (!file)
        s_die ("cannot read the requests");
    while (getline (&line, &room, file) > 0) {
        size_t next = self->request_count++;
        self->histories =
            realloc (self->histories, self->request_count * sizeof *self->histories);
        self->counts =
            realloc (self->counts, self->request_count * sizeof *self->counts);
        assert (self->histories && self->counts);
        int64_t *history = calloc (strlen (line), sizeof *history);
        assert (history);
        self->histories[next] = history;
        self->counts[next] = 0;
        for (char *at = line, *end;
             history[self->counts[next]] = strtoll (at, &end, 10), end != at; at = end)
            self->counts[next]++;
    }
    free (line);
    fclose (file);
    if (!self->request_count)
        s_die ("no requests");
}

static int
s_serve (char **words, size_t count)
{
    char error[160], line[64];
    bool bf16 = count > 5 && strcmp (words[5], "bf16") == 0;
    const char *cache = count > 5U + bf16 ? words[5 + bf16] : NULL;
    bench_t self = {.batch = strtoul (words[2], NULL, 10),
        .threads = strtoul (words[3], NULL, 10),
        .seconds = strtod (words[4], NULL),
        .returning = cache != NULL};
    if (self.batch < 1 || self.batch > BATCH_MOST || self.threads < 1 ||
        self.threads > THREADS_MOST)
        s_die ("1 to 64 requests in a batch, 1 to 8 threads");
    denormals_off ();
    s_read_requests (&self, words[1]);
    model_t *model = load_model (words[0], error);
    if (!model)
        s_die (error);
    if (bf16 && !model_use_bf16 (model, true))
        s_die ("this machine has no faster kernel for bf16");
    if (cache)
        model_keep_histories (model, strtoul (cache, NULL, 10));
    self.model = model;
    while (fgets (line, sizeof line, stdin))
        s_print (strcmp (line, "answers\n") == 0
                     ? s_answers (&self)
                     : json_pack ("{s:f}", "us", s_go (&self)));
    model_destroy (&model);
    for (size_t i = 0; i < self.request_count; i++)
        free (self.histories[i]);
    free (self.histories);
    free (self.counts);
    return 0;
}

/* As training's rules make them: two blocks of two heads, FFN as wide as the network, Pre-LN,
 * a bias by distance. */
static int
s_make (char **words)
{
    sasrec_shape_t shape = {.items = strtoul (words[1], NULL, 10),
        .width = strtoul (words[2], NULL, 10),
        .blocks = 2,
        .heads = 2,
        .window = strtoul (words[3], NULL, 10),
        .ffn_factor = 1,
        .relative_bias = true};
    char error[160], path[CHECKPOINT_PATH_SIZE];
    if (sasrec_shape_check (&shape, error) != 0)
        s_die (error);
    if (made_checkpoint (words[0], words[4], &shape, path) != 0)
        return 1;
    s_print (json_pack ("{s:s}", "path", path));
    return 0;
}

static int
s_machine (void)
{
    json_t *report = machine_report ();
    json_object_set_new (
        report, "encoder_kernel", json_string (forward_kernel (0)->name));
    json_object_set_new (report, "scan_kernel", json_string (scan_kernel (0)->name));
    s_print (report);
    return 0;
}

int
main (int argc, char **argv)
{
    if (argc >= 7 && argc <= 9 && strcmp (argv[1], "ask") == 0)
        return s_serve (argv + 2, (size_t)argc - 2);
    if (argc == 7 && strcmp (argv[1], "make") == 0)
        return s_make (argv + 2);
    if (argc == 2 && strcmp (argv[1], "machine") == 0)
        return s_machine ();
    fputs (
        "usage: bench_infer ask|make|machine ... (see the head of ops/bench/infer.c)\n",
        stderr);
    return 64;
}
